// Package milter lets an MTA that speaks the milter protocol (Postfix,
// Sendmail) ask a winnow.Scanner about its mail. It answers at the end of the
// message as Rspamd's proxy worker does: accept, reject with the verdict's
// reply, put off, discard or quarantine, with the verdict's header edits sent
// as commands.
//
// The protocol itself, versions 2 to 6, is github.com/d--j/go-milter's. This
// package adds what that library lacks towards a hostile or broken peer: each
// frame is checked before the library sees it (internal/milterguard), a
// connection's time and a server's connections are bounded, a panic ends no
// more than one message, and Shutdown answers what is in flight. What the guard
// lets through gives the library nothing to log; its log is one global function.
//
//	scanner, err := winnow.New(winnow.Options{})
//	server, err := milter.New(milter.Options{Scanner: scanner})
//	l, err := milter.Listen("unix:/run/winnow/milter.sock", 0o660, "")
//	err = server.Serve(l)
//
// The program examples/milter is the whole of it.
package milter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/milterguard"
	"github.com/winnowmail/winnow/mail"
)

// A Scanner is a *winnow.Scanner or, where the configuration can be loaded
// anew, a *winnow.Live.
type Scanner interface {
	Scan(ctx context.Context, m *winnow.Message, seeds ...checks.Seeded) (*winnow.Result, error)
	NewSession(conn mail.Envelope, seeds ...checks.Seeded) (*winnow.Session, error)
}

// Options configures New.
type Options struct {
	// Scanner does the work; it is required. The server does not close it. Its
	// Options.Admission bounds how many messages are in memory: but for the
	// first 64 KiB a message is read when it was admitted.
	Scanner Scanner
	// Early asks for verdicts before the message is there. Each costs the MTA a
	// round trip; without them it gets none but the one at the end.
	Early Early
	// Recipients says what happens to a message whose recipients have different
	// verdicts.
	Recipients Recipients
	// FailOpen accepts what could not be scanned. The zero value puts it off:
	// the MTA answers 451 and the client tries again.
	FailOpen bool
	// ClientCA is the issuer ({cert_issuer}) whose client certificates name users: the
	// certificate's subject is the User of a client that has not logged in. Postfix
	// gives the names of certificates that it has verified; Sendmail, which gives those
	// of all, has to send {verify} as well, which says OK of these. "" means none; it
	// is client_ca_name of Rspamd's proxy.
	ClientCA string
	// DiscardOnReject accepts what is to be rejected and drops it;
	// QuarantineOnReject has the MTA hold it. The names are Rspamd's.
	DiscardOnReject, QuarantineOnReject bool
	Timeouts                            Timeouts
	Limits                              Limits
	// Done is told of every message, before the MTA gets the answer. It must
	// return fast.
	Done func(*Outcome)
	// Log receives warnings about connections that were closed because of what
	// the MTA sent, and errors of scans; nil is silent.
	Log *slog.Logger
}

// Early says where the MTA waits for a verdict beside the end of the message. A
// verdict there is its Reply: a reject or a soft reject refuses the
// connection, the sender or that one recipient; anything else lets it pass. An
// error of the Scanner lets it pass, too, since the end of the message decides.
type Early struct{ Connect, Mail, Rcpt bool }

// Recipients is a policy for one message with several verdicts.
type Recipients int

// The policies. Only recipients with settings of their own have a verdict of
// their own (winnow.Result.Recipients).
const (
	// Milder goes by the mildest verdict: nobody loses a mail because of what
	// another recipient has set.
	Milder Recipients = iota
	// Stricter goes by the most severe verdict.
	Stricter
	// Drop takes recipients whose verdict is reject or discard off the message,
	// without telling the sender, as long as somebody else gets it; of the
	// others the mildest verdict counts.
	Drop
)

// Timeouts bounds how long a connection may take; zero values mean defaults.
// A connection whose time is over is closed with a log line.
type Timeouts struct {
	Negotiate time.Duration // from the connection to its first frame: 10 s
	Idle      time.Duration // between two messages: 10 min
	Command   time.Duration // between two frames of a message: 10 min
	Message   time.Duration // from MAIL to the end of the message: 1 h
	Frame     time.Duration // from a frame's first byte to its last: 30 s
	Write     time.Duration // 10 s
	Progress  time.Duration // how often the MTA is told that a scan goes on: 5 s
}

// Limits bounds what a peer can make the server hold; zero values mean
// defaults. A connection that goes beyond one, Message excepted, is closed with
// a log line.
type Limits struct {
	Connections int   // at once: 1,000
	Frame       int   // bytes of one frame: 1 MiB
	Macros      int   // bytes of one frame of macros: 64 KiB
	Rcpts       int   // recipients of a message: 5,000
	Fields      int   // header fields of a message: 20,000
	Message     int64 // bytes of a message that are kept, the rest is not scanned: 100 MiB; the Scanner's own limits may cut it earlier
}

// An Outcome is what became of a message.
type Outcome struct {
	Envelope mail.Envelope
	Daemon   string          // the MTA's {daemon_name}
	Agent    string          // the MTA's name and version, its v, such as "Postfix 3.7.11"
	Result   *winnow.Result  // nil where Err is set
	Verdict  *winnow.Verdict // the one of Result that counted
	Err      error           // why there is no Result
	// Reply is what the MTA was told: "accept", "tempfail", "discard",
	// "quarantine" or an SMTP reply.
	Reply string
	Size  int64         // bytes of the message
	Took  time.Duration // from the end of the message on
}

// A Server answers MTAs. It is safe for concurrent use.
type Server struct {
	o        Options
	log      *slog.Logger
	protocol *protocol.Server
	ctx      context.Context // of scans
	cancel   context.CancelFunc
	sessions sync.WaitGroup
	guard    *milterguard.Guard
	drain    sync.Once
}

// New makes a server, which begins with Serve.
func New(o Options) (*Server, error) {
	if o.Scanner == nil {
		return nil, errors.New("milter: no Scanner")
	}
	if o.Recipients < Milder || o.Recipients > Drop {
		return nil, fmt.Errorf("milter: Recipients: %d is no policy", o.Recipients)
	}
	if o.DiscardOnReject && o.QuarantineOnReject {
		return nil, errors.New("milter: DiscardOnReject and QuarantineOnReject exclude each other")
	}
	if o.Timeouts.Progress < 0 || o.Limits.Message < 0 {
		return nil, errors.New("milter: Timeouts.Progress and Limits.Message can't be negative")
	}
	o.Timeouts.Progress = cmp.Or(o.Timeouts.Progress, 5*time.Second)
	o.Limits.Message = cmp.Or(o.Limits.Message, 100<<20)
	s := &Server{o: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.guard, err = milterguard.New(milterguard.Config{
		Log:       s.log,
		Negotiate: o.Timeouts.Negotiate, Idle: o.Timeouts.Idle, Command: o.Timeouts.Command,
		Message: o.Timeouts.Message, Frame: o.Timeouts.Frame, Write: o.Timeouts.Write,
		MaxConnections: o.Limits.Connections, MaxFrame: o.Limits.Frame, MaxMacros: o.Limits.Macros,
		MaxRcpts: o.Limits.Rcpts, MaxFields: o.Limits.Fields,
	}); err != nil {
		return nil, fmt.Errorf("milter: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.protocol = protocol.NewServer(
		protocol.WithActions(wantedActions), protocol.WithProtocols(o.steps()), protocol.WithNegotiationCallback(agree),
		protocol.WithWriteTimeout(0), // the guard has one of its own
		protocol.WithDynamicMilter(func(uint32, protocol.OptAction, protocol.OptProtocol, protocol.DataSize) protocol.Milter {
			s.sessions.Add(1)
			return &session{server: s}
		}))
	return s, nil
}

// wantedActions are all that the protocol has, as Rspamd asks for them.
const wantedActions = protocol.OptAddHeader | protocol.OptChangeBody | protocol.OptAddRcpt | protocol.OptRemoveRcpt |
	protocol.OptChangeHeader | protocol.OptQuarantine | protocol.OptChangeFrom | protocol.OptAddRcptWithArgs | protocol.OptSetMacros

// steps are the steps of the protocol that the MTA need not wait at, and header
// values as they stand: without their blanks no signature could be verified.
func (o *Options) steps() protocol.OptProtocol {
	steps := protocol.OptNoReplies | protocol.OptHeaderLeadingSpace
	for early, flag := range map[protocol.OptProtocol]bool{
		protocol.OptNoConnReply: o.Early.Connect, protocol.OptNoMailReply: o.Early.Mail, protocol.OptNoRcptReply: o.Early.Rcpt,
	} {
		if flag {
			steps &^= early
		}
	}
	return steps
}

// agree takes the lower version and what both sides know.
func agree(mtaVersion, version uint32, mtaActions, ours protocol.OptAction, mtaSteps, steps protocol.OptProtocol, _ protocol.DataSize,
) (uint32, protocol.OptAction, protocol.OptProtocol, protocol.DataSize, error) {
	return min(mtaVersion, version), mtaActions & ours, mtaSteps & steps, protocol.DataSize64K, nil
}

// Listen listens on "HOST:PORT", which may begin with "inet:", or on a socket
// "unix:PATH". A socket file gets the mode, unless that is 0, and the owner,
// "USER", "USER:GROUP" or ":GROUP" by names or numbers, unless that is "". A
// socket file that nobody listens on any more is replaced.
func Listen(address string, mode fs.FileMode, owner string) (net.Listener, error) {
	return milterguard.Listen(address, mode, owner)
}

// Serve answers the MTAs that connect to l, and closes l in the end. It may be
// called for several listeners at once. After Shutdown it returns nil.
func (s *Server) Serve(l net.Listener) error {
	err := s.protocol.Serve(s.guard.Listener(l))
	if errors.Is(err, protocol.ErrServerClosed) {
		return l.Close()
	}
	if err != nil {
		return fmt.Errorf("milter: %w", err)
	}
	return nil
}

// panicked logs a panic and makes an error of it.
func (s *Server) panicked(v any) error {
	s.log.Error("milter: panic", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	return fmt.Errorf("milter: panic: %v", v)
}

// Shutdown takes no new connections and closes those that are between two
// messages; the others are answered and closed then. When ctx ends before that,
// it cuts them off: their scans end, and the MTA does what it does without a
// milter. It returns when nothing of the server runs any more.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain.Do(s.guard.Drain)
	cut := context.AfterFunc(ctx, s.cancel)
	err := s.protocol.Shutdown(ctx)
	cut()
	s.cancel()
	s.sessions.Wait()
	if err != nil {
		return fmt.Errorf("milter: shutdown: %w", err)
	}
	return nil
}

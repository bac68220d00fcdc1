package milter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/milter"
	"github.com/winnowmail/winnow/symbols"
)

// A notebook is a log that tests read.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

// A world is a server that scans with checks of the test.
type world struct {
	t        *testing.T
	addr     net.Addr
	server   *milter.Server
	log      *notebook
	outcomes chan *milter.Outcome
}

// scanner makes a Scanner of one check.
func scanner(t *testing.T, run func(t *checks.Task)) *winnow.Scanner {
	t.Helper()
	return scannerWith(t, winnow.Options{}, &checks.Check{Name: "test", Doc: "test", Run: func(_ context.Context, t *checks.Task) error { run(t); return nil }})
}

func scannerWith(t *testing.T, o winnow.Options, cs ...*checks.Check) *winnow.Scanner {
	t.Helper()
	o.Families, o.Checks = []*checks.Family{}, cs
	s, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func start(t *testing.T, o milter.Options) *world {
	t.Helper()
	w := &world{t: t, log: &notebook{}, outcomes: make(chan *milter.Outcome, 100)}
	o.Log = slog.New(slog.NewTextHandler(w.log, nil))
	if o.Done == nil {
		o.Done = func(o *milter.Outcome) { w.outcomes <- o }
	}
	var err error
	if w.server, err = milter.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := milter.Listen("127.0.0.1:0", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr()
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return w
}

// client opens a connection of an MTA whose client has said HELO.
func (w *world) client(macros protocol.Macros, options ...protocol.Option) *protocol.ClientSession {
	w.t.Helper()
	s, err := protocol.NewClient(w.addr.Network(), w.addr.String(), options...).Session(macros)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	w.must(s.Conn("mail.example.org", protocol.FamilyInet, 25, "192.0.2.1"))
	w.must(s.Helo("mail.example.org"))
	return s
}

func (w *world) must(a *protocol.Action, err error) {
	w.t.Helper()
	if err != nil || a.Type != protocol.ActionContinue {
		w.t.Fatalf("%v, %v", a, err)
	}
}

const sample = "From: a@example.org\r\nSubject: hi\r\n\r\nhi\r\n"

// send sends one message over a connection.
func (w *world) send(s *protocol.ClientSession, raw string, rcpts ...string) ([]protocol.ModifyAction, *protocol.Action) {
	w.t.Helper()
	if len(rcpts) == 0 {
		rcpts = []string{"b@example.net"}
	}
	w.must(s.Mail("a@example.org", ""))
	for _, r := range rcpts {
		w.must(s.Rcpt(r, ""))
	}
	return w.rest(s, raw)
}

// rest sends what follows RCPT.
func (w *world) rest(s *protocol.ClientSession, raw string) ([]protocol.ModifyAction, *protocol.Action) {
	w.t.Helper()
	w.must(s.DataStart())
	header, body, _ := strings.Cut(raw, "\r\n\r\n")
	var fields [][2]string
	for line := range strings.SplitSeq(header, "\r\n") {
		if line == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			fields[len(fields)-1][1] += "\n" + line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		fields = append(fields, [2]string{name, value})
	}
	for _, f := range fields {
		w.must(s.HeaderField(f[0], f[1], nil))
	}
	w.must(s.HeaderEnd())
	ms, a, err := s.BodyReadFrom(strings.NewReader(body))
	if err != nil {
		w.t.Fatalf("%v; log: %s", err, w.log)
	}
	return ms, a
}

// told says what an MTA was told: changes and answer, a line each.
func told(ms []protocol.ModifyAction, a *protocol.Action) string {
	var lines []string
	for _, m := range ms {
		lines = append(lines, m.String())
	}
	return strings.Join(append(lines, a.String()), "\n")
}

func TestAnswers(t *testing.T) {
	def := &symbols.Def{Name: "TEST", Groups: []string{"test"}, Doc: "always", Weight: 1}
	forged := "Subject: one\r\nX-Spam: No\r\nFrom: a@example.org\r\nX-SPAM: maybe\r\nSubject: two\r\n\r\nhi\r\n"
	removal := "ChangeHeader 2 \"X-Spam\" \"\"\nChangeHeader 1 \"X-Spam\" \"\"\n"
	for _, c := range []struct {
		name  string
		score float64
		pre   actions.PreResult
		o     milter.Options
		raw   string
		want  string
	}{
		{name: "no action", want: "Accept"},
		{name: "greylist by score", score: 4, want: "Accept"},
		{name: "add header", score: 6, want: "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{name: "add header over a forged one", score: 6, raw: forged, want: removal + removal + "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{name: "forged", raw: forged, want: removal + "Accept"},
		{name: "reject", score: 15, want: `Reject 554 "554 5.7.1 Spam message rejected"`},
		{name: "reject with a text", pre: actions.PreResult{Action: actions.Reject, Message: "100% \"bad\"\nmail"}, want: `Reject 554 "554 5.7.1 100%% \"bad\" mail"`},
		{name: "soft reject", pre: actions.PreResult{Action: actions.SoftReject}, want: `Reject 451 "451 4.7.1 Try again later"`},
		{name: "greylist", pre: actions.PreResult{Action: actions.Greylist, Message: "Greylisted"}, want: `Reject 451 "451 4.7.1 Greylisted"`},
		{name: "discard", pre: actions.PreResult{Action: actions.Discard}, want: "Discard"},
		{name: "quarantine", pre: actions.PreResult{Action: actions.Quarantine}, want: "Quarantine \"Spam message quarantined\"\nAccept"},
		{name: "custom", pre: actions.PreResult{Action: "shrug"}, want: "Accept"},
		{name: "rewrite subject", pre: actions.PreResult{Action: actions.RewriteSubject}, want: "ChangeHeader 1 \"Subject\" \" *** SPAM *** hi\"\nAccept"},
		{name: "rewrite the first of two", pre: actions.PreResult{Action: actions.RewriteSubject}, raw: forged,
			want: removal + "ChangeHeader 2 \"Subject\" \"\"\nChangeHeader 1 \"Subject\" \" *** SPAM *** one\"\nAccept"},
		{name: "discard on reject", score: 15, o: milter.Options{DiscardOnReject: true}, want: "Discard"},
		{name: "quarantine on reject", score: 15, o: milter.Options{QuarantineOnReject: true}, want: "Quarantine \"Spam message quarantined\"\nAccept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Scanner = scannerWith(t, winnow.Options{}, &checks.Check{Name: "test", Doc: "test", Symbols: []*symbols.Def{def},
				Run: func(_ context.Context, t *checks.Task) error {
					t.HitFactor(def, c.score)
					if c.pre.Action != "" {
						t.PreResult(c.pre)
					}
					return nil
				}})
			if c.raw == "" {
				c.raw = sample
			}
			w := start(t, c.o)
			s := w.client(nil)
			for range 2 { // over one connection
				ms, a := w.send(s, c.raw)
				want := strings.Replace(c.want, "Reject ", "RejectWithCode ", 1)
				if got := told(ms, a); got != want {
					t.Errorf("told\n%s\nwant\n%s", got, want)
				}
			}
			if o := <-w.outcomes; o.Verdict == nil || o.Err != nil || o.Reply == "" || o.Size != int64(len(c.raw)) {
				t.Errorf("outcome %+v", o)
			}
		})
	}
}

// TestOldMTA offers what version 2 has: no changes of headers but additions, no
// leading blanks, no progress.
func TestOldMTA(t *testing.T) {
	w := start(t, milter.Options{Scanner: scanner(t, func(t *checks.Task) {
		t.Edit(actions.HeaderEdit{Name: "X-Seen", Value: "yes"})
		t.PreResult(actions.PreResult{Action: actions.Quarantine})
	})})
	s := w.client(nil, protocol.WithMaximumVersion(2), protocol.WithActions(protocol.OptAddHeader), protocol.WithProtocols(0x7f))
	raw := "From:  a@example.org\r\n\r\nhi\r\n"
	if got := told(w.send(s, "From: a@example.org\r\n\r\nhi\r\n")); got != "AddHeader \"X-Seen\" \"yes\"\nAccept" {
		t.Errorf("told %s", got)
	}
	if got := string((<-w.outcomes).Result.Message().Raw()); got != raw { // the test's client passes the blank on
		t.Errorf("scanned %q", got)
	}
	if !strings.Contains(w.log.String(), "change left out") {
		t.Errorf("log: %s", w.log)
	}
}

// TestEnvelope follows what the MTA tells over three messages of a connection.
func TestEnvelope(t *testing.T) {
	for _, early := range []milter.Early{{}, {Connect: true, Mail: true, Rcpt: true}} {
		w := start(t, milter.Options{Early: early, Scanner: scanner(t, func(*checks.Task) {})})
		macros := protocol.NewMacroBag()
		macros.Set(protocol.MacroMTAFQDN, "mx.example.net")
		macros.Set(protocol.MacroDaemonName, "smtpd")
		macros.Set(protocol.MacroTlsVersion, "TLSv1.3")
		macros.Set(protocol.MacroCipher, "TLS_AES_128_GCM_SHA256")
		s := w.client(macros)
		want := mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), ClientName: "mail.example.org", Helo: "mail.example.org",
			From: "a@example.org", HasFrom: true, MTAName: "mx.example.net",
			TLS: mail.TLS{Version: "TLSv1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
		}
		for i, id := range []string{"4A", "4B", "4C"} {
			macros.Set(protocol.MacroQueueId, id)
			want.QueueID, want.User, want.Rcpts = id, "", []string{"b@example.net", "d@example.net"}
			if i == 1 {
				want.User = "ann"
			}
			macros.Set(protocol.MacroAuthAuthen, want.User)
			w.must(s.Mail("a@example.org", "SIZE=100 BODY=8BITMIME"))
			macros.Set(protocol.MacroRcptMailer, "local")
			w.must(s.Rcpt("b@example.net", ""))
			macros.Set(protocol.MacroRcptMailer, "error") // the MTA has refused it
			w.must(s.Rcpt("c@example.net", ""))
			macros.Set(protocol.MacroRcptMailer, "local")
			w.must(s.Rcpt("d@example.net", ""))
			w.rest(s, sample)
			o := <-w.outcomes
			if got := *o.Result.Message().Envelope(); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || o.Daemon != "smtpd" {
				t.Errorf("message %d: %+v\nwant %+v", i, got, want)
			}
			if err := s.Abort(nil); err != nil { // as Postfix does after each message
				t.Fatal(err)
			}
		}
	}
}

// TestEarly refuses a sender, and one recipient among good ones.
func TestEarly(t *testing.T) {
	refuse := func(phase checks.Phase, if_ func(t *checks.Task) bool) *checks.Check {
		return &checks.Check{Name: "early " + phase.String(), Doc: "test", Stage: checks.Early, Needs: checks.Needs{Phase: phase},
			Run: func(_ context.Context, t *checks.Task) error {
				if if_(t) {
					t.PreResult(actions.PreResult{Action: actions.Reject, Message: "not " + phase.String()})
				}
				return nil
			}}
	}
	w := start(t, milter.Options{
		Early: milter.Early{Connect: true, Mail: true, Rcpt: true},
		Scanner: scannerWith(t, winnow.Options{},
			refuse(checks.Connect, func(t *checks.Task) bool { return t.Envelope().ClientIP == netip.MustParseAddr("192.0.2.66") }),
			refuse(checks.MailFrom, func(t *checks.Task) bool { return t.Envelope().From == "bad@example.org" }),
			refuse(checks.Rcpt, func(t *checks.Task) bool { return slices.Contains(t.Envelope().Rcpts, "trap@example.net") })),
	})
	s := w.client(nil)
	if a, err := s.Mail("bad@example.org", ""); err != nil || a.String() != `RejectWithCode 554 "554 5.7.1 not mail"` {
		t.Errorf("sender: %v, %v", a, err)
	}
	if err := s.Abort(nil); err != nil {
		t.Fatal(err)
	}
	w.must(s.Mail("a@example.org", ""))
	w.must(s.Rcpt("b@example.net", ""))
	if a, err := s.Rcpt("trap@example.net", ""); err != nil || a.SMTPCode != 554 {
		t.Errorf("recipient: %v, %v", a, err)
	}
	w.must(s.Rcpt("c@example.net", ""))
	if got := told(w.rest(s, sample)); got != "Accept" {
		t.Errorf("message: %s", got)
	}
	if o := <-w.outcomes; fmt.Sprint(o.Result.Message().Envelope().Rcpts) != "[b@example.net c@example.net]" {
		t.Errorf("recipients %v", o.Result.Message().Envelope().Rcpts)
	}
	other, err := protocol.NewClient("tcp", w.addr.String()).Session(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if a, err := other.Conn("bad.example.org", protocol.FamilyInet, 25, "192.0.2.66"); err != nil || a.SMTPCode != 554 {
		t.Errorf("client: %v, %v", a, err)
	}
}

// TestBytes compares what is scanned with what was sent: signatures depend on
// every blank.
func TestBytes(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40000) // 3 MB
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) {})})
	macros := protocol.NewMacroBag()
	macros.Set(protocol.MacroQueueId, "4A")
	s := w.client(macros)
	for _, raw := range []string{
		sample,
		"From:a@example.org\r\nTo:\t b@example.net\r\nX-Folded: one\r\n\ttwo\r\n  three\r\nX-Empty:\r\nX-Blank: \r\n\r\n.\r\n..\r\nbody\xff without an end",
		"From: a@example.org\r\n\r\n" + long,
		"From: a@example.org\r\nX-Long: " + strings.Repeat("y", 60000) + "\r\nX-Other: " + strings.Repeat("z", 60000) + "\r\n\r\nhi\r\n",
		"\r\n\r\nno header",
	} {
		w.send(s, raw)
		o := <-w.outcomes
		want := strings.TrimPrefix(raw, "\r\n")
		if got := string(o.Result.Message().Raw()); got != want || o.Size != int64(len(want)) {
			t.Errorf("scanned %d bytes, %.60q, want %d, %.60q", len(got), got, len(want), want)
		}
	}
}

func TestMessageLimit(t *testing.T) {
	w := start(t, milter.Options{Limits: milter.Limits{Message: 100_000}, Scanner: scanner(t, func(*checks.Task) {})})
	w.send(w.client(nil), "From: a@example.org\r\n\r\n"+strings.Repeat("x", 300_000))
	if o := <-w.outcomes; len(o.Result.Message().Raw()) != 100_000 || o.Size != 300_023 {
		t.Errorf("scanned %d of %d bytes", len(o.Result.Message().Raw()), o.Size)
	}
}

// TestRecipients has a message for three people whose own thresholds differ.
func TestRecipients(t *testing.T) {
	def := &symbols.Def{Name: "TEST", Groups: []string{"test"}, Doc: "always", Weight: 8}
	at := func(reject float64) *winnow.Settings {
		return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: reject, actions.AddHeader: 6}}}
	}
	settings := map[string]*winnow.Settings{"strict@example.net": at(7), "mild@example.net": {Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.AddHeader: 20, actions.Reject: 30, actions.Greylist: 19}}}}
	for _, c := range []struct {
		policy milter.Recipients
		rcpts  []string
		want   string
	}{
		{milter.Milder, []string{"strict@example.net", "b@example.net"}, "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Milder, []string{"b@example.net", "strict@example.net", "mild@example.net"}, "Accept"},
		{milter.Stricter, []string{"mild@example.net", "strict@example.net", "b@example.net"}, `RejectWithCode 554 "554 5.7.1 Spam message rejected"`},
		{milter.Stricter, []string{"mild@example.net", "b@example.net"}, "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Drop, []string{"strict@example.net", "b@example.net"}, "DelRcpt \"<strict@example.net>\"\nChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Drop, []string{"strict@example.net"}, `RejectWithCode 554 "554 5.7.1 Spam message rejected"`},
	} {
		o := winnow.Options{Settings: func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			return settings[r.Rcpt], nil
		}}
		w := start(t, milter.Options{Recipients: c.policy, Scanner: scannerWith(t, o, &checks.Check{Name: "test", Doc: "test", Symbols: []*symbols.Def{def},
			Run: func(_ context.Context, t *checks.Task) error { t.Hit(def); return nil }})})
		if got := told(w.send(w.client(nil), sample, c.rcpts...)); got != c.want {
			t.Errorf("policy %d, %v: told\n%s\nwant\n%s", c.policy, c.rcpts, got, c.want)
		}
	}
}

// TestFailures: a scan that can't be made is put off or let through, and what
// panics takes nothing with it but its message.
func TestFailures(t *testing.T) {
	for _, open := range []bool{false, true} {
		closed := scanner(t, func(*checks.Task) {})
		if err := closed.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: `TempFail 451 "451 4.7.1 Service unavailable - try again later"`, true: "Accept"}[open]
		w := start(t, milter.Options{FailOpen: open, Scanner: closed})
		s := w.client(nil)
		for _, raw := range []string{sample, "From: a@example.org\r\n\r\n" + strings.Repeat("x", 200_000)} {
			if got := told(w.send(s, raw)); got != want {
				t.Errorf("fail open %v: %s", open, got)
			}
			if o := <-w.outcomes; !errors.Is(o.Err, winnow.ErrClosed) || o.Reply == "" {
				t.Errorf("outcome %+v", o)
			}
		}
	}
	calls := 0
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) {}), Done: func(*milter.Outcome) {
		if calls++; calls == 1 {
			panic("in the host's function")
		}
	}})
	one, other := w.client(nil), w.client(nil)
	w.must(other.Mail("a@example.org", ""))
	if _, a := w.send(one, sample); a.Type != protocol.ActionTempFail {
		t.Errorf("panic: %v", a)
	}
	w.must(other.Rcpt("b@example.net", ""))
	if _, a := w.rest(other, sample); a.Type != protocol.ActionAccept {
		t.Errorf("the other connection: %v", a)
	}
	if _, a := w.send(one, sample); a.Type != protocol.ActionAccept {
		t.Errorf("the next message: %v", a)
	}
	if !strings.Contains(w.log.String(), "in the host's function") {
		t.Errorf("log: %s", w.log)
	}
}

// TestProgress: an MTA whose patience is shorter than the scan gets its answer.
func TestProgress(t *testing.T) {
	release := make(chan struct{})
	w := start(t, milter.Options{Timeouts: milter.Timeouts{Progress: time.Millisecond}, Scanner: scanner(t, func(*checks.Task) { <-release })})
	c, err := net.Dial("tcp", w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exchange(t, c, frame('O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff))
	write(t, c, frame('M', "<a@example.org>\x00"), frame('L', "From\x00 a@example.org\x00"), frame('N'), frame('E'))
	for range 3 {
		if got := read(t, c); got != "p" {
			t.Fatalf("answer %q while the scan goes on", got)
		}
	}
	close(release)
	got := read(t, c)
	for got == "p" {
		got = read(t, c)
	}
	if got != "a" {
		t.Errorf("answer %q", got)
	}
}

// TestShutdown: what is in flight is answered, what is between two messages
// ends, and nothing new begins.
func TestShutdown(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) { close(begun); <-release })})
	busy := w.client(nil)
	idle, err := net.Dial("tcp", w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	exchange(t, idle, hello)
	answer := make(chan string, 1)
	go func() { answer <- told(w.send(busy, sample)) }()
	<-begun
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(context.Background()) }()
	if n, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("between two messages: %d bytes, %v", n, err)
	}
	if c, err := net.Dial("tcp", w.addr.String()); err == nil {
		defer c.Close()
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("a connection begins: %d bytes", n)
		}
	}
	select {
	case err := <-down:
		t.Errorf("ended with a message in flight: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "Accept" {
		t.Errorf("in flight: %s", got)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// TestShutdownCutsOff: a client that hangs in the middle of its message holds
// nothing up beyond the deadline.
func TestShutdownCutsOff(t *testing.T) {
	s, err := milter.New(milter.Options{Scanner: scanner(t, func(*checks.Task) {})})
	if err != nil {
		t.Fatal(err)
	}
	l, err := milter.Listen("unix:"+filepath.Join(t.TempDir(), "s"), 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exchange(t, c, frame('O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0, 0, 0)) // it waits for every answer
	exchange(t, c, frame('M', "<a@example.org>\x00"))
	write(t, c, frame('B', strings.Repeat("x", 60000)), frame('B', strings.Repeat("x", 60000))[:100]) // the scan waits for more
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	scan := scanner(t, func(*checks.Task) {})
	for _, o := range []milter.Options{
		{}, {Scanner: scan, Recipients: 3}, {Scanner: scan, Recipients: -1}, {Scanner: scan, DiscardOnReject: true, QuarantineOnReject: true},
		{Scanner: scan, Timeouts: milter.Timeouts{Frame: -1}}, {Scanner: scan, Limits: milter.Limits{Rcpts: -1}}, {Scanner: scan, Limits: milter.Limits{Message: -1}},
	} {
		if _, err := milter.New(o); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
}

func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "milter.sock")
	l, err := milter.Listen("unix:"+path, 0o620, fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o620 {
		t.Errorf("socket %v, %v", info, err)
	}
	if _, err := milter.Listen("unix:"+path, 0, ""); err == nil || !strings.Contains(err.Error(), "somebody listens") {
		t.Errorf("a second one: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as one that was killed
	l.Close()
	if l, err = milter.Listen("unix:"+path, 0, ""); err != nil {
		t.Errorf("over a stale socket: %v", err)
	} else {
		l.Close()
	}
	for _, address := range []string{"", "nonsense", "unix:", "unix:/nonexistent/directory/s", "127.0.0.1:99999"} {
		if l, err := milter.Listen(address, 0, ""); err == nil {
			l.Close()
			t.Errorf("%q is no error", address)
		}
	}
	if _, err := milter.Listen("unix:"+path, 0, "no-such-user"); err == nil {
		t.Error("an unknown owner is no error")
	}
}

package maddycheck_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	netsmtp "net/smtp"
	nettextproto "net/textproto"
	"os"
	"strings"
	"testing"

	"github.com/emersion/go-message/textproto"
	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/examples/maddycheck"
	"github.com/winnowmail/winnow/symbols"
)

// A server calls one check as maddy does, over SMTP.
type server struct {
	check     *maddycheck.Check
	delivered chan string
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, meta: maddycheck.Meta{ID: "1", Hostname: c.Hostname(), Addr: c.Conn().RemoteAddr()}}, nil
}

type session struct {
	*server
	meta  maddycheck.Meta
	state maddycheck.State
	junk  bool
}

func (s *session) Logout() error { s.Reset(); return nil }

func (s *session) Reset() {
	if s.state != nil {
		s.state.Close()
	}
	s.state, s.junk = nil, false
}

func (s *session) Mail(from string, _ *smtp.MailOptions) (err error) {
	if s.state, err = s.check.StateFor(&s.meta); err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.heed(s.state.CheckConnection(ctx)); err != nil {
		return err
	}
	return s.heed(s.state.CheckSender(ctx, from))
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	return s.heed(s.state.CheckRcpt(context.Background(), to))
}

func (s *session) Data(r io.Reader) error {
	br := bufio.NewReader(r)
	header, err := textproto.ReadHeader(br)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(br)
	if err != nil {
		return err
	}
	res := s.state.CheckBody(context.Background(), header, buffer(body))
	if err := s.heed(res); err != nil {
		return err
	}
	var out bytes.Buffer
	if s.junk {
		out.WriteString("(junk) ")
	}
	textproto.WriteHeader(&out, res.Header)
	s.delivered <- out.String()
	return nil
}

// heed answers as a step's result says.
func (s *session) heed(r maddycheck.Result) error {
	s.junk = s.junk || r.Quarantine
	if e, ok := errors.AsType[*maddycheck.SMTPError](r.Reason); ok && r.Reject {
		return &smtp.SMTPError{Code: e.Code, EnhancedCode: e.EnhancedCode, Message: e.Message}
	}
	return nil
}

type buffer []byte

func (b buffer) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }

// start runs the server with the built-in checks and one that refuses a
// recipient.
func start(t *testing.T) (addr string, delivered chan string) {
	t.Helper()
	def := &symbols.Def{Name: "NOBODY", Groups: []string{"test"}, Doc: "a recipient that gets no mail"}
	nobody := &checks.Check{
		Name: "nobody", Doc: "refuses a recipient", Symbols: []*symbols.Def{def}, Needs: checks.Needs{Phase: checks.Rcpt},
		Run: func(_ context.Context, t *checks.Task) error {
			if rcpts := t.Envelope().Rcpts; len(rcpts) > 0 && strings.HasPrefix(rcpts[len(rcpts)-1], "nobody@") {
				t.PreResult(actions.PreResult{Action: actions.Reject, Message: "Nobody here"})
			}
			return nil
		},
	}
	scanner, err := winnow.New(winnow.Options{Checks: []*checks.Check{nobody}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{check: &maddycheck.Check{Scanner: scanner}, delivered: make(chan string, 10)}
	running := smtp.NewServer(s)
	running.Domain = "mx.example.net"
	ended := make(chan error, 1)
	go func() { ended <- running.Serve(listener) }()
	t.Cleanup(func() {
		running.Close()
		<-ended
		if err := scanner.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), s.delivered
}

// suspicious is a message that is marked and delivered.
const suspicious = "From: a@example.org\r\nTo: b@example.net\r\nSubject: hi\r\nX-Spam-Flag: YES\r\nX-Spam: No\r\n\r\nhello\r\n"

// gtube holds the test string that every filter knows.
func gtube() []byte {
	return []byte("From: a@example.org\r\nTo: b@example.net\r\nSubject: test\r\n\r\n" +
		"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
}

func TestCheck(t *testing.T) {
	addr, delivered := start(t)
	ham, err := os.ReadFile("../../testdata/ham.eml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rcpt  string
		msg   []byte
		want  string // the fields that were added
		reply string
	}{
		"ham":       {"b@example.net", ham, "\r\n", ""},
		"reject":    {"b@example.net", gtube(), "", "554 5.7.1 Gtube pattern"},
		"marked":    {"b@example.net", []byte(suspicious), "(junk) X-Spam: Yes\r\n\r\n", ""},
		"recipient": {"nobody@example.net", ham, "", "554 5.7.1 Nobody here"},
	} {
		reply := ""
		if err := netsmtp.SendMail(addr, nil, "a@example.org", []string{c.rcpt}, c.msg); err != nil {
			e, ok := errors.AsType[*nettextproto.Error](err)
			if !ok {
				t.Fatalf("%s: %v", name, err)
			}
			reply = fmt.Sprintf("%d %s", e.Code, e.Msg)
		}
		got := ""
		select {
		case got = <-delivered:
		default:
		}
		if got != c.want || reply != c.reply {
			t.Errorf("%s: %q, reply %q; want %q, %q", name, got, reply, c.want, c.reply)
		}
	}
}

func TestFilterFails(t *testing.T) {
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	state, err := (&maddycheck.Check{Scanner: scanner}).StateFor(&maddycheck.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	if err := scanner.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	res := state.CheckSender(t.Context(), "a@example.org")
	if e, ok := errors.AsType[*maddycheck.SMTPError](res.Reason); !ok || e.Code != 451 || !res.Reject {
		t.Errorf("%+v", res)
	}
}

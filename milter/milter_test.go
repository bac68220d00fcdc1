package milter_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
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
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
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
		{name: "quarantine of a test", pre: actions.PreResult{Action: actions.Reject, Test: true}, o: milter.Options{QuarantineOnReject: true}, raw: forged,
			want: removal + "Quarantine \"Spam message quarantined\"\nAccept"},
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

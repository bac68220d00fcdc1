package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// start runs the server and returns its address and its mail directory.
func start(t *testing.T) (addr, dir string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	dir = filepath.Join(t.TempDir(), "mail")
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-listen", "127.0.0.1:0", "-dir", dir}, w, os.Stderr)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("exit code %d", c)
		}
	})
	line := make([]byte, 100)
	n, err := r.Read(line)
	addr, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	if err != nil || !ok {
		t.Fatalf("said %q, %v", line[:n], err)
	}
	return addr, dir
}

func delivered(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
		os.Remove(f)
	}
	return all
}

// pattern is a test pattern that every filter knows; first chooses the verdict.
func pattern(first string) []byte {
	return []byte("From: a@example.org\r\nTo: b@example.net\r\nSubject: test\r\n\r\n" +
		first + "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
}

func TestVerdicts(t *testing.T) {
	addr, dir := start(t)
	ham, err := os.ReadFile("../../testdata/ham.eml")
	if err != nil {
		t.Fatal(err)
	}
	send := func(msg []byte) error {
		return smtp.SendMail(addr, nil, "a@example.org", []string{"b@example.net"}, msg)
	}
	if err := send(ham); err != nil {
		t.Errorf("ham: %v", err)
	}
	if got := delivered(t, dir); len(got) != 1 || !strings.HasPrefix(got[0], "Return-Path: <a@example.org>\r\n") ||
		!strings.Contains(got[0], "Minutes") || strings.Contains(got[0], "X-Spam") {
		t.Errorf("ham was delivered as %q", got)
	}
	err = send(pattern("X"))
	if e, ok := errors.AsType[*textproto.Error](err); !ok || e.Code != 554 || e.Msg != "5.7.1 Gtube pattern" {
		t.Errorf("GTUBE: %v", err)
	}
	if got := delivered(t, dir); len(got) != 0 {
		t.Errorf("rejected mail was delivered: %q", got)
	}
}

// TestHostileHeaders sends messages whose headers readers disagree about, with
// what makes the verdict "add header": each arrives with its body and with one
// X-Spam, the server's.
func TestHostileHeaders(t *testing.T) {
	addr, dir := start(t)
	_, body, _ := strings.Cut(string(pattern("Y")), "\r\n\r\n")
	for name, head := range map[string]string{
		"begins with a space":      " X-Spam: No\r\nFrom: a@example.org\r\n\r\n",
		"ends by CR CR LF":         "From: a@example.org\r\nX-Spam: No\r\n\r\r\n",
		"CR CR LF":                 "From: a@example.org\r\r\nX-Spam: No\r\r\n\r\r\n",
		"a bare CR":                "From: a@example.org\rX-Spam: No\r\n\r\n",
		"no header":                "",
		"mbox":                     "From a@example.org Fri Nov 27 10:00:00 2026\r\nX-Spam: No\r\n\r\n",
		"a blank before the colon": "X-Spam : No\r\nFrom: a@example.org\r\n\r\n",
		"a blank line first":       "\r\nX-Spam: No\r\nFrom: a@example.org\r\n\r\n",
	} {
		if err := smtp.SendMail(addr, nil, "a@example.org", []string{"b@example.net"}, []byte(head+body)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := delivered(t, dir)
		if len(got) != 1 {
			t.Errorf("%s: %d messages were delivered", name, len(got))
			continue
		}
		h := mail.Parse([]byte(got[0]), mail.Envelope{}, mail.Limits{}).Header()
		if len(h.All("X-Spam")) != 1 || h.Text("X-Spam") != "Yes" || !strings.HasSuffix(got[0], body) {
			t.Errorf("%s: %q", name, got[0])
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{}, {"-nonsense"}, {"-dir", "x", "y"}, {"-dir", "x", "-dns", "ns.example"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != 2 || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d, said %q", args, code, errs.String())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"-dir", t.TempDir(), "-listen", "256.0.0.1:1"}, &out, &errs); code != 1 {
		t.Errorf("bad address: exit code %d, said %q", code, errs.String())
	}
}

// TestActions runs one session for each action, with a check that gives the
// score that leads there.
func TestActions(t *testing.T) {
	def := &symbols.Def{Name: "TEST", Groups: []string{"test"}, Doc: "always", Weight: 1}
	for _, c := range []struct {
		score float64
		ask   actions.Action // by a pre-result
		want  string         // in the delivered message, or in the SMTP error
	}{
		{0, "", "Subject: hi\r\n"},
		{4, "", "Subject: hi\r\n"},
		{6, "", "X-Spam: Yes\r\n"},
		{15, "", "SMTP error 554: Spam message rejected"},
		{0, actions.SoftReject, "SMTP error 451: Try again later"},
		{0, actions.RewriteSubject, "Subject: *** SPAM *** hi\r\n"},
		{0, actions.Discard, ""},
	} {
		check := &checks.Check{Name: "test", Doc: "raises TEST", Symbols: []*symbols.Def{def}, Run: func(_ context.Context, t *checks.Task) error {
			t.HitFactor(def, c.score)
			if c.ask != "" {
				t.PreResult(actions.PreResult{Action: c.ask})
			}
			return nil
		}}
		scanner, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: []*checks.Check{check}})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		s := &session{backend: &backend{scanner: scanner, deliver: into(dir)}}
		got := ""
		if err := s.Data(strings.NewReader("Subject: hi\r\nX-Spam: forged\r\n\r\nhi\r\n")); err != nil {
			got = err.Error()
		}
		for _, m := range delivered(t, dir) {
			got += m
		}
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") || strings.Contains(got, "forged") {
			t.Errorf("score %v, action %q: %q, want %q", c.score, c.ask, got, c.want)
		}
	}
}

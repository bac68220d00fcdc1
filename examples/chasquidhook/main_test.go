package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain lets the test's binary be the hook, so that the tests can run it as
// chasquid does.
func TestMain(m *testing.M) {
	if os.Getenv("WINNOW_TEST_HOOK") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// hook runs the hook as chasquid does and returns what it printed and its
// exit code.
func hook(t *testing.T, message string, env ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Stdin = strings.NewReader(message)
	cmd.Env = append([]string{
		"WINNOW_TEST_HOOK=1", "REMOTE_ADDR=192.0.2.7:45678", "EHLO_DOMAIN=mx.example.org", "EHLO_DOMAIN_RAW=mx.example.org",
		"MAIL_FROM=a@example.org", "RCPT_TO=b@example.net c@example.net", "AUTH_AS=", "ON_TLS=1", "FROM_LOCAL_DOMAIN=0", "SPF_PASS=0",
	}, env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok && exit.ExitCode() < 0 {
		t.Fatalf("%v, said %q", err, &errs)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// lines reads a message with the lines that chasquid hands over.
func lines(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile("../../testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// gtube holds the test string that every filter knows; suspicious is marked and
// delivered.
const (
	gtube      = "From: a@example.org\nTo: b@example.net\nSubject: test\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
	suspicious = "From: a@example.org\nTo: b@example.net\nSubject: hi\nX-Spam-Flag: YES\nX-Spam: No\n\nhello\n"
)

func TestHook(t *testing.T) {
	for name, c := range map[string]struct {
		message, out string
		code         int
	}{
		"ham":        {lines(t, "ham.eml"), "", accepted},
		"spam":       {lines(t, "spam.eml"), "5.7.1 Spam message rejected\n", permanent},
		"reject":     {gtube, "5.7.1 Gtube pattern\n", permanent},
		"add header": {suspicious, "X-Spam: Yes\n", accepted},
		"nothing":    {"", "", accepted},
	} {
		if out, code := hook(t, c.message); out != c.out || code != c.code {
			t.Errorf("%s: %q, exit code %d; want %q, %d", name, out, code, c.out, c.code)
		}
	}
}

func TestEnvelope(t *testing.T) {
	vars := map[string]string{
		"REMOTE_ADDR": "[2001:db8::7]:25", "EHLO_DOMAIN": "x", "EHLO_DOMAIN_RAW": "x_y", "MAIL_FROM": "<>", "RCPT_TO": "b@example.net c@example.net",
		"AUTH_AS": "u@example.net", "ON_TLS": "1", "SPF_PASS": "1",
	}
	env := envelope(func(key string) string { return vars[key] })
	if env.ClientIP.String() != "2001:db8::7" || env.Helo != "x_y" || env.From != "" || !env.HasFrom || len(env.Rcpts) != 2 || env.User == "" || env.TLS.Version == "" {
		t.Errorf("%+v", env)
	}
	if got := known(func(key string) string { return vars[key] }); len(got) != 1 {
		t.Errorf("facts: %v", got)
	}
	if got := known(func(string) string { return "" }); len(got) != 0 {
		t.Errorf("facts of nothing: %v", got)
	}
}

func TestFailure(t *testing.T) {
	text, code := run(context.Background(), func(string) string { return "" }, io.MultiReader(strings.NewReader("A: 1\n"), broken{}))
	if text != "4.3.0 Content filter failed\n" || code != temporary {
		t.Errorf("%q, %d", text, code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken pipe") }

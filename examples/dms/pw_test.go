package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPw(t *testing.T) {
	run := func(want int, stdin string, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := pwFrom(strings.NewReader(stdin), args, &out, &errs); code != want {
			t.Errorf("%q: exit code %d, want %d: %s", args, code, want, &errs)
		}
		return strings.TrimSpace(out.String() + errs.String())
	}
	hash := run(0, "secret\n")
	if got := run(0, "", "-c", hash, "-p", "secret"); got != "password correct" {
		t.Errorf("got %s", got)
	}
	if got := run(1, "Secret", "-c", hash); got != "password incorrect" {
		t.Errorf("got %s", got)
	}
	if got := run(0, "", "-q", "-c", hash, "-p", "secret") + run(1, "Secret\n", "-q", "-c", hash); got != "" {
		t.Errorf("with -q got %s", got)
	}
	if again := run(0, "", "-e", "-p", "secret"); !strings.HasPrefix(again, "$1$") || again == hash {
		t.Errorf("got %s", again)
	}
	run(2, "secret\n", "-e", "-c", hash)
	if got := run(1, "x", "-c", "$2$a$b"); !strings.Contains(got, "no hash of the form") {
		t.Errorf("got %s", got)
	}
	run(1, "")
	run(2, "x", "more")
	run(0, "", "-help")
}

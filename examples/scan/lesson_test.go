package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// letters writes n mails of a class to a directory.
func letters(t *testing.T, class string, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	words := strings.Fields("kernel patch review merge branch commit build release compile header")
	if class == "spam" {
		words = strings.Fields("winner lottery prize claim transfer million urgent beneficiary cash bonus")
	}
	for i := range n {
		text := ""
		for j := range 40 {
			text += words[(j*j+i*3+i*j)%len(words)] + " "
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%d.eml", i)), fmt.Sprintf("From: u%d@example.org\nMessage-ID: <%s%d@example.org>\nSubject: note\n\n%s\n", i, class, i, text))
	}
	return dir
}

func TestLessons(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	ham, spam := letters(t, "ham", 50), letters(t, "spam", 50)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"learn", "ham", "-state", state, ham}, "50 messages: "},
		{[]string{"learn", "spam", "-state", state, spam}, "learned"},
		{[]string{"learn", "ham", "-state", state, ham}, "50 messages: 50 already"},
		{[]string{"unlearn", "-state", state, filepath.Join(ham, "3.eml")}, "undone"},
		{[]string{"learn", "spam", "-json", "-state", state, filepath.Join(spam, "3.eml")}, `"outcome":"already"`},
		{[]string{"stats", "-state", state}, "learned: "},
		{[]string{"stats", "-json", "-state", state}, `"spam":`},
		{[]string{"-json", "-state", state, filepath.Join(spam, "7.eml")}, `"BAYES_SPAM"`},
		{[]string{"-json", "-state", state, filepath.Join(ham, "7.eml")}, `"BAYES_HAM"`},
	} {
		if code, out, errs := call(t, "", c.args...); code != 0 || errs != "" || !strings.Contains(out, c.want) {
			t.Errorf("%q: code %d, %s, %s", c.args, code, out, errs)
		}
	}
}

// TestModels scans with other models than the Learner's.
func TestModels(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	mail := filepath.Join(letters(t, "ham", 1), "0.eml")
	for _, model := range []string{"osb", "osb34", "naive"} {
		if code, out, errs := call(t, "", "-json", "-state", state, "-model", model, mail); code != 0 || errs != "" || !strings.Contains(out, `"state":"not enough learned"`) {
			t.Errorf("%s: code %d, %s, %s", model, code, out, errs)
		}
	}
	for want, args := range map[string][]string{
		"unsure is for -model fused":    {"unsure", "-state", state, "-model", "naive"},
		"-per-user is for -model fused": {"learn", "ham", "-per-user", "-state", state, "-model", "osb", mail},
		"reset is for -model fused":     {"reset", "-state", state, "-model", "osb"},
		"learn what?":                   {"learn", "ham", "-state", state, "-model", "osb", "-classes", "news,other", mail},
		"is none of":                    {"-state", state, "-model", "graph", mail},
	} {
		if code, _, errs := call(t, "", args...); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("%q: code %d, %s", args, code, errs)
		}
	}
}

// TestCountsLearn teaches the models of counts, once each message, and takes back.
func TestCountsLearn(t *testing.T) {
	for _, model := range []string{"osb", "osb34", "naive"} {
		state := []string{"-state", filepath.Join(t.TempDir(), "state"), "-model", model, "-classes", "spam,ham,news"}
		for _, c := range []struct {
			args []string
			want string
		}{
			{[]string{"learn", "spam", letters(t, "spam", 12)}, "12 messages: 12 learned"},
			{[]string{"learn", "ham", letters(t, "ham", 10)}, "10 messages: 10 learned"},
			{[]string{"learn", "news", filepath.Join(letters(t, "spam", 3), "2.eml")}, "2.eml: learned, "},
			{[]string{"learn", "ham", letters(t, "ham", 10)}, "10 messages: 10 already"},
			{[]string{"unlearn", filepath.Join(letters(t, "ham", 1), "0.eml")}, "0.eml: undone, "},
			{[]string{"stats"}, "learned: 11 spam, 9 ham, 1 news\n"},
			{[]string{"stats", "-json"}, `{"ham":9,"news":1,"spam":11}`},
		} {
			at := 1
			if c.args[0] == "learn" {
				at = 2
			}
			args := slices.Insert(slices.Clone(c.args), at, state...)
			if code, out, errs := call(t, "", args...); code != 0 || errs != "" || !strings.Contains(out, c.want) {
				t.Errorf("%s: %q: code %d, %s, %s", model, c.args, code, out, errs)
			}
		}
	}
}

func TestWrongLessons(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"learn"}, "learn what?"},
		{[]string{"learn", "news", spam}, "learn what?"},
		{[]string{"learn", "spam", spam}, "-state"},
		{[]string{"stats"}, "-state"},
		{[]string{"-restart", spam}, "-restart"},
		{[]string{"-mbox", "mbx", spam}, "-mbox"},
		{[]string{"unlearn", "-state", t.TempDir(), "-explain", spam}, "-explain"},
		{[]string{"unsure"}, "-state"},
		{[]string{"users"}, "users what?"},
		{[]string{"users", "drop", "bob", "-state", t.TempDir()}, "users what?"},
		{[]string{"-id", "x", spam}, "-id is for learn"},
		{[]string{"-owner", "bob", spam}, "-per-user"},
		{[]string{"learn", "spam", "-source", "guess", "-state", t.TempDir(), spam}, "no source of lessons"},
	} {
		if code, _, errs := call(t, "", c.args...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%q: code %d, %s", c.args, code, errs)
		}
	}
}

// A stopper ends a context at the n-th line that is written to it.
type stopper struct {
	bytes.Buffer
	n    int
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if s.n -= bytes.Count(b, []byte("\n")); s.n <= 0 {
		s.stop()
	}
	return s.Buffer.Write(b)
}

// TestInterruptedLearning stops in the middle of an mbox, with a directory of bad
// files before it, and goes on: each message is learned, none twice, and the place
// is forgotten in the end.
func TestInterruptedLearning(t *testing.T) {
	dir, state := t.TempDir(), filepath.Join(t.TempDir(), "state")
	var mbox strings.Builder
	const n, batch = 1100, 400
	words := strings.Fields("kernel patch review merge branch commit build release compile header")
	for i := range n {
		fmt.Fprintf(&mbox, "From a@example.org Thu Nov 19 09:14:07 2026\nFrom: u%d@example.org\nMessage-ID: <%d@example.org>\nSubject: note\n\n", i%50, i)
		for j := range 30 {
			mbox.WriteString(words[(j*j+i*3+i*j)%len(words)] + " ")
		}
		mbox.WriteString("\n\n")
	}
	write(t, filepath.Join(dir, "b.mbox"), mbox.String())
	write(t, filepath.Join(dir, "a", "large.eml"), "Subject: x\n\n"+strings.Repeat("0123456789abcdef\n", maxMessage/16))
	args := []string{"learn", "ham", "-json", "-state", state, dir}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &stopper{n: batch + 100, stop: cancel}
	var errs bytes.Buffer
	p := program{stdin: strings.NewReader(""), stdout: out, stderr: &errs, batch: batch}
	if code := p.run(ctx, args); code != 1 || !strings.Contains(errs.String(), "interrupted") || !strings.Contains(errs.String(), "large.eml is larger than 50 MiB") {
		t.Fatalf("code %d: %s", code, &errs)
	}
	if done := strings.Count(out.String(), "\n"); done != 2*batch-1 {
		t.Fatalf("%d messages before the interruption", done)
	}
	code, rest, said := call(t, "", args...)
	if code != 0 || !strings.Contains(said, fmt.Sprintf("b.mbox#%d", 2*batch-1)) {
		t.Errorf("code %d: %s", code, said)
	}
	if lines := strings.Count(rest, "\n"); lines != n-2*batch+1 || !strings.Contains(rest, fmt.Sprintf(`b.mbox#%d"`, n)) {
		t.Errorf("%d messages after it", lines)
	}
	if again := strings.Count(rest, `"already"`); again != 0 {
		t.Errorf("%d messages were learned twice", again)
	}
	code, rest, said = call(t, "", args...)
	if lines := strings.Count(rest, "\n"); code != 1 || lines != n || strings.Count(rest, `"already"`) != n || !strings.Contains(said, "1000 messages, 1 failed") {
		t.Errorf("once more: code %d, %d messages, %s", code, lines, said)
	}
}

// TestRecentLessons learns by the ids of scans, which unsure lists.
func TestRecentLessons(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	spam := letters(t, "spam", 3)
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := call(t, "", args...)
		if code != want || want == 0 && errs != "" {
			t.Fatalf("%q: code %d, %s, %s", args, code, out, errs)
		}
		return out + errs
	}
	if out := run(0, "unsure", "-state", state); !strings.Contains(out, "no mail") {
		t.Error(out)
	}
	run(0, "-state", state, spam)
	out := run(0, "unsure", "-state", state)
	if strings.Count(out, "\n") != 3 || !strings.Contains(out, "u1@example.org: note") || !strings.Contains(out, "0.500") {
		t.Error(out)
	}
	var id string // not that of spam0, whatever stands first
	for line := range strings.Lines(out) {
		if strings.Contains(line, "u1@example.org") {
			id = strings.Fields(line)[0]
		}
	}
	if out := run(0, "learn", "spam", "-state", state, "-id", id, "-id", "<spam0@example.org>"); strings.Count(out, ": learned") != 2 {
		t.Error(out)
	}
	if out := run(0, "unsure", "-json", "-state", state); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"subject":"note"`) {
		t.Error(out)
	}
	if out := run(0, "learn", "spam", "-state", state, filepath.Join(spam, "0.eml")); !strings.Contains(out, "already") {
		t.Error(out)
	}
	if out := run(0, "unlearn", "-state", state, "-id", id); !strings.Contains(out, "undone") {
		t.Error(out)
	}
	if out := run(1, "learn", "spam", "-state", state, "-id", "<9@example.org>"); !strings.Contains(out, "no recent scan") {
		t.Error(out)
	}
	if out := run(0, "learn", "ham", "-state", state, "-source", "trap", filepath.Join(spam, "1.eml")); !strings.Contains(out, "refused (trap means spam)") {
		t.Error(out)
	}
}

// TestUserLessons is of what one user teaches.
func TestUserLessons(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	spam := letters(t, "spam", 2)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"learn", "spam", "-per-user", "-owner", "bob", "-state", state, spam}, "2 learned"},
		{[]string{"learn", "ham", "-per-user", "-rcpt", "Eve@example.net", "-state", state, spam}, "2 learned"},
		{[]string{"users", "export", "bob", "-state", state}, `"class":"spam"`},
		{[]string{"users", "export", "eve@example.net", "-state", state}, `"source":"import"`},
		{[]string{"users", "reset", "bob", "-state", state}, ""},
		{[]string{"users", "forget", "eve@example.net", "-state", state}, "2 lessons taken back"},
		{[]string{"learn", "spam", "-per-user", "-owner", "bob", "-state", state, spam}, "2 learned"},
	} {
		if code, out, errs := call(t, "", c.args...); code != 0 || errs != "" || !strings.Contains(out, c.want) {
			t.Errorf("%q: code %d, %s, %s", c.args, code, out, errs)
		}
	}
}

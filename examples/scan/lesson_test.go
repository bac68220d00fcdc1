package main

import (
	"fmt"
	"path/filepath"
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

func TestWrongLessons(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"learn"}, "learn what?"},
		{[]string{"learn", "news", spam}, "learn what?"},
		{[]string{"learn", "spam", spam}, "-state"},
		{[]string{"stats"}, "-state"},
		{[]string{"unlearn", "-state", t.TempDir(), "-explain", spam}, "-explain"},
	} {
		if code, _, errs := call(t, "", c.args...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%q: code %d, %s", c.args, code, errs)
		}
	}
}

package mail_test

import (
	"slices"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func TestEachURL(t *testing.T) {
	const text = "http://a.example.com/x, http://a.example.com/x and plain.example.net or bob@example.org."
	for _, c := range []struct {
		hosts bool
		want  []string
	}{
		{true, []string{"http://a.example.com/x", "http://a.example.com/x", "plain.example.net", "bob@example.org"}},
		{false, []string{"http://a.example.com/x", "http://a.example.com/x", "bob@example.org"}},
	} {
		var got []string
		mail.EachURL(text, c.hosts, func(_ mail.URL, start, end int) bool {
			got = append(got, text[start:end])
			return true
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("hosts %t: %q, want %q", c.hosts, got, c.want)
		}
	}
	n := 0
	mail.EachURL(text, true, func(mail.URL, int, int) bool { n++; return false })
	if n != 1 {
		t.Errorf("%d calls after false", n)
	}
}

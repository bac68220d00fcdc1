package osb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func TestOrders(t *testing.T) {
	for n, want := range []int{1, 1, 2, 6, 24, 24} {
		list := orders(n)
		if len(list) != want || !slices.IsSorted(list[0]) {
			t.Errorf("%d: %v", n, list)
		}
		seen := map[string]bool{}
		for _, o := range list {
			if len(o) != n || seen[fmt.Sprint(o)] {
				t.Errorf("%d: %v", n, o)
			}
			seen[fmt.Sprint(o)] = true
		}
	}
}

// TestDigests has a digest for each order of three fields, two of which are one.
func TestDigests(t *testing.T) {
	m := mail.Parse([]byte("From: anna@example.org\r\nSubject: gnu\r\nOrganization: herd\r\nOrganisation: flock\r\nX-Mailer: XM1\r\nUser-Agent: UA1\r\n\r\nzebra okapi\r\n"), mail.Envelope{}, mail.Limits{})
	short, long := Digests(m, Rspamd416, ""), Digests(m, Rspamd34, "")
	if len(short) != 6 || len(long) != 6 || len(short[0]) != 32 || len(long[0]) != 103 {
		t.Fatalf("%q, %q", short, long)
	}
	for _, list := range [][]string{short, long} {
		if again := slices.Compact(slices.Sorted(slices.Values(list))); len(again) != 6 {
			t.Errorf("%q", list)
		}
	}
	if other := Digests(m, Rspamd416, "anna@example.org"); other[0] == short[0] {
		t.Error("a user's digest is that of all")
	}
	tokens, digests := Rspamd34.digested(m, "")
	if !slices.Equal(digests, long) || !slices.Equal(tokens, Tokens(m, Rspamd34, Seen{})) {
		t.Error("other tokens or digests")
	}
	if strings.ContainsFunc(long[0], func(c rune) bool { return c == ' ' }) {
		t.Errorf("%q", long[0])
	}
}

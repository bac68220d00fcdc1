package aliases

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/forwarding"
)

func TestFixtures(t *testing.T) {
	family := New(Options{
		LocalDomains: []string{"local.test", "Bücher.test"},
		Virtual: map[string]string{
			"sales@local.test":        "Office@local.test",
			"desk@xn--bcher-kva.test": "bob@bücher.test",
			"loop1@local.test":        "loop2@local.test",
			"loop2@local.test":        "loop1@local.test",
		},
		System: map[string][]string{"office": {"bob", "eve"}, "root": {"ann"}, "none": {}},
	}).Checks
	checktest.Run(t, family, checktest.With(forwarding.New().Checks...))
}

func TestWithoutTag(t *testing.T) {
	tests := []struct {
		user, domain, plain string
		tags                int
	}{
		{"ann+x+y", "example.org", "ann", 2},
		{"a.n.n", "example.org", "a.n.n", 0},
		{"a.n.n+x.y", "GMail.com", "ann", 1},
		{"a.nn", "googlemail.com", "ann", 0},
		{"+ann", "example.org", "+ann", 0},
		{"", "example.org", "", 0},
	}
	for _, tt := range tests {
		if plain, tags := withoutTag(tt.user, tt.domain); plain != tt.plain || len(tags) != tt.tags {
			t.Errorf("withoutTag(%q, %q) = %q, %q", tt.user, tt.domain, plain, tags)
		}
	}
}

func TestCanonical(t *testing.T) {
	r := newResolver(Options{
		Virtual: map[string]string{"A@example.org": "b@example.org", "l1@example.org": "l2@example.org", "l2@example.org": "l1@example.org"},
		System:  map[string][]string{"b": {"c"}},
	})
	for addr, want := range map[string]string{"a@EXAMPLE.org": "c@example.org", "b@example.net": "c@example.net", "l1@example.org": "l1@example.org", "z@example.org": "z@example.org"} {
		if got, _ := r.canonical(addr); got != want {
			t.Errorf("canonical(%q) = %q, want %q", addr, got, want)
		}
	}
}

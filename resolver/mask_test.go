package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func TestMaskHidesSecrets(t *testing.T) {
	z := zone.Must(`
2.0.0.127.s3cret.zen.example A 127.0.0.2
alias.s3cret.zen.example CNAME 2.0.0.127.s3cret.zen.example
plain.example A 192.0.2.1
s3cret.thief.example A 192.0.2.66
broken.s3cret.zen.example !servfail
`)
	careless := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if strings.HasPrefix(name, "careless.") {
			return resolver.Answer{}, errors.New("dial for " + name + ": no route")
		}
		return z.Lookup(ctx, name, qtype)
	})
	for kind, r := range map[string]resolver.Resolver{"asked": careless, "started": starter{careless}, "recalled": recaller{starter{careless}}} {
		t.Run(kind, func(t *testing.T) { testMask(t, r) })
	}
	if z := resolver.Mask(z, nil); z == nil {
		t.Error("no secrets, no resolver")
	}
}

// A starter makes a Starter of any Resolver.
type starter struct{ resolver.Resolver }

func (s starter) Start(ctx context.Context, questions []resolver.Question, done func(int, resolver.Answer, error)) {
	for i, q := range questions {
		a, err := s.Lookup(ctx, q.Name, q.Type)
		done(i, a, err)
	}
}

// A recaller knows every reply already.
type recaller struct{ starter }

func (r recaller) Recall(ctx context.Context, q resolver.Question) (known resolver.Reply, ok bool) {
	known.Answer, known.Err = r.Lookup(ctx, q.Name, q.Type)
	return known, true
}

func testMask(t *testing.T, r resolver.Resolver) {
	_, starts := r.(resolver.Starter)
	r = resolver.Mask(r, map[string]string{"{key}.zen.example": "S3cret.zen.example"})
	if _, ok := r.(resolver.Starter); ok != starts {
		t.Errorf("a Starter before: %v, behind the mask: %v", starts, ok)
	}
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: r})
	for name, want := range map[string]string{
		"2.0.0.127.{key}.zen.example": "127.0.0.2", "ALIAS.{key}.zen.example.": "2.0.0.127.{key}.zen.example; 127.0.0.2",
		"plain.example": "192.0.2.1", "none.{key}.zen.example": "", "broken.{key}.zen.example": "", "careless.{key}.zen.example": "",
		"{other}.example": "", "{key}.thief.example": "", "x{key}.zen.example": "",
	} {
		a, err := s.Lookup(t.Context(), name, resolver.TypeA)
		if a.Text() != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, a.Text(), err)
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), "s3cret") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	questions := []resolver.Question{{Name: "plain.example", Type: resolver.TypeA}, {Name: "2.0.0.127.{key}.zen.example", Type: resolver.TypeA}}
	together := resolver.LookupAll(t.Context(), dnsscan.NewSession(t.Context(), resolver.Options{Resolver: r}), questions...)
	if together[0].Answer.Text() != "192.0.2.1" || together[1].Answer.Text() != "127.0.0.2" || together[1].Answer.Records[0].Name != questions[1].Name {
		t.Errorf("asked together: %+v", together)
	}
	recorded, err := json.Marshal(s.Recording())
	if err != nil || strings.Contains(string(recorded), "s3cret") || !strings.Contains(string(recorded), "{key}") {
		t.Errorf("recording %s, %v", recorded, err)
	}
}

package winnow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/symbols"
)

// A fact counts with the outcome of its check: what a check set that is cut
// off, panics or fails is seen by nobody, and a replay is the same.
func TestFactsOfChecksThatDoNotEnd(t *testing.T) {
	fact := checks.Fact[string]{Name: "who"}
	d := &symbols.Def{Name: "READ", Doc: "d", Weight: 1}
	for name, end := range map[string]func(context.Context) error{
		"cut off": func(ctx context.Context) error { <-ctx.Done(); return nil },
		"panics":  func(context.Context) error { panic("boom") },
		"fails":   func(context.Context) error { return errors.New("bug") },
		"ends":    func(context.Context) error { return nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			sets := &checks.Check{Name: "sets", Doc: "d", Provides: []checks.AnyFact{fact}, Needs: checks.Needs{Net: true},
				Run: func(ctx context.Context, t *checks.Task) error { fact.Set(t, "set"); return end(ctx) }}
			reads := &checks.Check{Name: "reads", Doc: "d", Symbols: []*symbols.Def{d}, Requires: checks.Facts(fact), Stage: checks.Late,
				Run: func(_ context.Context, t *checks.Task) error {
					v, ok := fact.Get(t)
					t.Hit(d, fmt.Sprint(v, ok))
					return nil
				}}
			s := newScanner(t, options(sets, reads))
			defer closeNow(t, s)
			res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true})
			if err != nil {
				t.Fatal(err)
			}
			again, err := res.Transcript.Replay(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			for what, r := range map[string]*winnow.Result{"scan": res, "replay": again} {
				r.Took = 0
				want, set := "false", name == "ends"
				if set {
					want = "settrue"
				}
				if got := r.Symbol("READ").Options[0]; got != want {
					t.Errorf("%s, %s: the late check reads %q", name, what, got)
				}
				if v, ok := fact.From(r); ok != set || (v == "set") != set {
					t.Errorf("%s, %s: the host reads %q, %v", name, what, v, ok)
				}
			}
			if a, b := res.JSON(), again.JSON(); !bytes.Equal(a, b) {
				t.Errorf("%s: scan %s\nreplay %s", name, a, b)
			}
		})
	}
}

// What a check found that is forgotten, because another ended the scan, is no
// fact either.
func TestFactsAfterTheEnd(t *testing.T) {
	fact := checks.Fact[int]{Name: "n"}
	early := &checks.Check{Name: "ends", Doc: "d", Stage: checks.Early, Priority: 9, Run: func(_ context.Context, t *checks.Task) error {
		t.PreResult(actions.PreResult{Action: actions.Reject})
		return nil
	}}
	sets := &checks.Check{Name: "sets", Doc: "d", Stage: checks.Early, Provides: []checks.AnyFact{fact},
		Run: func(_ context.Context, t *checks.Task) error { fact.Set(t, 1); return nil }}
	res := scan(t, options(early, sets), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if v, ok := fact.From(res); ok {
		t.Errorf("fact %d", v)
	}
}

func TestSeeds(t *testing.T) {
	fact := checks.Fact[int]{Name: "n", Valid: func(n int) error {
		if n < 0 {
			return errors.New("below zero")
		}
		return nil
	}}
	c := &checks.Check{Name: "sets", Doc: "d", Provides: []checks.AnyFact{fact}, Run: func(_ context.Context, t *checks.Task) error {
		fact.Set(t, 1)
		return nil
	}}
	s := newScanner(t, options(c))
	defer closeNow(t, s)
	m := &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true}
	for name, seed := range map[string]checks.Seeded{
		"forbidden": checks.Seed(fact, -1), "of another type": checks.Seed(checks.Fact[string]{Name: "n"}, "1"),
	} {
		if _, err := s.Scan(t.Context(), m, seed); !errors.Is(err, winnow.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := func(name string) checks.Seeded { return checks.Seed(checks.Fact[string]{Name: name}, "x") }
	res, err := s.Scan(t.Context(), m, other("z"), checks.Seed(fact, 7), other("b"))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := fact.From(res); v != 7 || !ok {
		t.Errorf("the seed became %d, %v", v, ok)
	}
	want := []winnow.Note{{Check: "seed", Text: "no check knows the fact b"}, {Check: "seed", Text: "no check knows the fact z"}}
	if fmt.Sprint(res.Notes) != fmt.Sprint(want) {
		t.Errorf("notes %v", res.Notes)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if res.Took, again.Took = 0, 0; !bytes.Equal(res.JSON(), again.JSON()) {
		t.Errorf("scan %s\nreplay %s", res.JSON(), again.JSON())
	}
}

func ExampleResult_Fact() {
	size := checks.Fact[int]{Name: "size"}
	s, err := winnow.New(winnow.Options{Checks: []*checks.Check{{
		Name: "size", Doc: "how long the message is", Provides: []checks.AnyFact{size},
		Run: func(_ context.Context, t *checks.Task) error {
			size.Set(t, len(t.Message().Raw()))
			return nil
		},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close(context.Background())
	m := &winnow.Message{Body: winnow.FromBytes([]byte("Subject: hello\r\n\r\n"))}
	for _, seeds := range [][]checks.Seeded{nil, {checks.Seed(size, 100)}} {
		res, err := s.Scan(context.Background(), m, seeds...)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(size.From(res))
	}
	// Output:
	// 18 true
	// 100 true
}

// A nil pointer is nothing that a check could read.
func TestSeedOfNil(t *testing.T) {
	fact := checks.Fact[*int]{Name: "pointer"}
	c := &checks.Check{Name: "sets", Doc: "d", Provides: []checks.AnyFact{fact}, Run: func(_ context.Context, t *checks.Task) error {
		if v, ok := fact.Get(t); ok {
			t.Note(fmt.Sprint(*v))
		}
		return nil
	}}
	s := newScanner(t, options(c))
	defer closeNow(t, s)
	if _, err := s.Scan(t.Context(), letterOf(plain), checks.Seed(fact, nil)); !errors.Is(err, winnow.ErrMessage) {
		t.Error(err)
	}
	n := 7
	res, err := s.Scan(t.Context(), letterOf(plain), checks.Seed(fact, &n))
	if err != nil || len(res.Notes) != 1 || res.Notes[0].Text != "7" {
		t.Errorf("%v %v", err, res)
	}
}

// A seed whose status is none of the constants is refused by name.
func TestSeedsOfUnknownStatus(t *testing.T) {
	s := newScanner(t, builtin())
	defer closeNow(t, s)
	for want, seed := range map[string]checks.Seeded{
		"spf": checks.Seed(spf.Fact, spf.Result{Status: "Pass"}), "dkim": checks.Seed(dkim.Fact, []dkim.Signature{{Status: "pass"}, {Status: "none"}}),
		"dmarc": checks.Seed(dmarc.Fact, dmarc.Result{Status: "softfail"}), "arc": checks.Seed(arc.Fact, arc.Result{Status: "permerror"}),
	} {
		if _, err := s.Scan(t.Context(), letterOf(plain), seed); !errors.Is(err, winnow.ErrMessage) || !strings.Contains(err.Error(), "fact "+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	good := []checks.Seeded{checks.Seed(spf.Fact, spf.Result{Status: spf.StatusSoftFail}), checks.Seed(dkim.Fact, nil), checks.Seed(dmarc.Fact, dmarc.Result{})}
	if res, err := s.Scan(t.Context(), letterOf(plain), good...); err != nil || !res.Has("R_SPF_SOFTFAIL") {
		t.Errorf("%v %v", err, res)
	}
}

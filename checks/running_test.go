package checks

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// A starter counts what is begun and runs in the background until ctx has ended
// and somebody waits for it.
type starter struct {
	begun, running int
	awaited        chan struct{}
}

func (s *starter) wait(do func()) {
	close(s.awaited)
	do()
}

func (s *starter) family(fail error) *Family {
	start := func(ctx context.Context, env *Env) error {
		s.begun++
		s.running++
		s.awaited = make(chan struct{})
		env.Go("feed", func() { <-ctx.Done(); <-s.awaited; s.running-- })
		return nil
	}
	list := []*Check{{Name: "a", Start: start}}
	if fail != nil {
		list = append(list, &Check{Name: "b", Start: func(context.Context, *Env) error { return fail }})
	}
	return &Family{Name: "test", Checks: list}
}

func TestSharedFamilyStartsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starter
		f := s.family(nil)
		var waits []string
		wait := func(name string, do func()) { waits = append(waits, name); s.wait(do) }
		for round := 1; round <= 2; round++ { // it can begin again
			for range 3 {
				if err := f.Begin(Env{}); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				f.End(wait)
				synctest.Wait()
				if s.begun != round || s.running != 1 || len(waits) != round-1 {
					t.Fatalf("round %d: begun %d, running %d, waited for %q", round, s.begun, s.running, waits)
				}
			}
			f.End(wait)
			if s.running != 0 || len(waits) != round {
				t.Fatalf("round %d: running %d, waited for %q", round, s.running, waits)
			}
		}
	})
}

func TestFailedStartEndsWhatBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starter
		bad := errors.New("no feed")
		f := s.family(bad)
		waits := 0
		err := f.Begin(Env{Go: func(name string, do func()) { waits++; s.wait(do) }})
		if !errors.Is(err, bad) || !strings.Contains(err.Error(), "check b") || s.running != 0 || waits != 1 {
			t.Fatalf("%v, running %d, waited for %d", err, s.running, waits)
		}
	})
}

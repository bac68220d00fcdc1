package winnow_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
)

// Two Scanners that share a family start it once; it ends with the last.
func TestScannersShareFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, running := 0, 0
		c := run("feed", func(context.Context, *checks.Task) error { return nil })
		c.Start = func(ctx context.Context, env *checks.Env) error {
			begun++
			running++
			env.Go("feed", func() { <-ctx.Done(); running-- })
			return nil
		}
		o := options()
		o.Families = []*checks.Family{{Name: "feed", Doc: "test", Checks: []*checks.Check{c}}}
		first, second := newScanner(t, o), newScanner(t, o)
		closeNow(t, first)
		synctest.Wait()
		if begun != 1 || running != 1 {
			t.Fatalf("begun %d times, %d running after the first was closed", begun, running)
		}
		closeNow(t, second)
		if running != 0 {
			t.Fatal("it runs after the last was closed")
		}
		closeNow(t, second) // is nothing to the family
		third := newScanner(t, o)
		closeNow(t, third)
		if begun != 2 || running != 0 {
			t.Fatalf("begun %d times, %d running", begun, running)
		}
	})
}

func TestFamilyWithWrongOptions(t *testing.T) {
	bad := errors.New("feed: Zone: missing")
	o := options()
	o.Families = []*checks.Family{{Name: "feed", Doc: "test", Err: bad}}
	if _, err := winnow.New(o); !errors.Is(err, winnow.ErrOptions) || !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
}

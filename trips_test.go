package winnow_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/history"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// TestTrips counts how often a scan with every family that remembers, with rows of
// the history and with a classifier in the store goes to it: what is asked at the
// same time goes together.
func TestTrips(t *testing.T) {
	store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{Clock: wholeNow}))
	rows, err := history.New(history.Options{Store: store, Key: "rows", Rows: 10})
	if err != nil {
		t.Fatal(err)
	}
	model, err := osb.New(store, osb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	scanner := func(greylisting bool) *winnow.Scanner {
		var families standard.Options
		remember(&families)
		roomy := []ratelimit.Bucket{{Burst: 100, Rate: 1}}
		families.Ratelimit = ratelimit.Options{Limits: []ratelimit.Limit{{Name: "to", Buckets: roomy}, {Name: "from", Buckets: roomy}}, Dynamic: true}
		if !greylisting { // but of what is suspicious
			families.Greylist.MinScore = nil
		}
		o := builtin()
		o.Families, o.Store, o.Clock, o.After = standard.Families(families), store, wholeNow, []winnow.After{rows.After()}
		o.Classifiers = []statistics.Classifier{{Model: model}}
		s := newScanner(t, o)
		t.Cleanup(func() { closeNow(t, s) })
		return s
	}
	strict, lax := scanner(true), scanner(false)
	letter := "From: ann@example.org\r\nTo: bob@example.net\r\nSubject: x\r\nMessage-ID: <1@example.org>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.7"), From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}
	user := env
	user.User, user.Rcpts = "bob", []string{"ann@example.org"}
	const early, late = "GetMany+GetMany+RanksOf+TakeAll", "Observed, Counts"
	for _, c := range []struct {
		what, header string
		s            *winnow.Scanner
		env          mail.Envelope
		want         string
	}{
		{"a letter that is put off", "", strict, env, early + ", " + late + ", SetMany, Push+Settle"},
		{"a stranger's letter", "", lax, env, early + ", " + late + ", Observe+Push+RankMany"},
		{"an answer", "In-Reply-To: <2@example.net>\r\n", lax, env, "GetMany+" + early + ", " + late + ", Observe+Push+Settle"},
		{"a user's letter", "", lax, user, "GetMany+RanksOf+TakeAll, " + late + ", Observe+Push+SetMany+Settle"},
	} {
		store.Trips()
		res := scanned(t, c.s, &winnow.Message{Envelope: c.env, Body: winnow.FromBytes([]byte(letter + c.header + "\r\nHello Bob.\r\n"))})
		if got := store.Trips(); strings.Join(got, ", ") != c.want || len(res.Incomplete) > 0 || len(got) > 5 {
			t.Errorf("%s: %s, want %s; %v %v", c.what, got, c.want, res.Incomplete, res.Action)
		}
	}
}

// A calling check asks its store.
func calling(name string, stage checks.Stage, run func(ctx context.Context, s storage.Store) error) *checks.Check {
	return &checks.Check{Name: name, Doc: "asks the store", Stage: stage, Needs: checks.Needs{Store: true}, Run: func(ctx context.Context, t *checks.Task) error {
		return run(ctx, t.Store())
	}}
}

func get(key string) func(context.Context, storage.Store) error {
	return func(ctx context.Context, s storage.Store) error {
		_, err := s.GetMany(ctx, []string{key})
		return err
	}
}

// TestGathering: whoever asks several times, nothing, or in a context of its own
// holds nobody up, and a check that waits for another goes with what comes after it.
func TestGathering(t *testing.T) {
	store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
	twice := calling("b_twice", checks.Main, func(ctx context.Context, s storage.Store) error {
		return errors.Join(get("b1")(ctx, s), get("b2")(ctx, s))
	})
	never := calling("c_never", checks.Main, func(context.Context, storage.Store) error { return nil })
	own := calling("d_own", checks.Main, func(ctx context.Context, s storage.Store) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return get("d")(ctx, s)
	})
	fails := calling("e_fails", checks.Main, func(ctx context.Context, s storage.Store) error { panic("odd") })
	fact := checks.Fact[int]{Name: "gathered"}
	first := calling("f_first", checks.Main, get("f"))
	first.Provides = []checks.AnyFact{fact}
	behind := calling("g_behind", checks.Main, get("g"))
	behind.Requires = checks.Facts(fact)
	o := options()
	o.Store, o.Checks = store, []*checks.Check{calling("a", checks.Main, get("a")), twice, never, own, fails, first, behind}
	s := newScanner(t, o)
	defer closeNow(t, s)
	for range 20 {
		store.Trips()
		res := scanned(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		trips := store.Trips()
		together := 0
		for _, trip := range trips {
			together += strings.Count(trip, "GetMany")
		}
		if together != 6 || !slices.Contains(trips, "GetMany+GetMany+GetMany") || len(trips) > 4 || len(res.Incomplete) != 1 {
			t.Fatalf("%q, %v", trips, res.Incomplete)
		}
	}
}

// TestGatheringOfFailures: all who went together learn that the store failed, and by
// when.
func TestGatheringOfFailures(t *testing.T) {
	for state, want := range map[statetest.State]time.Duration{statetest.Dead: 0, statetest.Slow: 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
			store.Be(state)
			o := options()
			o.StoreBudget = 0
			o.Store, o.Checks = store, []*checks.Check{calling("a", checks.Early, get("a")), calling("b", checks.Early, get("b")), calling("c", checks.Main, get("c"))}
			s := newScanner(t, o)
			begun := time.Now()
			res := scanned(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
			if took := time.Since(begun); took != want || len(res.Incomplete) != 3 {
				t.Errorf("state %d: after %v, %v", state, took, res.Incomplete)
			}
			closeNow(t, s)
		})
	}
}

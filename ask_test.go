package winnow_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/score"
)

// recorded scans and replays, and holds that both say the same.
func recorded(t *testing.T, s *winnow.Scanner, m *winnow.Message) *winnow.Result {
	t.Helper()
	m.Record = true
	res, err := s.Scan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	replays(t, s, t.Name(), res, true)
	return res
}

// An address that comes twice is one recipient: its settings are asked for
// once, and For and the list of recipients agree.
func TestSettingsOfARecipientThatComesTwice(t *testing.T) {
	asked := map[string]int{}
	o := options(raise("a", defSpam))
	o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
		if asked[r.Rcpt]++; r.Rcpt == "" {
			return nil, nil
		}
		return reject(float64(4 + 10*(asked[r.Rcpt]-1))), nil // another answer at each call
	}
	s := newScanner(t, o)
	defer closeNow(t, s)
	list := []string{"b@example.net", "b@Example.NET", `"b"@example.net`, `"B"@example.net`, "b@example.net", "", "postmaster", "<@example.org:b@example.net>"}
	res := recorded(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts(list...)})
	for rcpt, n := range asked {
		if n != 1 {
			t.Errorf("%q is asked for %d times", rcpt, n)
		}
	}
	if len(asked) != 6 || len(res.Recipients) != 5 {
		t.Errorf("asked %v, recipients %v", asked, res.Recipients)
	}
	for _, rcpt := range list {
		if want := rcpt != ""; (res.For(rcpt).Action == actions.Reject) != want {
			t.Errorf("%q: %v", rcpt, res.For(rcpt).Action)
		}
	}
}

// Domains that are not UTF-8 stay apart.
func TestSettingsOfOddDomains(t *testing.T) {
	o := options(raise("a", defSpam))
	s := newScanner(t, o)
	defer closeNow(t, s)
	res := recorded(t, s, &winnow.Message{
		Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@EXAM\xe5le.example", "b@exam\xe6le.example"),
		RcptSettings: map[string]*winnow.Settings{"b@exam\xe5le.EXAMPLE": reject(5)},
	})
	if a, b := res.For("b@exam\xe5le.example").Action, res.For("b@exam\xe6le.example").Action; a != actions.Reject || b == actions.Reject {
		t.Errorf("%v, %v", a, b)
	}
}

// A recipient's settings lie over the message's: they may name what these add,
// and where they don't fit over these the message's hold.
func TestSettingsOverThoseOfTheMessage(t *testing.T) {
	adds := &winnow.Settings{Layer: winnow.Layer{Composites: map[string]*score.Composite{"T_BOTH": {Def: defBoth, Expression: "T_SPAM & T_MORE"}}}}
	weight := &winnow.Settings{Layer: winnow.Layer{Weights: map[string]float64{"T_BOTH": 9}}}
	removes := &winnow.Settings{Layer: winnow.Layer{Composites: map[string]*score.Composite{"AUTH_NA": nil}}}
	for _, c := range []struct {
		name          string
		message, rcpt *winnow.Settings
		failed        int
		score         float64
	}{
		{"names what the message's add", adds, weight, 0, 9},
		{"names what nobody adds", nil, weight, 1, 7},
		{"removes what the message's removed", removes, removes, 1, 7},
	} {
		o := options(raise("spam", defSpam), raise("more", defMore))
		o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			if r.Rcpt == "" {
				return c.message, nil
			}
			return c.rcpt, nil
		}
		s := newScanner(t, o)
		defer closeNow(t, s)
		res := recorded(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net")})
		if got := res.For("b@example.net").Score; len(res.Incomplete) != c.failed || got != c.score {
			t.Errorf("%s: score %v, incomplete %v", c.name, got, res.Incomplete)
		}
	}
}

// A function that panics or does not answer leaves the site's settings in
// force, and the checks their time.
func TestSettingsFunctionThatFails(t *testing.T) {
	for name, f := range map[string]func(context.Context) error{
		"panics": func(context.Context) error { panic("boom") },
		"hangs":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		synctest.Test(t, func(t *testing.T) {
			o := options(raise("spam", defSpam))
			o.Settings = func(ctx context.Context, _ winnow.SettingsRequest) (*winnow.Settings, error) { return nil, f(ctx) }
			s := newScanner(t, o)
			defer closeNow(t, s)
			begun := time.Now()
			res := recorded(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net")})
			if res.Score != 5 || len(res.Incomplete) != 1 || res.Incomplete[0].Check != "settings" || time.Since(begun) > 5*time.Second {
				t.Errorf("%s: %v, incomplete %v after %v", name, res.Score, res.Incomplete, time.Since(begun))
			}
		})
	}
}

// Thresholds of actions that nobody knows are told.
func TestThresholdsOfUnknownActions(t *testing.T) {
	o := options(raise("spam", defSpam))
	o.Thresholds = actions.Thresholds{"hold": 9}
	s := newScanner(t, o)
	defer closeNow(t, s)
	for action, want := range map[actions.Action]string{
		"hodl": `"hold"`, "rejct": `"reject"`, "add_header": `"add header"`, "Reject": `"reject"`, "": "without a name", "no action": "no threshold",
	} {
		for _, v := range []float64{math.NaN(), 3} {
			if !math.IsNaN(v) && action.Custom() && action != "" && actions.Parse(string(action)) == action {
				continue // it is a new one
			}
			err := s.Check(winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{action: v}}})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v: %v", action, v, err)
			}
		}
	}
	if err := s.Check(winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{"hold": math.NaN(), "greylist": math.NaN()}}}); err != nil {
		t.Error(err)
	}
}

// A commit under a store without a budget has the time of the scan.
func TestCommitWithoutBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := committer("hang", checks.Data, func(ctx context.Context, _ *checks.Task, _ checks.Final) error {
			<-ctx.Done()
			return ctx.Err()
		})
		o := options(c)
		s := newScanner(t, o)
		defer closeNow(t, s)
		begun := time.Now()
		res, err := s.Scan(t.Context(), letterOf(plain))
		if err != nil || len(res.Incomplete) != 1 || res.Incomplete[0].Reason != "timeout" || time.Since(begun) > 9*time.Second {
			t.Errorf("%v %v after %v", err, res, time.Since(begun))
		}
	})
}

// Whatever a recipient changes replays to the same verdict.
func TestReplayOfEachChange(t *testing.T) {
	w, yes, no, n := 1e-320, true, false, 3
	for i, l := range []winnow.Layer{
		{Symbols: map[string]winnow.SymbolChange{"T_SPAM": {Weight: &w, Groups: []string{}, OneShot: &yes}}},
		{Symbols: map[string]winnow.SymbolChange{"T_SPAM": {OneShot: &no, MaxShots: &n, Groups: []string{"g\xff"}}}, Groups: map[string]score.Group{"g\xff": {Max: 3, Min: -1}}},
		{Groups: map[string]score.Group{"test": {Max: 1e-320}}},
		{Groups: map[string]score.Group{"test": {Max: 3, OneShot: true}}},
		{Composites: map[string]*score.Composite{"AUTH_NA": nil, "T_BOTH": {Def: defBoth, Expression: "T_SPAM & -T_MORE", Policy: score.Leave}}},
		{Thresholds: actions.Thresholds{"h\xffld\n": 2, actions.Reject: math.NaN()}},
		{Disable: []string{"*"}, Enable: []string{"T_MORE"}},
	} {
		s := newScanner(t, options(raise("spam", defSpam), raise("more", defMore)))
		res := recorded(t, s, &winnow.Message{
			Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net", "c@exam\xffple.net"),
			RcptSettings: map[string]*winnow.Settings{"b@example.net": {Layer: l}, "c@exam\xffple.net": {PassAll: true, Over: []winnow.Layer{{}, l, {}}}},
		})
		a, b := res.For("b@example.net"), res.For("c@exam\xffple.net")
		if len(res.Recipients) != 2 || a.Score != b.Score || a.Action != b.Action || !slices.EqualFunc(a.Symbols, b.Symbols, func(a, b score.Scored) bool { return a.Name == b.Name && a.Score == b.Score }) {
			t.Errorf("%d: %+v and %+v", i, a, b)
		}
		if res.Score != 7 {
			t.Errorf("%d: the others have %v", i, res.Score)
		}
		closeNow(t, s)
	}
}

package winnow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

func TestSessionPhases(t *testing.T) {
	ran := map[string]int{}
	at := func(name string, ph checks.Phase) *checks.Check {
		d := &symbols.Def{Name: "T_" + name, Doc: "d", Weight: 1}
		return &checks.Check{Name: name, Doc: "d", Symbols: []*symbols.Def{d}, Needs: checks.Needs{Phase: ph},
			Run: func(_ context.Context, t *checks.Task) error {
				ran[name]++
				t.Hit(d, fmt.Sprint(len(t.Envelope().Rcpts)))
				return nil
			}}
	}
	o := options(at("data", checks.Data), at("conn", checks.Connect), at("from", checks.MailFrom), at("rcpt", checks.Rcpt))
	var done []string
	o.Trace.ScanDone = func(r *winnow.Result) { done = append(done, fmt.Sprint("scan ", r.Score)) }
	o.Trace.StepDone = func(ph checks.Phase, r *winnow.Result) { done = append(done, fmt.Sprint(ph, " ", r.Score)) }
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx := t.Context()
	for i, step := range []struct {
		do    func() (*winnow.Result, error)
		score float64
	}{
		{func() (*winnow.Result, error) { return x.Connect(ctx) }, 1},
		{func() (*winnow.Result, error) { return x.MailFrom(ctx, "a@example.org") }, 2},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "b@example.net") }, 3},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "c@example.net") }, 3},
		{func() (*winnow.Result, error) {
			return x.Data(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		}, 4},
		{func() (*winnow.Result, error) { return x.MailFrom(ctx, "") }, 2},
	} {
		res, err := step.do()
		if err != nil || res.Score != step.score {
			t.Fatalf("step %d: %v, %v", i, res, err)
		}
		if i == 4 {
			if o := res.Symbol("T_rcpt").Options; len(o) != 1 || o[0] != "2" {
				t.Errorf("recipients seen: %v", o)
			}
		}
	}
	if got := fmt.Sprint(done); got != "[connect 1 mail 2 rcpt 3 rcpt 3 scan 4 mail 2]" {
		t.Errorf("traced %s", got)
	}
	if want := map[string]int{"data": 1, "conn": 1, "from": 2, "rcpt": 3}; fmt.Sprint(ran) != fmt.Sprint(want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
	x.Close()
	if _, err := x.Connect(ctx); !errors.Is(err, winnow.ErrClosed) {
		t.Errorf("a closed session: %v", err)
	}
}

// TestPhaseWaitsForProviders: a check does not run before the one whose fact it
// reads, be that of another stage: the client behind a relay is known at the
// end, and what was said of the relay would stay.
func TestPhaseWaitsForProviders(t *testing.T) {
	fact := checks.Fact[string]{Name: "who"}
	early := &checks.Check{
		Name: "early", Doc: "d", Stage: checks.Early, Provides: []checks.AnyFact{fact},
		Run: func(_ context.Context, t *checks.Task) error { fact.Set(t, "behind"); return nil },
	}
	d := &symbols.Def{Name: "WHO", Doc: "d"}
	reader := &checks.Check{
		Name: "reader", Doc: "d", Symbols: []*symbols.Def{d}, Requires: checks.Facts(fact), Needs: checks.Needs{Phase: checks.Connect},
		Run: func(_ context.Context, t *checks.Task) error {
			who, _ := fact.Get(t)
			t.Hit(d, who)
			return nil
		},
	}
	s := newScanner(t, options(early, reader))
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if res, err := x.Connect(t.Context()); err != nil || res.Symbol("WHO") != nil {
		t.Errorf("at connect: %v, %v", res, err)
	}
	res, err := x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if err != nil || res.Symbol("WHO") == nil || res.Symbol("WHO").Options[0] != "behind" {
		t.Errorf("at the end: %v, %v", res, err)
	}
}

func TestReplay(t *testing.T) { synctest.Test(t, testReplay) }

func testReplay(t *testing.T) {
	fact := checks.Fact[[]string]{Name: "known"}
	d := &symbols.Def{Name: "T_NET", Doc: "d", Weight: 1}
	var world atomic.Int64
	asks := &checks.Check{
		Name: "asks", Doc: "d", Symbols: []*symbols.Def{d}, Provides: []checks.AnyFact{fact},
		Needs: checks.Needs{DNS: true, Store: true},
		Run: func(ctx context.Context, t *checks.Task) error {
			a, err := t.Resolver().Lookup(ctx, "example.org", resolver.TypeTXT)
			_, err2 := t.Resolver().Lookup(ctx, "example.net", resolver.TypeA)
			n, err3 := t.Store().Increment(ctx, "n", 1, 0)
			_, err4 := t.Store().Get(ctx, "none")
			known, _ := fact.Get(t)
			seen, _ := checks.Observe(t, "world", func() int64 { return world.Add(1) })
			t.Hit(d, fmt.Sprint(a.Texts(), err), fmt.Sprint(err2), fmt.Sprint(n, err3), fmt.Sprint(errors.Is(err4, storage.ErrNotFound)),
				fmt.Sprint(t.Rand().Uint64(), t.Now(), known, t.Envelope().ClientIP, seen))
			return nil
		}}
	stuck := run("stuck", func(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil })
	stuck.Needs.Net = true
	o := options(asks, stuck)
	o.Clock, o.Seed = nil, nil
	o.Store = storage.NewMemory(storage.MemoryOptions{})
	o.DNS.Resolver = resolver.Func(func(_ context.Context, name string, _ uint16) (resolver.Answer, error) {
		if name == "example.org" {
			return resolver.Answer{Records: []resolver.Record{{Name: "example.org", Type: resolver.TypeTXT, Strings: []string{"v=1"}}}}, nil
		}
		return resolver.Answer{}, errors.New("lame")
	})
	s := newScanner(t, o)
	defer closeNow(t, s)
	m := &winnow.Message{
		Body: winnow.FromBytes([]byte(plain)), Record: true,
		Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("2001:db8::1"), Rcpts: []string{"b@example.net"}},
		Settings: &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Greylist: math.NaN()}}},
		RcptSettings: map[string]*winnow.Settings{
			"b@example.net": {Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 1}}}},
	}
	res, err := s.Scan(t.Context(), m, checks.Seed(fact, []string{"x", "y"}))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(res.Transcript)
	if err != nil {
		t.Fatal(err)
	}
	var back winnow.Transcript
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	o.Store = storage.NewMemory(storage.MemoryOptions{})
	o.DNS.Resolver = resolver.Func(func(context.Context, string, uint16) (resolver.Answer, error) {
		t.Error("a replay asked the network")
		return resolver.Answer{}, nil
	})
	offline := newScanner(t, o)
	defer closeNow(t, offline)
	again, err := back.Replay(t.Context(), offline)
	if err != nil {
		t.Fatal(err)
	}
	if n := world.Load(); n != 1 {
		t.Errorf("the world was observed %d times by one scan and its replay", n)
	}
	res.Took, again.Took = 0, 0
	if a, b := res.JSON(), again.JSON(); !bytes.Equal(a, b) {
		t.Errorf("scan   %s\nreplay %s", a, b)
	}
	if len(again.Incomplete) != 1 || again.Incomplete[0].Check != "stuck" {
		t.Errorf("incomplete %v", again.Incomplete)
	}
	o.Thresholds = actions.Thresholds{actions.Reject: 3}
	other := newScanner(t, o)
	defer closeNow(t, other)
	again, err = back.Replay(t.Context(), other)
	if err != nil || !again.OtherConfig || again.Required != 3 || again.Score != res.Score {
		t.Errorf("replay under another configuration: %+v, %v", again, err)
	}
}

// Seeds come with every step: those of a transaction end with it, and checks
// that saw another value run again.
func TestSessionSeeds(t *testing.T) {
	fact := checks.Fact[string]{Name: "who", Valid: func(s string) error {
		if s == "" {
			return errors.New("nobody")
		}
		return nil
	}}
	saw, reads := &symbols.Def{Name: "SAW", Doc: "d"}, &symbols.Def{Name: "READS", Doc: "d"}
	ran := 0
	own := &checks.Check{Name: "own", Doc: "d", Symbols: []*symbols.Def{saw}, Provides: []checks.AnyFact{fact}, Needs: checks.Needs{Phase: checks.Connect},
		Run: func(_ context.Context, t *checks.Task) error {
			ran++
			fact.Set(t, "found")
			v, _ := fact.Get(t)
			t.Hit(saw, v)
			return nil
		}}
	user := &checks.Check{Name: "user", Doc: "d", Symbols: []*symbols.Def{reads}, Requires: checks.Defs(saw), Needs: checks.Needs{Phase: checks.MailFrom},
		Run: func(_ context.Context, t *checks.Task) error { t.Hit(reads, t.Raised(saw)[0].Options...); return nil }}
	s := newScanner(t, options(own, user))
	defer closeNow(t, s)
	ctx := t.Context()
	if _, err := s.NewSession(mail.Envelope{}, checks.Seed(fact, "")); !errors.Is(err, winnow.ErrMessage) {
		t.Errorf("a forbidden seed: %v", err)
	}
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	seed := func(v string) checks.Seeded { return checks.Seed(fact, v) }
	data := &winnow.Message{Body: winnow.FromBytes([]byte(plain))}
	for i, step := range []struct {
		do   func() (*winnow.Result, error)
		want string // what READS and the fact say, "" for an error
		ran  int
	}{
		{func() (*winnow.Result, error) { return x.Connect(ctx) }, "found", 1},
		{func() (*winnow.Result, error) { return x.MailFrom(ctx, "", seed("mail")) }, "mail", 2},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "a@example.net") }, "mail", 2},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "b@example.net", seed("")) }, "", 2},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "c@example.net", seed("rcpt")) }, "rcpt", 3},
		{func() (*winnow.Result, error) { return x.Data(ctx, data, seed("data")) }, "data", 4},
		{func() (*winnow.Result, error) { return x.MailFrom(ctx, "") }, "found", 4},
	} {
		res, err := step.do()
		if step.want == "" {
			if !errors.Is(err, winnow.ErrMessage) {
				t.Errorf("step %d: %v", i, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := fact.From(res); v != step.want || res.Symbol("SAW").Options[0] != step.want || ran != step.ran {
			t.Errorf("step %d: fact %q, symbol %v, ran %d times", i, v, res.Symbol("SAW").Options, ran)
		}
		if r := res.Symbol("READS"); i > 0 && (r == nil || r.Options[0] != step.want) {
			t.Errorf("step %d: its reader saw %v", i, r)
		}
	}
}

// Options.Settings is asked once for each address of a transaction; an answer
// of nil is asked for again when there is a message.
func TestSessionAsksForSettingsOnce(t *testing.T) {
	o := options(raise("a", defSpam))
	var asked []string
	o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
		asked = append(asked, fmt.Sprint(r.Rcpt, r.Message != nil))
		if r.Rcpt == "low@example.net" {
			return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 5}}}, nil
		}
		return nil, nil
	}
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for range 2 { // two transactions are alike
		asked = nil
		if _, err := x.MailFrom(t.Context(), "a@example.org"); err != nil {
			t.Fatal(err)
		}
		for _, rcpt := range []string{"low@Example.net", "b@example.net"} {
			if _, err := x.Rcpt(t.Context(), rcpt); err != nil {
				t.Fatal(err)
			}
		}
		res, err := x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		if err != nil || res.For("low@example.net").Action != actions.Reject || res.Action != actions.Greylist {
			t.Fatalf("%v, %v", res, err)
		}
		want := "false false low@example.netfalse false b@example.netfalse true b@example.nettrue"
		if got := strings.Join(asked, " "); got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	}
}

// Of an empty message nothing counts that the steps before it found, and a
// replay, which has no steps, says the same. A message that can't be had is no
// finished one.
func TestSessionOfAnEmptyMessage(t *testing.T) {
	noted := checks.Fact[int]{Name: "noted"}
	early := run("early", func(_ context.Context, t *checks.Task) error {
		t.Note("seen")
		noted.Set(t, 1)
		t.PreResult(actions.PreResult{Action: actions.Reject})
		return nil
	})
	early.Stage, early.Needs.Phase, early.Provides = checks.Early, checks.MailFrom, []checks.AnyFact{noted}
	o := options(early)
	finished := 0
	o.Trace.ScanDone = func(*winnow.Result) { finished++ }
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	data := func(b winnow.Body) (*winnow.Result, error) {
		if _, err := x.MailFrom(t.Context(), "a@example.org"); err != nil {
			t.Fatal(err)
		}
		return x.Data(t.Context(), &winnow.Message{Body: b, Record: true})
	}
	for _, b := range []winnow.Body{winnow.FromBytes(nil), winnow.FromReader(strings.NewReader("")), winnow.FromReaderAt(strings.NewReader(""), 0)} {
		res, err := data(b)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := noted.From(res)
		if res.Action != actions.NoAction || res.Skipped == "" || len(res.Notes)+len(res.Timings) > 0 || res.PreResult != nil || ok {
			t.Errorf("%s, timings %v, fact %v", res.JSON(), res.Timings, ok)
		}
		replays(t, s, "empty", res, true)
	}
	if _, err := data(winnow.Body{}); !errors.Is(err, winnow.ErrMessage) {
		t.Errorf("no body: %v", err)
	}
	if finished != 3 {
		t.Errorf("finished %d, want 3", finished)
	}
}

// Connect in the middle of a transaction is about the connection alone: the
// transaction goes on, and later ones don't see what its MAIL found.
func TestConnectInATransaction(t *testing.T) {
	var saw []string
	at := func(name string, ph checks.Phase) *checks.Check {
		d := &symbols.Def{Name: "T_" + name, Doc: "d", Weight: 1}
		return &checks.Check{Name: name, Doc: "d", Symbols: []*symbols.Def{d}, Needs: checks.Needs{Phase: ph},
			Run: func(_ context.Context, t *checks.Task) error {
				saw = append(saw, fmt.Sprint(name, " ", t.Envelope().From, len(t.Envelope().Rcpts)))
				t.Hit(d, t.Envelope().From)
				return nil
			}}
	}
	for _, first := range []bool{false, true} {
		saw = nil
		s := newScanner(t, options(at("conn", checks.Connect), at("from", checks.MailFrom), at("data", checks.Data)))
		x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		data := &winnow.Message{Body: winnow.FromBytes([]byte(plain))}
		steps := []func() (*winnow.Result, error){
			func() (*winnow.Result, error) { return x.Connect(ctx) },
			func() (*winnow.Result, error) { return x.MailFrom(ctx, "a@example.org") },
			func() (*winnow.Result, error) { return x.Rcpt(ctx, "r@example.net") },
			func() (*winnow.Result, error) { return x.Connect(ctx) },
			func() (*winnow.Result, error) { return x.Data(ctx, data) },
			func() (*winnow.Result, error) { return x.MailFrom(ctx, "b@example.org") },
		}
		if !first {
			steps = steps[1:]
		}
		var got []string
		for i, step := range steps {
			res, err := step()
			if err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			from := "-"
			if s := res.Symbol("T_from"); s != nil {
				from = s.Options[0]
			}
			got = append(got, fmt.Sprint(res.Score, " ", from))
		}
		want := []string{"1 -", "2 a@example.org", "2 a@example.org", "1 -", "3 a@example.org", "2 b@example.org"}
		if !first {
			want = want[1:]
		}
		if !slices.Equal(got, want) {
			t.Errorf("first %v: got %q, want %q", first, got, want)
		}
		if want := "data a@example.org1"; !slices.Contains(saw, want) {
			t.Errorf("first %v: no %q in %q", first, want, saw)
		}
		x.Close()
		closeNow(t, s)
	}
}

package winnow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A moody store answers, fails in many ways and panics by turns.
type moody struct {
	storage.Store
	calls atomic.Int64
}

func (m *moody) mood() error {
	switch m.calls.Add(1) % 9 {
	case 1:
		return fmt.Errorf("wrapped: %w", storage.ErrNotFound)
	case 2:
		return errors.Join(storage.ErrUnavailable, fmt.Errorf("\xff: %w", storage.ErrClosed))
	case 3:
		return errors.New("broken")
	case 4:
		return fmt.Errorf("dial: %w", context.DeadlineExceeded)
	case 5:
		panic("a bug of the store")
	case 6:
		return storage.ErrForgotten
	}
	return nil
}

func (m *moody) Get(ctx context.Context, key string) ([]byte, error) {
	if err := m.mood(); err != nil {
		return nil, err
	}
	return m.Store.Get(ctx, key)
}

func (m *moody) Members(ctx context.Context, set string, skip, n int) ([]storage.Member, error) {
	if err := m.mood(); err != nil {
		return nil, err
	}
	return m.Store.Members(ctx, set, skip, n)
}

func (m *moody) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := m.mood(); err != nil {
		return 0, err
	}
	return m.Store.Increment(ctx, key, delta, ttl)
}

// said is what a check can tell of an error.
func said(err error) string {
	if err == nil {
		return ""
	}
	out := fmt.Sprintf("%q", err)
	for _, e := range []error{
		storage.ErrNotFound, storage.ErrNotNumber, storage.ErrBadKey, storage.ErrTooLarge, storage.ErrClosed, storage.ErrTrimmed,
		storage.ErrForgotten, storage.ErrUnsupported, storage.ErrUnavailable, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			out += "+" + e.Error()
		}
	}
	return out
}

// everything calls every method that a store has, with bytes of all kinds, and
// returns what came back.
func everything(ctx context.Context, s storage.Store, key string, now time.Time) (out []string) {
	add := func(v any, err error) { out = append(out, fmt.Sprintf("%#v %s", v, said(err))) }
	none := func(err error) { add(nil, err) }
	none(s.Set(ctx, key, []byte{}, time.Hour))
	add(s.Get(ctx, key))
	add(s.Get(ctx, ""))
	add(s.GetMany(ctx, []string{key, key + "none"}))
	add(s.Add(ctx, key, []byte("\xff"), 0))
	add(s.Add(ctx, key+"n", nil, 0))
	add(s.CompareAndSwap(ctx, key, nil, []byte("x"), 0))
	add(s.CompareAndSwap(ctx, key, []byte{}, []byte("none"), 0))
	add(s.Increment(ctx, key, 1, 0))
	add(s.Increment(ctx, "count\xfe", 1, 0))
	keys, next, err := s.Scan(ctx, key, "", 10)
	slices.Sort(keys)
	add(keys, err)
	add(next, nil)
	none(s.Delete(ctx, key, "gone"))
	b, err := s.Take(ctx, key, storage.Draw{Rate: 1, Burst: 2.5, N: 1}, now)
	add(b.Level, err)
	b, err = s.Tune(ctx, key, storage.Tuning{Rate: 2, MaxRate: 4}, now)
	add(b.RateFactor, err)
	none(s.Forget(ctx, key))
	add(s.Learn(ctx, "t", storage.Lesson{Message: key, Class: "\xe5", IDs: []uint64{1, 1 << 63}}))
	add(s.LearnMany(ctx, "t", []storage.Lesson{{Message: "m", Class: "b"}, {Message: key, Class: "c"}}))
	add(s.Counts(ctx, "t", []uint64{1, 1 << 63}))
	add(s.Lesson(ctx, "t", key))
	none(s.DropTable(ctx, "none"))
	add(s.Append(ctx, key, "\xfd", []byte("data")))
	for _, read := range []func(context.Context, string, uint64, int) ([]storage.Entry, error){s.ReadLog, s.NewestLog} {
		es, err := read(ctx, key, 1, 1)
		for _, e := range es {
			add(fmt.Sprintf("%d %q %q %d", e.Seq, e.ID, e.Data, e.Time.UnixMilli()), nil)
		}
		none(err)
	}
	add(s.LogState(ctx, key))
	add(s.TrimLog(ctx, key, storage.Trim{Keep: 1}))
	none(s.Push(ctx, key, []byte("\x00"), 3))
	add(s.Items(ctx, key, 0, 1))
	none(s.Rank(ctx, key, "\xfc", 1.5, 0, 0))
	add(s.RankOf(ctx, key, "\xfc"))
	add(s.Members(ctx, key, 0, 9))
	none(s.Unrank(ctx, key, "\xfc"))
	return out
}

// exactOptions has checks of every kind: they use a store that fails, share it
// between goroutines, ask DNS, observe, draw, panic, fail and hang.
func exactOptions() winnow.Options {
	kept := &symbols.Def{Name: "KEPT", Doc: "d", Weight: 1}
	seen := &symbols.Def{Name: "SEEN", Doc: "d", Weight: 2}
	fact := checks.Fact[map[string]string]{Name: "host"}
	keeper := &checks.Check{
		Name: "keeper", Doc: "d", Symbols: []*symbols.Def{kept}, Needs: checks.Needs{Store: true},
		Run: func(ctx context.Context, t *checks.Task) error {
			key := fmt.Sprintf("\xe5%d", len(t.Message().Raw()))
			t.Hit(kept, everything(ctx, t.Store(), key, t.Now())...)
			return nil
		},
	}
	sharer := &checks.Check{
		Name: "sharer", Doc: "d", Symbols: []*symbols.Def{seen}, Needs: checks.Needs{Store: true, DNS: true}, Provides: []checks.AnyFact{fact},
		Run: func(ctx context.Context, t *checks.Task) error {
			store, out := t.Store(), make([]string, 8)
			var wg sync.WaitGroup
			for i := range out {
				wg.Go(func() {
					v, err := store.Get(ctx, fmt.Sprintf("%d\xff", i))
					out[i] = fmt.Sprintf("%q %s", v, said(err))
				})
			}
			wg.Wait()
			_, domain, _ := strings.Cut(t.Envelope().From, "@")
			a, err := t.Resolver().Lookup(ctx, domain, resolver.TypeTXT)
			world, ok := checks.Observe(t, "wor\xffld", func() map[string][]byte { return map[string][]byte{"\xfb": {0xff}, "nil": nil, "none": {}} })
			known, _ := fact.Get(t)
			t.Hit(seen, append(out, fmt.Sprintf("%q %v %#v %v %q %d", a.Texts(), err, world, ok, known, t.Rand().Uint64()))...)
			t.Commit(func(ctx context.Context, _ checks.Final) error {
				_, err := store.Increment(ctx, "commit\xff", 1, 0)
				return err
			})
			return nil
		},
	}
	broken := run("broken", func(context.Context, *checks.Task) error { panic("a bug\xff") })
	fails := run("fails", func(ctx context.Context, t *checks.Task) error {
		_, err := t.Store().Get(ctx, "\xff")
		return err
	})
	fails.Needs.Store = true
	stuck := run("stuck", func(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil })
	stuck.Needs.Net = true
	o := options(keeper, sharer, broken, fails, stuck)
	o.Clock, o.Seed, o.Families, o.Timeout = nil, nil, nil, time.Second
	o.Store = &moody{Store: storage.NewMemory(storage.MemoryOptions{})}
	o.DNS.Resolver = resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if qtype != resolver.TypeTXT {
			return resolver.Answer{}, errors.New("lame")
		}
		return resolver.Answer{Records: []resolver.Record{{Name: name, Type: qtype, Strings: []string{"\xff\"", ""}}}}, nil
	})
	return o
}

func exactMessage(raw []byte) (*winnow.Message, checks.Seeded) {
	env := envelope()
	env.From, env.Helo, env.Rcpts = "x@y.exam\xe5le", "\xff.example", []string{"r\xff@example.net"}
	return &winnow.Message{
		Envelope: env, Body: winnow.FromBytes(raw), Record: true,
		RcptSettings: map[string]*winnow.Settings{"r\xff@example.net": {Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 2}}}},
	}, checks.Seed(checks.Fact[map[string]string]{Name: "host"}, map[string]string{"\xfa": "base64:"})
}

// TestReplayIsExact scans mails side by side with checks that meet every kind of
// failure: each replay of a transcript that was written and read again gives
// the same JSON.
func TestReplayIsExact(t *testing.T) {
	s := newScanner(t, exactOptions())
	defer closeNow(t, s)
	mails := realMail(t)
	mails["binary"] = []byte("From: \xff <a@\xe5.example>\r\nSubject: base64:\r\n\r\n\x00\xff")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, raw := range mails {
				if len(raw) == 0 {
					continue
				}
				m, seed := exactMessage(raw)
				res, err := s.Scan(t.Context(), m, seed)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				data, err := json.Marshal(res.Transcript)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				var back winnow.Transcript
				if err := json.Unmarshal(data, &back); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if again, err := json.Marshal(&back); err != nil || !bytes.Equal(again, data) {
					t.Errorf("%s: the transcript changes when it is read and written (%v)", name, err)
				}
				again, err := back.Replay(t.Context(), s)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if len(again.Unrecorded) > 0 || again.OtherConfig {
					t.Errorf("%s: unrecorded %q", name, again.Unrecorded)
				}
				res.Took, again.Took = 0, 0
				if a, b := res.JSON(), again.JSON(); !bytes.Equal(a, b) {
					t.Errorf("%s:\nscan   %s\nreplay %s", name, a, b)
				}
			}
		})
	}
	wg.Wait()
}

// TestReplayElsewhere replays under a configuration with more checks and other
// weights: what the transcript lacks is named and fails temporarily.
func TestReplayElsewhere(t *testing.T) {
	o := exactOptions()
	o.Families = []*checks.Family{}
	s := newScanner(t, o)
	defer closeNow(t, s)
	m, seed := exactMessage([]byte(plain))
	res, err := s.Scan(t.Context(), m, seed)
	if err != nil {
		t.Fatal(err)
	}
	more := &symbols.Def{Name: "MORE", Doc: "d", Weight: 1}
	curious := &checks.Check{
		Name: "curious", Doc: "d", Symbols: []*symbols.Def{more}, Needs: checks.Needs{Store: true, DNS: true},
		Run: func(ctx context.Context, t *checks.Task) error {
			_, err := t.Resolver().Lookup(ctx, "other.example", resolver.TypeA)
			_, err2 := t.Store().Get(ctx, "other")
			n, ok := checks.Observe(t, "other", func() int { return 1 })
			if !resolver.IsTemporary(err) || !errors.Is(err2, storage.ErrUnavailable) || ok || n != 0 {
				return fmt.Errorf("got %v, %v, %d %v", err, err2, n, ok)
			}
			t.Hit(more)
			return nil
		},
	}
	o.Checks = slices.DeleteFunc(append(o.Checks, curious), func(c *checks.Check) bool { return c.Name == "stuck" })
	o.Weights = map[string]float64{"SEEN": 20}
	o.Settings = func(context.Context, winnow.SettingsRequest) (*winnow.Settings, error) {
		return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 50}}}, nil
	}
	other := newScanner(t, o)
	defer closeNow(t, other)
	again, err := res.Transcript.Replay(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"DNS: other.example A", "check: stuck was cut off", "outside: check curious: other", `store: check curious: get ["other"]`}
	if !again.OtherConfig || !slices.Equal(again.Unrecorded, want) {
		t.Errorf("unrecorded %q, other %v", again.Unrecorded, again.OtherConfig)
	}
	if !again.Has("MORE") || again.Symbol("SEEN").Score != 20 || len(again.Recipients) != 1 || again.Recipients[0].Required != 2 {
		t.Errorf("got %s", again.JSON())
	}
	policy := *res.Transcript
	policy.Settings = nil
	again, err = policy.Replay(t.Context(), other)
	if err != nil || again.Required != 50 {
		t.Errorf("the Scanner's own settings: %v, %v", again.Required, err)
	}
}

// TestDeadStore: a store that never answers costs a scan its budget and no
// more, whatever the number of checks that ask it; they are named, the others
// count, and the mail is put off where that is wanted.
func TestDeadStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, soft := range []bool{false, true} {
			asker := func(name string, st checks.Stage) *checks.Check {
				return &checks.Check{Name: name, Doc: "d", Needs: checks.Needs{Store: true}, Stage: st, Run: func(ctx context.Context, t *checks.Task) error {
					_, err := t.Store().Get(ctx, "k")
					if !errors.Is(err, storage.ErrUnavailable) {
						return fmt.Errorf("got %w", err)
					}
					return nil
				}}
			}
			o := options(asker("one", checks.Early), asker("two", checks.Main), asker("three", checks.Late), raise("spam", defSpam))
			o.Store, o.StoreBudget, o.DNS.SoftRejectOnTimeout = silentStore{storage.NewMemory(storage.MemoryOptions{})}, 0, soft
			s := newScanner(t, o)
			began := time.Now()
			res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != winnow.DefaultStoreBudget {
				t.Errorf("the scan took %v", took)
			}
			again, err := res.Transcript.Replay(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*winnow.Result{res, again} {
				var names []string
				for _, i := range r.Incomplete {
					names = append(names, i.Check+" "+i.Reason)
				}
				if want := []string{"one store", "two store", "three store"}; !slices.Equal(names, want) {
					t.Errorf("incomplete %v", r.Incomplete)
				}
				if !r.Has("T_SPAM") || (r.Action == actions.SoftReject) != soft {
					t.Errorf("soft %v: %s", soft, r.JSON())
				}
			}
			closeNow(t, s)
		}
	})
}

// A silentStore never answers.
type silentStore struct{ storage.Store }

func (silentStore) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSessionIsReplayed: what checks asked the store in earlier steps of a
// session is in the transcript of its message, and that of another transaction
// is not.
func TestSessionIsReplayed(t *testing.T) {
	counted := &symbols.Def{Name: "COUNTED", Doc: "d", Weight: 1}
	count := func(name string, ph checks.Phase, d *symbols.Def) *checks.Check {
		return &checks.Check{
			Name: name, Doc: "d", Symbols: []*symbols.Def{d}, Stage: checks.Early, Needs: checks.Needs{Store: true, Phase: ph},
			Run: func(ctx context.Context, t *checks.Task) error {
				n, err := t.Store().Increment(ctx, name, 1, 0)
				seen, _ := checks.Observe(t, "n", func() int64 { return 10 * n })
				t.Hit(d, fmt.Sprint(n, seen, err))
				t.Commit(func(ctx context.Context, _ checks.Final) error {
					if n, _ := t.Store().Increment(ctx, "commits", 1, 0); n%4 > 1 {
						return fmt.Errorf("number %d", n)
					}
					return nil
				})
				return nil
			},
		}
	}
	other := *counted
	other.Name = "COUNTED_TOO"
	o := options(count("connect", checks.Connect, counted), count("from", checks.MailFrom, &other))
	o.Store = storage.NewMemory(storage.MemoryOptions{})
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	must := func(res *winnow.Result, err error) *winnow.Result {
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	must(x.Connect(t.Context()))
	for i := range 3 {
		must(x.MailFrom(t.Context(), "a@example.org"))
		must(x.Rcpt(t.Context(), "b@example.net"))
		res := must(x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true}))
		again := must(res.Transcript.Replay(t.Context(), s))
		res.Took, again.Took = 0, 0
		if a, b := res.JSON(), again.JSON(); !bytes.Equal(a, b) || len(again.Unrecorded) > 0 {
			t.Errorf("transaction %d: %q\nscan   %s\nreplay %s", i, again.Unrecorded, a, b)
		}
	}
}

// Transcripts of other versions are refused in words that tell why.
func TestTranscriptVersion(t *testing.T) {
	var tr winnow.Transcript
	err := json.Unmarshal([]byte(`{"version":1,"raw":"AA==","store":{"a":[{"op":"get","keys":["k"]}]}}`), &tr)
	if !errors.Is(err, winnow.ErrReplay) || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("version 1: %v", err)
	}
	s := newScanner(t, options())
	defer closeNow(t, s)
	if _, err := tr.Replay(t.Context(), s); !errors.Is(err, winnow.ErrReplay) {
		t.Errorf("no version: %v", err)
	}
}

// FuzzTranscript replays what may be a transcript: it is refused, or gives a
// result that is JSON.
func FuzzTranscript(f *testing.F) {
	o := exactOptions()
	o.Families, o.Checks = []*checks.Family{}, o.Checks[:4] // not the one that hangs
	s, err := winnow.New(o)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close(context.Background())
	m, seed := exactMessage([]byte(plain))
	res, err := s.Scan(f.Context(), m, seed)
	if err != nil {
		f.Fatal(err)
	}
	data, err := json.Marshal(res.Transcript)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, text := range []string{
		`{"version":1}`, `{"version":2}`, `{"version":2,"raw":"base64:!"}`, `{"version":2,"raw":"a","cut_off":["stuck","x"],"seeds":[{"fact":"host"}]}`,
		`{"version":2,"raw":"A: b\n\nc","store":{"fails":[{"op":"get","args":["base64:/w=="],"result":7}]},"outside":{"sharer":{"base64:d29y/2xk":[1]}}}`,
		`{"version":2,"raw":"a","settings":[{"rcpt":"b","disable":["NONE"],"thresholds":{"reject":null}}],"dns":[{"question":"a A","error":"x"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tr winnow.Transcript
		if json.Unmarshal(data, &tr) != nil {
			return
		}
		if _, err := json.Marshal(&tr); err != nil {
			t.Errorf("it can be read and not written: %v", err)
		}
		res, err := tr.Replay(t.Context(), s)
		if err != nil {
			if !errors.Is(err, winnow.ErrReplay) {
				t.Errorf("%v", err)
			}
			return
		}
		if !json.Valid(res.JSON()) || len(res.Unrecorded) > 101 {
			t.Errorf("got %s, %q", res.JSON(), res.Unrecorded)
		}
	})
}

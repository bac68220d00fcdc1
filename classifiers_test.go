package winnow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/naive"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/symbols"
)

// counts is a store of counts that can be asked how often it was called, and told
// to fail or not to answer.
type counts struct {
	storage.Tokens
	calls  atomic.Int64
	broken atomic.Bool
	silent atomic.Bool
}

func newCounts(t testing.TB) *counts {
	m := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 30})
	t.Cleanup(func() { m.Close() })
	return &counts{Tokens: m}
}

func (c *counts) Counts(ctx context.Context, table string, ids []uint64) (storage.Counts, error) {
	c.calls.Add(1)
	if c.broken.Load() {
		return storage.Counts{}, fmt.Errorf("down: %w", storage.ErrUnavailable)
	}
	if c.silent.Load() {
		<-ctx.Done()
		return storage.Counts{}, ctx.Err()
	}
	return c.Tokens.Counts(ctx, table, ids)
}

// classifiers are the models by name, over one store.
func classifiers(t testing.TB, store storage.Tokens, classes ...string) map[string]bayes.Classifier {
	t.Helper()
	list := map[string]bayes.Classifier{}
	for name, d := range map[string]osb.Dialect{"osb": osb.Rspamd416, "osb34": osb.Rspamd34} {
		c, err := osb.New(store, osb.Options{Dialect: d, Table: name, Classes: classes, MinLearns: 6})
		if err != nil {
			t.Fatal(err)
		}
		list[name] = c
	}
	c, err := naive.New(store, naive.Options{Classes: classes, MinLearns: 6})
	if err != nil {
		t.Fatal(err)
	}
	list["naive"] = c
	return list
}

// asking makes a Scanner that waits for its store as long as it takes, and so do
// the durable After values.
func asking(t testing.TB, o winnow.Options) *winnow.Scanner {
	t.Helper()
	o.StoreBudget = -1
	s, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func lessons(t testing.TB, s *winnow.Scanner, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		class := []bayes.Class{bayes.Ham, bayes.Spam}[n%2]
		if r, err := s.Learn(t.Context(), labelled(n, class), class, winnow.LearnOptions{Source: bayes.Import}); err != nil || r.Outcome != bayes.Learned && r.Outcome != bayes.Known {
			t.Fatalf("lesson %d: %+v, %v", n, r, err)
		}
	}
}

func scanned(t testing.TB, s *winnow.Scanner, m *winnow.Message) *winnow.Result {
	t.Helper()
	r, err := s.Scan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestScansAskAClassifier(t *testing.T) {
	for name, model := range classifiers(t, newCounts(t)) {
		s := asking(t, winnow.Options{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Hour}}})
		r := scanned(t, s, labelled(1000, bayes.Spam))
		if o, ok := r.Opinion("bayes"); !ok || o.State != "not enough learned" || r.Has("BAYES_SPAM") {
			t.Errorf("%s: at first %+v, %v", name, o, ok)
		}
		lessons(t, s, 0, 24)
		for class, symbol := range map[bayes.Class]string{bayes.Spam: "BAYES_SPAM", bayes.Ham: "BAYES_HAM"} {
			n := map[bayes.Class]int{bayes.Spam: 1001, bayes.Ham: 1000}[class] // pairs of words as in lessons
			r := scanned(t, s, labelled(n, class))
			o, _ := r.Opinion("")
			sym := r.Symbol(symbol)
			if o.State != "" || o.Class != string(class) || sym == nil || sym.Score*map[bayes.Class]float64{bayes.Spam: 1, bayes.Ham: -1}[class] < 1 || len(sym.Options) != 1 || !strings.HasSuffix(sym.Options[0], "%") {
				t.Errorf("%s: %s: %+v, %+v", name, class, o, sym)
			}
			var j struct {
				Classifiers map[string]struct {
					Class   string
					Learned map[string]int
				}
			}
			if err := json.Unmarshal(r.JSON(), &j); err != nil || j.Classifiers["bayes"].Class != string(class) || j.Classifiers["bayes"].Learned["ham"] != 12 {
				t.Errorf("%s: %v, %s", name, err, r.JSON())
			}
		}
		again, err := s.Learn(t.Context(), labelled(1, bayes.Spam), bayes.Spam, winnow.LearnOptions{})
		moved, err2 := s.Learn(t.Context(), labelled(1, bayes.Spam), bayes.Ham, winnow.LearnOptions{Source: bayes.Import})
		back, err3 := s.Unlearn(t.Context(), labelled(1, bayes.Spam), winnow.LearnOptions{})
		gone, err4 := s.Unlearn(t.Context(), labelled(1, bayes.Spam), winnow.LearnOptions{})
		if again.Outcome != bayes.Already || moved.Was != bayes.Spam || back.Outcome != bayes.Undone || back.Was != bayes.Ham || gone.Outcome != bayes.Unknown || errors.Join(err, err2, err3, err4) != nil {
			t.Errorf("%s: %+v %+v %+v %+v, %v", name, again, moved, back, gone, errors.Join(err, err2, err3, err4))
		}
		if r, err := s.Learn(t.Context(), labelled(1, bayes.Spam), bayes.Ham, winnow.LearnOptions{Source: bayes.Trap}); err != nil || r.Outcome != bayes.Refused {
			t.Errorf("%s: a trap's ham: %+v, %v", name, r, err)
		}
	}
}

// TestClasses has a classifier of three classes beside a Learner.
func TestClasses(t *testing.T) {
	for name, model := range classifiers(t, newCounts(t), "spam", "ham", "list.mail") {
		s := asking(t, winnow.Options{
			Learner: learner(t), Classifiers: []statistics.Classifier{{Name: "kind", Model: model, Budget: time.Hour}},
			Layer: winnow.Layer{Weights: map[string]float64{"KIND_LIST_MAIL": 1.5}},
		})
		list := func(n int) *winnow.Message {
			words := strings.Fields("digest subscribe volume issue editor unsubscribe topics members archive weekly")
			text := ""
			for i := range 40 {
				text += words[(i*i+n*3+i*n)%len(words)] + " "
			}
			return &winnow.Message{Body: winnow.FromBytes(fmt.Appendf(nil, "From: l%d@example.org\r\nSubject: note\r\n\r\n%s\r\n", n, text))}
		}
		lessons(t, s, 0, 24)
		for n := range 12 {
			if r, err := s.Learn(t.Context(), list(n), "list.mail", winnow.LearnOptions{Source: bayes.Import}); err != nil || r.Outcome != bayes.Learned {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
		}
		r := scanned(t, s, list(99))
		if o, _ := r.Opinion("kind"); o.Class != "list.mail" || len(o.Shares) != 3 || r.Symbol("KIND_LIST_MAIL") == nil || r.Symbol("KIND_LIST_MAIL").Score <= 0 {
			t.Errorf("%s: %+v, %+v", name, o, r.Symbol("KIND_LIST_MAIL"))
		}
		if r := scanned(t, s, labelled(99, bayes.Spam)); !r.Has("KIND_SPAM") {
			t.Errorf("%s: no KIND_SPAM in %s", name, r.JSON())
		}
		if s := s; name == "naive" {
			before := learnedSpam(t, s)
			if r, err := s.Learn(t.Context(), labelled(201, bayes.Spam), bayes.Spam, winnow.LearnOptions{Classifier: "kind"}); err != nil || r.Outcome != bayes.Learned || learnedSpam(t, s) != before {
				t.Errorf("one alone: %+v, %v, the Learner has %d, had %d", r, err, learnedSpam(t, s), before)
			}
		}
		for class, o := range map[bayes.Class]winnow.LearnOptions{"none": {}, "spam": {Classifier: "none"}, "list.mail": {Classifier: "bayes"}} {
			if _, err := s.Learn(t.Context(), list(1), class, o); !errors.Is(err, winnow.ErrNoClass) {
				t.Errorf("%s: %s of %q: %v", name, class, o.Classifier, err)
			}
		}
	}
}

func classSymbols(class string) map[string]*symbols.Def {
	return map[string]*symbols.Def{class: {Name: "OUR_SPAM", Groups: []string{"statistics"}, Weight: 3, Doc: "like our spam"}}
}

func learnedSpam(t testing.TB, s *winnow.Scanner) int {
	j, _ := scanned(t, s, labelled(500, bayes.Ham)).Judgement()
	return j.Spam
}

func TestClassifierOptions(t *testing.T) {
	model := classifiers(t, newCounts(t))["naive"]
	for _, o := range []winnow.Options{
		{Classifiers: []statistics.Classifier{{}}},
		{Classifiers: []statistics.Classifier{{Model: model}, {Model: model}}},
		{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Hour}}, Learner: learner(t)},
		{Classifiers: []statistics.Classifier{{Model: model, Symbols: classSymbols("other")}}},
	} {
		if s, err := winnow.New(o); err == nil {
			s.Close(context.Background())
			t.Errorf("%+v was taken", o.Classifiers)
		}
	}
	s := asking(t, winnow.Options{Families: []*checks.Family{}, Classifiers: []statistics.Classifier{{Model: model, Symbols: classSymbols("spam"), Budget: time.Hour}}})
	lessons(t, s, 0, 24)
	if r := scanned(t, s, labelled(99, bayes.Spam)); !r.Has("OUR_SPAM") || r.Has("BAYES_SPAM") {
		t.Errorf("%s", r.JSON())
	}
}

// TestReplayAsksNoClassifier: a replay gives the recorded verdict, whatever was
// learned since, and does not ask the store.
// TestLearnAsksNobody: to learn a message beside a Learner, no model is asked about it.
func TestLearnAsksNobody(t *testing.T) {
	store := newCounts(t)
	s := asking(t, winnow.Options{Learner: learner(t), Classifiers: []statistics.Classifier{{Name: "second", Model: classifiers(t, store)["naive"], Budget: time.Hour}}})
	lessons(t, s, 0, 24)
	store.calls.Store(0)
	if r, err := s.Learn(t.Context(), labelled(77, bayes.Spam), bayes.Spam, winnow.LearnOptions{Classifier: "bayes"}); err != nil || store.calls.Load() != 0 {
		t.Errorf("%+v, %v, %d calls of another model's store", r, err, store.calls.Load())
	}
	if scanned(t, s, labelled(78, bayes.Spam)); store.calls.Load() == 0 {
		t.Error("a scan asks neither")
	}
}

func TestReplayAsksNoClassifier(t *testing.T) {
	store := newCounts(t)
	for name, model := range classifiers(t, store) {
		s := asking(t, winnow.Options{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Hour}}})
		lessons(t, s, 0, 24)
		m := labelled(99, bayes.Spam)
		m.Record = true
		r := scanned(t, s, m)
		for n := range 40 {
			if _, err := s.Learn(t.Context(), labelled(n*2+301, bayes.Spam), bayes.Ham, winnow.LearnOptions{Source: bayes.Import}); err != nil {
				t.Fatal(err)
			}
		}
		data, err := json.Marshal(r.Transcript)
		if err != nil {
			t.Fatal(err)
		}
		var back winnow.Transcript
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		calls := store.calls.Load()
		again, err := back.Replay(t.Context(), s)
		if err != nil || store.calls.Load() != calls {
			t.Fatalf("%s: %v, %d calls", name, err, store.calls.Load()-calls)
		}
		if a, b := timeless(r), timeless(again); a != b || !again.Has("BAYES_SPAM") {
			t.Errorf("%s:\n%s\n%s", name, a, b)
		}
	}
}

// TestClassifierStoreFails: a store that fails or does not answer leaves messages
// without this verdict, for no longer than the budget; lessons fail; it heals.
func TestClassifierStoreFails(t *testing.T) {
	store := newCounts(t)
	for name, model := range classifiers(t, store) {
		s := asking(t, winnow.Options{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Millisecond}}})
		lessons(t, s, 0, 24)
		for _, flag := range []*atomic.Bool{&store.broken, &store.silent} {
			flag.Store(true)
			r := scanned(t, s, labelled(99, bayes.Spam))
			if len(r.Incomplete) != 1 || r.Incomplete[0].Check != "bayes" || r.Has("BAYES_SPAM") || r.PreResult != nil {
				t.Errorf("%s: %+v", name, r.Incomplete)
			}
			if store.broken.Load() {
				if _, err := s.Learn(t.Context(), labelled(77, bayes.Spam), bayes.Spam, winnow.LearnOptions{Source: bayes.Import}); !errors.Is(err, storage.ErrUnavailable) {
					t.Errorf("%s: a lesson: %v", name, err)
				}
			}
			flag.Store(false)
		}
		if model, err := classifierOver(name, store); err != nil {
			t.Error(err)
		} else if r := scanned(t, asking(t, winnow.Options{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Hour}}}), labelled(99, bayes.Spam)); !r.Has("BAYES_SPAM") {
			t.Errorf("%s: it did not heal: %s", name, r.JSON())
		}
	}
}

// classifierOver is one of classifiers.
func classifierOver(name string, store storage.Tokens) (bayes.Classifier, error) {
	switch name {
	case "osb":
		return osb.New(store, osb.Options{Table: name, MinLearns: 6})
	case "osb34":
		return osb.New(store, osb.Options{Dialect: osb.Rspamd34, Table: name, MinLearns: 6})
	}
	return naive.New(store, naive.Options{MinLearns: 6})
}

// TestClassifierOfDeadRedis does with a real server what TestClassifierStoreFails
// does.
func TestClassifierOfDeadRedis(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes")
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true, Connect: true})
	model, err := classifierOver("osb34", store)
	if err != nil {
		t.Fatal(err)
	}
	s := asking(t, winnow.Options{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Minute}}, Timeout: -1})
	lessons(t, s, 0, 24)
	server.Kill()
	r := scanned(t, s, labelled(99, bayes.Spam))
	if len(r.Incomplete) != 1 || r.Incomplete[0].Check != "bayes" || r.Took > 50*time.Second {
		t.Errorf("%+v after %v", r.Incomplete, r.Took)
	}
	if _, err := s.Learn(t.Context(), labelled(77, bayes.Spam), bayes.Spam, winnow.LearnOptions{Source: bayes.Import}); err == nil {
		t.Error("a dead server learned")
	}
	server.Restart()
	redistest.Await(t, "a verdict from the new server", func() bool { return scanned(t, s, labelled(99, bayes.Spam)).Has("BAYES_SPAM") })
	o, _ := scanned(t, s, labelled(99, bayes.Spam)).Opinion("")
	if o.Lessons["spam"] != 12 || o.Lessons["ham"] != 12 {
		t.Errorf("lessons of 24: %v", o.Lessons)
	}
}

// TestLearnAndScanAtOnce has 64 goroutines that learn and scan with all models.
func TestLearnAndScanAtOnce(t *testing.T) {
	store := newCounts(t)
	var list []statistics.Classifier
	for name, model := range classifiers(t, store) {
		list = append(list, statistics.Classifier{Name: name, Model: model, Budget: time.Hour})
	}
	s := asking(t, winnow.Options{Families: []*checks.Family{}, Learner: learner(t), Classifiers: list})
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			class := []bayes.Class{bayes.Ham, bayes.Spam}[n%2]
			if r, err := s.Learn(t.Context(), labelled(n, class), class, winnow.LearnOptions{Source: bayes.Import}); err != nil || r.Outcome == bayes.Refused {
				t.Errorf("%d: %+v, %v", n, r, err)
			}
			if r, err := s.Scan(t.Context(), labelled(1000+n, class)); err != nil || len(r.Incomplete) > 0 {
				t.Errorf("%d: %+v, %v", n, r.Incomplete, err)
			}
			if _, err := s.Unlearn(t.Context(), labelled(n, class), winnow.LearnOptions{}); err != nil {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	wg.Wait()
	r := scanned(t, s, labelled(99, bayes.Spam))
	for _, c := range list {
		if o, ok := r.Opinion(c.Name); !ok || o.Lessons["spam"] != 0 || o.Lessons["ham"] != 0 {
			t.Errorf("%s: %+v after as many lessons were taken back", c.Name, o)
		}
	}
}

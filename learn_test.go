package winnow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
)

// labelled is the n-th mail of a class.
func labelled(n int, class bayes.Class) *winnow.Message {
	words := "kernel patch review merge branch commit build release compile header"
	if class == bayes.Spam {
		words = "winner lottery prize claim transfer million urgent beneficiary cash bonus"
	}
	list := strings.Fields(words)
	text := ""
	for i := range 40 {
		text += list[(i*i+n*3+i*n)%len(list)] + " "
	}
	return &winnow.Message{Body: winnow.FromBytes(fmt.Appendf(nil, "From: u%d@example.org\r\nTo: me@example.net\r\nMessage-ID: <%d@example.org>\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\nSubject: note\r\n\r\n%s\r\n", n, n, text))}
}

func learner(t testing.TB) *bayes.Learner {
	t.Helper()
	store := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 30})
	statetest.Seed(t, store)
	l, err := bayes.Open(t.Context(), bayes.Options{Store: store, Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); store.Close() })
	return l
}

func taught(t testing.TB, o winnow.Options) *winnow.Scanner {
	t.Helper()
	o.Learner = learner(t)
	s := asking(t, o)
	for n := range 80 {
		class := []bayes.Class{bayes.Ham, bayes.Spam}[n%2]
		if r, err := s.Learn(t.Context(), labelled(n, class), class, winnow.LearnOptions{Source: bayes.Import}); err != nil || r.Outcome != bayes.Learned && r.Outcome != bayes.Known {
			t.Fatalf("lesson %d: %+v, %v", n, r, err)
		}
	}
	return s
}

func TestScansAskTheLearner(t *testing.T) {
	s := taught(t, winnow.Options{})
	for _, c := range []struct {
		class  bayes.Class
		symbol string
		sign   float64
	}{{bayes.Spam, "BAYES_SPAM", 1}, {bayes.Ham, "BAYES_HAM", -1}} {
		n := 1000 + int(c.sign+1)/2
		m := labelled(n, c.class)
		m.Record = true
		r, err := s.Scan(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		j, ok := r.Judgement()
		found := false
		for _, sym := range r.Symbols {
			if sym.Name == c.symbol {
				found = sym.Score*c.sign > 1 && len(sym.Options) == 1 && strings.HasSuffix(sym.Options[0], "%")
			}
		}
		if !found || !ok || !j.Enough || (j.Probability-.5)*c.sign < .4 {
			t.Errorf("%s: %+v, %+v", c.class, j, r.Symbols)
		}
		if _, err := s.Learn(t.Context(), labelled(n, c.class), bayes.Ham, winnow.LearnOptions{Source: bayes.Correction}); err != nil {
			t.Fatal(err)
		}
		again, err := r.Transcript.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if was, now := timeless(r), timeless(again); was != now {
			t.Errorf("a replay after a lesson differs:\n%s\n%s", was, now)
		}
	}
}

// timeless is a result's JSON without the time it took.
func timeless(r *winnow.Result) string {
	c := *r
	c.Took = 0
	return string(c.JSON())
}

func TestNothingLearned(t *testing.T) {
	s, err := winnow.New(winnow.Options{Learner: learner(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	r, err := s.Scan(t.Context(), labelled(1, bayes.Spam))
	if err != nil {
		t.Fatal(err)
	}
	if j, ok := r.Judgement(); !ok || j.Enough || j.Probability != .5 {
		t.Errorf("%+v, %v", j, ok)
	}
	for _, sym := range r.Symbols {
		if strings.HasPrefix(sym.Name, "BAYES_") {
			t.Errorf("%s before anything was learned", sym.Name)
		}
	}
}

func TestLearnHasNoAftermath(t *testing.T) {
	runs := 0
	s := taught(t, winnow.Options{After: []winnow.After{{Name: "count", Doc: "counts", Durable: true, Run: func(context.Context, *winnow.Result) error {
		runs++
		return nil
	}}}})
	if runs != 0 {
		t.Errorf("After ran %d times", runs)
	}
	if _, err := s.Unlearn(t.Context(), labelled(3, bayes.Spam), winnow.LearnOptions{}); err != nil || runs != 0 {
		t.Errorf("After ran %d times: %v", runs, err)
	}
}

func TestLearnErrors(t *testing.T) {
	s, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	if _, err := s.Learn(t.Context(), labelled(1, bayes.Ham), bayes.Ham, winnow.LearnOptions{Source: bayes.Import}); !errors.Is(err, winnow.ErrNoLearner) {
		t.Errorf("without a learner: %v", err)
	}
	s = taught(t, winnow.Options{})
	if _, err := s.Learn(t.Context(), nil, bayes.Ham, winnow.LearnOptions{Source: bayes.Import}); !errors.Is(err, winnow.ErrMessage) {
		t.Errorf("without a message: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Learn(ctx, labelled(2000, bayes.Ham), bayes.Ham, winnow.LearnOptions{Source: bayes.Import}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	for name, raw := range map[string]string{"empty": "", "short": "Subject: x\r\n\r\ny\r\n"} {
		r, err := s.Learn(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(raw))}, bayes.Ham, winnow.LearnOptions{Source: bayes.Import})
		if err != nil || r.Outcome != bayes.TooFew {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	// A pre-result ends the scan before the learner is asked: the text is learned all the same.
	m := &winnow.Message{Body: winnow.FromBytes([]byte(gtubeMail + "\r\nand some words more than that\r\n"))}
	if r, err := s.Learn(t.Context(), m, bayes.Spam, winnow.LearnOptions{Source: bayes.Correction}); err != nil || r.Outcome != bayes.Learned {
		t.Errorf("after a pre-result: %+v, %v", r, err)
	}
}

func BenchmarkScanWithLearner(b *testing.B) {
	s := taught(b, winnow.Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Scan(b.Context(), labelled(7, bayes.Ham)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestClassify(t *testing.T) {
	s := taught(t, winnow.Options{})
	for _, c := range []struct {
		class bayes.Class
		sign  float64
	}{{bayes.Spam, 1}, {bayes.Ham, -1}} {
		j, err := s.Classify(t.Context(), labelled(1003, c.class), winnow.LearnOptions{})
		if err != nil || !j.Enough || (j.Probability-.5)*c.sign < .1 {
			t.Errorf("%s: %+v, %v", c.class, j, err)
		}
	}
	if _, err := s.Classify(t.Context(), nil, winnow.LearnOptions{}); !errors.Is(err, winnow.ErrMessage) {
		t.Error(err)
	}
}

func TestProbabilityInJSON(t *testing.T) {
	r, err := taught(t, winnow.Options{}).Scan(t.Context(), labelled(1001, bayes.Spam))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := r.Probability()
	var reply struct {
		Probability float64 `json:"probability"`
		Learned     struct {
			Enough    bool
			Ham, Spam int
		} `json:"learned"`
	}
	if err := json.Unmarshal(r.JSON(), &reply); err != nil || !ok || p < .9 || math.Abs(reply.Probability-p) > 1e-6 || !reply.Learned.Enough || reply.Learned.Ham < 30 || reply.Learned.Spam < 30 {
		t.Errorf("%v, %v: %s, %v", p, ok, r.JSON(), err)
	}
	s, err := winnow.New(winnow.Options{Learner: learner(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	if r, err = s.Scan(t.Context(), labelled(1, bayes.Spam)); err != nil {
		t.Fatal(err)
	}
	if got := string(r.JSON()); !strings.Contains(got, `"learned":{"enough":false,"ham":0,"spam":0}`) || strings.Contains(got, `"probability"`) {
		t.Errorf("nothing learned: %s", got)
	}
}

// TestLearnsForUsers has one message called ham by one and spam by another; who it
// is comes from the lesson, the settings, the host and the envelope.
func TestLearnsForUsers(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 30})
	statetest.Seed(t, store)
	l, err := bayes.Open(t.Context(), bayes.Options{Store: store, Users: true, Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); store.Close() })
	s, err := winnow.New(winnow.Options{Learner: l})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for n := range 80 {
		class := []bayes.Class{bayes.Ham, bayes.Spam}[n%2]
		for user, c := range map[string]bayes.Class{"eve@example.net": class, "bob@example.net": bayes.Ham} {
			if n%2 == 0 && user == "bob@example.net" {
				continue
			}
			if r, err := s.Learn(t.Context(), labelled(n, class), c, winnow.LearnOptions{Source: bayes.Import, User: user}); err != nil || r.Was != "" {
				t.Fatalf("lesson %d of %s: %+v, %v", n, user, r, err)
			}
		}
	}
	probability := func(m *winnow.Message, seeds ...checks.Seeded) float64 {
		r, err := s.Scan(t.Context(), m, seeds...)
		if err != nil {
			t.Fatal(err)
		}
		j, _ := r.Judgement()
		return j.Probability
	}
	to := func(rcpt string) *winnow.Message {
		m := labelled(1001, bayes.Spam)
		m.Envelope.Rcpts = []string{rcpt}
		return m
	}
	bob, eve := probability(to("Bob@example.net")), probability(to("eve@example.net"))
	if bob > .4 || eve < .6 {
		t.Errorf("spam is %.3f for bob, who wants it, %.3f for eve", bob, eve)
	}
	if got := probability(to("eve@example.net"), checks.Seed(statistics.Owner, "bob@example.net")); got != bob {
		t.Errorf("the host says that it is bob: %.3f", got)
	}
	m := to("eve@example.net")
	m.Settings = &winnow.Settings{User: "bob@example.net"}
	if got := probability(m); got != bob {
		t.Errorf("settings say that it is bob: %.3f", got)
	}
	m = to("eve@example.net")
	m.RcptSettings = map[string]*winnow.Settings{"eve@example.net": {User: "bob@example.net"}}
	m.Settings = &winnow.Settings{User: "dan@example.net"}
	if got := probability(m); got != bob {
		t.Errorf("the recipient's settings say that it is bob: %.3f", got)
	}
	j, err := s.Classify(t.Context(), labelled(1001, bayes.Spam), winnow.LearnOptions{User: "bob@example.net"})
	if other, err2 := s.Classify(t.Context(), labelled(1001, bayes.Spam), winnow.LearnOptions{User: "eve@example.net"}); err != nil || err2 != nil || j.LogOdds >= other.LogOdds {
		t.Errorf("without a scan %.2f for bob, %.2f for eve: %v, %v", j.LogOdds, other.LogOdds, err, err2)
	}
}

func TestExplainLearned(t *testing.T) {
	s := taught(t, winnow.Options{})
	m := labelled(1001, bayes.Spam)
	m.Record = true
	r, err := s.Scan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	w := r.Explain().Learned
	if w == nil || w.Verdict.Probability < .9 || len(w.Tokens) < 2 || len(w.Grams) < 2 || len(w.Places) == 0 || len(w.Where) != len(w.Places) {
		t.Fatalf("%+v", w)
	}
	raw, found := string(r.Message().Raw()), 0
	for i, p := range w.Where {
		if p.Length > 0 {
			found++
			if got := strings.ToLower(strings.Join(strings.Fields(raw[p.Offset:p.Offset+p.Length]), " ")); got != w.Places[i].Text && !strings.Contains(w.Places[i].Text, got) {
				t.Errorf("%q at %q", w.Places[i].Text, got)
			}
		}
	}
	if found == 0 {
		t.Errorf("no place in the text: %+v", w.Where)
	}
	again, err := r.Transcript.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if again.Explain().Learned != nil {
		t.Error("a replay is explained by today's tables")
	}
}

func TestLearnTellsWhatMoved(t *testing.T) {
	s := taught(t, winnow.Options{})
	r, err := s.Learn(t.Context(), labelled(1001, bayes.Spam), bayes.Ham, winnow.LearnOptions{Explain: true})
	if err != nil || r.After >= r.Before || len(r.Moved) == 0 || len(r.Moved) > 20 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, c := range r.Moved {
		if c.After >= c.Before && i == 0 || c.Kind == "" {
			t.Errorf("%+v", c)
		}
	}
	if r, err = s.Learn(t.Context(), labelled(1001, bayes.Spam), bayes.Ham, winnow.LearnOptions{Explain: true}); err != nil || r.Outcome != bayes.Already || len(r.Moved) != 0 {
		t.Errorf("learned already: %+v, %v", r, err)
	}
}

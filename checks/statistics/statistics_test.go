package statistics_test

import (
	"math"
	"slices"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
)

// A fake thinks what it is told to.
type fake struct {
	j      bayes.Judgement
	raised []string
	user   string
	judged int
}

func (f *fake) Features(_ *mail.Message, raised []string) fused.Features {
	f.raised = raised
	return fused.Features{}
}

func (f *fake) Judge(_ fused.Features, user string) bayes.Judgement {
	f.user = user
	f.judged++
	return f.j
}

func scan(t *testing.T, l statistics.Learner, rcpts ...string) *winnow.Result {
	t.Helper()
	return seeded(t, l, nil, rcpts...)
}

func seeded(t *testing.T, l statistics.Learner, seeds []checks.Seeded, rcpts ...string) *winnow.Result {
	t.Helper()
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{statistics.New(l)}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	r, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("From: a@example.org\r\n\r\nx\r\n")), Envelope: mail.Envelope{Rcpts: rcpts}}, seeds...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCurve(t *testing.T) {
	for _, c := range []struct {
		p      float64
		enough bool
		symbol string
		score  float64
		option string
	}{
		{1, true, "BAYES_SPAM", 5.1, "100.00%"},
		{.95, true, "BAYES_SPAM", 5.1 * math.Pow(.9, 8), "90.00%"},
		{.549, true, "", 0, ""},
		{.45, true, "", 0, ""},
		{.05, true, "BAYES_HAM", -3 * math.Pow(.9, 8), "90.00%"},
		{0, true, "BAYES_HAM", -3, "100.00%"},
		{1, false, "", 0, ""},
		{math.NaN(), true, "", 0, ""},
	} {
		j := bayes.Judgement{Enough: c.enough}
		j.Probability = c.p
		r := scan(t, &fake{j: j})
		if c.symbol == "" {
			if len(r.Symbols) != 0 {
				t.Errorf("%v: %+v", c.p, r.Symbols)
			}
			continue
		}
		if len(r.Symbols) != 1 || r.Symbols[0].Name != c.symbol || math.Abs(r.Symbols[0].Score-c.score) > 1e-6 || !slices.Equal(r.Symbols[0].Options, []string{c.option}) {
			t.Errorf("%v: %+v", c.p, r.Symbols)
		}
	}
}

// TestLesson asks for no judgement where a message is only learned.
func TestLesson(t *testing.T) {
	for lesson, judged := range map[bool]int{true: 0, false: 1} {
		l := &fake{j: bayes.Judgement{Enough: true}}
		r := seeded(t, l, []checks.Seeded{checks.Seed(statistics.Lesson, lesson)})
		_, known := statistics.Features.From(r)
		if _, asked := r.Judgement(); l.judged != judged || asked == lesson || !known || len(r.Notes) != 0 {
			t.Errorf("lesson %v: judged %d times, features %v, %q", lesson, l.judged, known, r.Notes)
		}
	}
}

// TestPrior holds the hint of a prior to little, to spam, and to the time before
// enough is learned.
func TestPrior(t *testing.T) {
	for _, c := range []struct {
		prior, p float64
		enough   bool
		score    float64
		option   string
	}{
		{1, 1, false, 1, "100.00%"},
		{.95, 1, false, .9, "90.00%"},
		{1, .95, false, .9, "90.00%"}, // own lessons weaken it,
		{.6, 1, false, .2, "20.00%"},  // and do not make it stronger
		{1, .5, false, 0, ""},
		{1, .01, false, 0, ""},
		{.01, 1, false, 0, ""},
		{.01, .01, false, 0, ""},
		{0, 1, false, 0, ""}, // no prior
		{1, .5, true, 0, ""},
		{math.NaN(), 1, false, 0, ""},
		{1, math.NaN(), false, 0, ""},
	} {
		j := bayes.Judgement{Enough: c.enough, Prior: c.prior}
		j.Probability = c.p
		r := scan(t, &fake{j: j})
		if c.option == "" {
			if len(r.Symbols) != 0 {
				t.Errorf("%+v: %+v", c, r.Symbols)
			}
			continue
		}
		if len(r.Symbols) != 1 || r.Symbols[0].Name != "BAYES_PRIOR" || math.Abs(r.Symbols[0].Score-c.score) > 1e-6 || !slices.Equal(r.Symbols[0].Options, []string{c.option}) {
			t.Errorf("%+v: %+v", c, r.Symbols)
		}
	}
	j := bayes.Judgement{Enough: true, Prior: 1}
	j.Probability = 1
	if r := scan(t, &fake{j: j}); len(r.Symbols) != 1 || r.Symbols[0].Name != "BAYES_SPAM" {
		t.Errorf("%+v", r.Symbols)
	}
}

func TestUser(t *testing.T) {
	for _, c := range []struct {
		rcpts []string
		user  string
	}{{nil, ""}, {[]string{"Bob@Example.net"}, "bob@example.net"}, {[]string{"a@example.net", "b@example.net"}, ""}} {
		var f fake
		if scan(t, &f, c.rcpts...); f.user != c.user {
			t.Errorf("%q: user %q", c.rcpts, f.user)
		}
	}
}

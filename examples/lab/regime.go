package main

import (
	"context"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"time"
)

// A regime says which messages are learned, when and under which label.
type regime struct {
	kind  string  // "", users, attack or drift
	noise float64 // share of wrong labels
	delay int     // messages between a verdict and its label
	ask   string  // all, only-errors, unsure-queue
	share float64 // share of messages that are labelled at all
	sure  bool    // labels are corrections by a person
	// self is from what log-odds on, of either sign, a message without a label is
	// learned by the model's own verdict, 0 for never.
	self float64
	// inbox is after how many messages one that was judged ham and has no label
	// is learned as ham, 0 for never: it has stayed in the inbox.
	inbox int
}

// words name what is not as usual.
func (r *regime) words() (w []string) {
	if r.ask != "all" {
		w = append(w, r.ask)
	}
	if r.noise > 0 {
		w = append(w, fmt.Sprintf("noise=%g", r.noise))
	}
	if r.delay > 0 {
		w = append(w, fmt.Sprintf("delay=%d", r.delay))
	}
	if r.share < 1 {
		w = append(w, fmt.Sprintf("share=%g", r.share))
	}
	if r.self > 0 {
		w = append(w, fmt.Sprintf("self-training=%g", r.self))
	}
	if r.inbox > 0 {
		w = append(w, fmt.Sprintf("inbox-as-ham=%d", r.inbox))
	}
	if r.sure == (r.noise > 0) { // not the source that goes with it
		w = append(w, "source="+map[bool]string{true: "explicit", false: "implicit"}[r.sure])
	}
	return w
}

// A trial is a model that went through a stream.
type trial struct {
	results []scored
	writes  int // messages that changed the model
	written int // bytes
	spent   time.Duration
	table   int
	learned bool // before the results
}

func (t *trial) row(corpus string, order int, model, regime string) row {
	n := float64(max(1, len(t.results)))
	warm := warmUp
	if t.learned {
		warm = 0
	}
	r := row{Corpus: corpus, Order: "shuffle", Model: model, Regime: regime, figures: measure(t.results, warm)}
	if order == 0 {
		r.Order = "date"
	}
	r.Micros = float64(t.spent) / float64(time.Microsecond) / n
	r.WriteShare = float64(t.writes) / n
	r.Written = float64(t.written) / n
	r.TableBytes = t.table
	return r
}

// A pending label waits for its time.
type pending struct {
	due   int
	label label
}

// A student is a model under a regime.
type student struct {
	*regime
	model model
	draw  *rand.Rand
	wait  []pending
	n     int // messages that were judged
	trial trial
}

// student returns a model at the start of its trial. The seed is that of the
// labels that are wrong or missing.
func (r *regime) student(m model, seed int64) *student {
	return &student{regime: r, model: m, draw: rand.New(rand.NewSource(100 + seed))}
}

// run judges and learns the samples in order.
func (r *regime) run(ctx context.Context, m model, samples []sample, order []int, seed int64) (*trial, error) {
	s := r.student(m, seed)
	for _, i := range order {
		if err := s.next(ctx, i, &samples[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", samples[i].path, err)
		}
	}
	s.trial.table = m.bytes()
	return &s.trial, nil
}

// next judges a message, number i of all, and learns it when its time has come.
func (s *student) next(ctx context.Context, i int, it *sample) error {
	for len(s.wait) > 0 && s.wait[0].due <= s.n {
		if err := s.learn(s.wait[0].label); err != nil {
			return err
		}
		s.wait = s.wait[1:]
	}
	v, err := s.judge(it)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	s.trial.results = append(s.trial.results, v)
	s.n++
	asked := s.ask == "all" || it.spam != (v.p > .5) || s.ask == "unsure-queue" && v.score < 2 && v.score > -2
	labelled := s.draw.Float64() < s.share && asked
	own := v.p > .5
	switch {
	case labelled:
		return s.after(s.delay, label{i, it.features, it.spam != (s.draw.Float64() < s.noise), s.sure})
	case s.self > 0 && math.Abs(v.score) > s.self:
		return s.learn(label{i, it.features, own, false})
	case s.inbox > 0 && !own:
		return s.after(s.inbox, label{i, it.features, false, false})
	}
	return nil
}

// after learns a label behind the verdicts on so many messages, the one of the label
// among them.
func (s *student) after(messages int, l label) error {
	if messages == 0 {
		return s.learn(l)
	}
	due := s.n - 1 + messages
	at := len(s.wait)
	for at > 0 && s.wait[at-1].due > due {
		at--
	}
	s.wait = slices.Insert(s.wait, at, pending{due, l})
	return nil
}

func (s *student) judge(it *sample) (scored, error) {
	started := time.Now()
	logOdds, p, err := s.model.classify(it.features)
	s.trial.spent += time.Since(started)
	return scored{it.spam, logOdds, p}, err
}

func (s *student) learn(l label) error {
	n, changed, err := s.model.learn(l)
	if changed {
		s.trial.writes++
	}
	s.trial.written += n
	return err
}

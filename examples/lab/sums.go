package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks/composites"
	"github.com/winnowmail/winnow/neural"
	"github.com/winnowmail/winnow/storage"
)

// sums are models whose verdict is the score of a scan: alone, with what a learner's
// symbol counts, and with that of docker-mailserver's three nets.
func sums() []string {
	return []string{"score", "score+nets", "score+osb", "score+osb+nets", "score+fused", "score+fused+nets"}
}

// A summed message is one with the score that its scan had without statistics.
type summed struct {
	score  float64
	vector *neural.Vector
	of     any // for the learner
}

// A sumModel adds up.
type sumModel struct {
	learner model        // nil without one
	nets    *neural.Nets // nil without them
}

// sum makes models of a name of sums.
func (o *options) sum(name string) (maker, error) {
	parts := strings.Split(name, "+")
	k := kind{title: name}
	var learner maker
	for _, p := range parts[1:] {
		if p == "nets" {
			continue
		}
		var err error
		if learner, err = o.kind(p); err != nil {
			return nil, err
		}
	}
	withNets := slices.Contains(parts, "nets")
	seen, err := newNets()
	if err != nil {
		return nil, err
	}
	composite := map[string]bool{}
	for _, c := range composites.Default() {
		composite[c.Def.Name] = true
	}
	k.extract = func(in input) any {
		checks := slices.DeleteFunc(slices.Clone(in.symbols), func(s string) bool { return composite[s] })
		s := summed{score: in.score, vector: seen.Vector(in.message, checks)}
		if learner != nil {
			s.of = learner.features(in)
		}
		return s
	}
	k.make = func() (model, error) {
		m := &sumModel{}
		var err error
		if learner != nil {
			if m.learner, err = learner.fresh(); err != nil {
				return nil, err
			}
		}
		if withNets {
			m.nets, err = newNets()
		}
		return m, err
	}
	return k, nil
}

func newNets() (*neural.Nets, error) {
	store := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 40})
	return neural.New(neural.Options{Rules: neural.Mailserver(), Store: store, Watch: -1})
}

// marks is the score from which on mail is marked, as Rspamd's add_header.
const marks = 6

// classify returns the sum; the probability is above one half where mail is marked.
func (m *sumModel) classify(f any) (logOdds, p float64, err error) {
	s := f.(summed)
	sum := s.score
	if m.learner != nil {
		_, p, err := m.learner.classify(s.of)
		if err != nil {
			return 0, 0, err
		}
		sum += bayesScore(p)
	}
	if m.nets != nil {
		sum += m.nets.Score(s.vector)
	}
	return sum, 1 / (1 + math.Exp(marks-sum)), nil
}

// bayesScore is what BAYES_SPAM or BAYES_HAM counts for a probability.
func bayesScore(p float64) float64 {
	weight := 5.1
	if p < .5 {
		weight = -3
	}
	return weight * math.Pow(2*math.Abs(p-.5), 8)
}

// learn teaches the learner and the nets, which train when they have enough.
func (m *sumModel) learn(l label) (written int, changed bool, err error) {
	s := l.features.(summed)
	if m.learner != nil {
		own := l
		own.features = s.of
		if written, changed, err = m.learner.learn(own); err != nil {
			return written, changed, err
		}
	}
	if m.nets == nil {
		return written, changed, nil
	}
	class := bayes.Ham
	if l.spam {
		class = bayes.Spam
	}
	if err := m.nets.Add(context.Background(), s.vector, class, strconv.Itoa(l.n)); err != nil {
		return written, changed, err
	}
	return written, changed, unfit(m.nets.Train(context.Background()))
}

// unfit makes of a net that is not put in force no error.
func unfit(err error) error {
	if errors.Is(err, neural.ErrUnfit) {
		return nil
	}
	return err
}

func (m *sumModel) bytes() int {
	if m.learner == nil {
		return 0
	}
	return m.learner.bytes()
}

package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/bayes/naive"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// A label tells a model what a message is.
type label struct {
	n        int // of the message
	features any
	spam     bool
	sure     bool
}

// A model is what is measured.
type model interface {
	features(m *mail.Message, symbols []string) any
	classify(features any) (logOdds, p float64)
	learn(label) (writes int) // 1 if it changed something
	bytes() int               // of the tables, 0 for counts in a store
}

func models() []string { return []string{"fused", "osb", "osb34", "naive"} }

// newModel returns a model that has learned nothing.
func (o *options) newModel() (model, error) {
	memory := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 40, Lessons: 1 << 30})
	switch o.model {
	case "fused":
		m, err := fused.New(fused.Options{Seed: 1, Bits: o.bits, Prior: o.known})
		return fusedModel{m, 10 << o.bits}, err
	case "osb", "osb34":
		d := osb.Rspamd416
		if o.model == "osb34" {
			d = osb.Rspamd34
		}
		c, err := osb.New(memory, osb.Options{Dialect: d, MinLearns: 1})
		return osbModel{c}, err
	case "naive":
		c, err := naive.New(memory, naive.Options{MinLearns: 1})
		return naiveModel{c}, err
	}
	return nil, fmt.Errorf("no model %q", o.model)
}

type fusedModel struct {
	*fused.Model
	size int
}

func (m fusedModel) bytes() int { return m.size }

func (m fusedModel) features(msg *mail.Message, symbols []string) any {
	return m.Features(msg, symbols, "")
}

func (m fusedModel) classify(f any) (logOdds, p float64) {
	v := m.Classify(f.(fused.Features))
	return v.LogOdds, v.Probability
}

func (m fusedModel) learn(l label) int {
	e, _, ok := m.Learn(fused.Lesson{Features: l.features.(fused.Features), Spam: l.spam, Sure: l.sure})
	if !ok {
		return 0
	}
	if err := m.Apply(e); err != nil {
		panic(err) // The model made the event itself.
	}
	if e.Empty() {
		return 0
	}
	return 1
}

// osbModel is Rspamd's, which learns no message that it knows.
type osbModel struct{ c *osb.Classifier }

func (m osbModel) bytes() int                                 { return 0 }
func (m osbModel) features(msg *mail.Message, _ []string) any { return m.c.Tokens(msg, osb.Seen{}) }

func (m osbModel) classify(f any) (logOdds, p float64) {
	v, err := m.c.Classify(context.Background(), f.([]osb.Token))
	if err != nil {
		panic(err) // The memory is open and unlimited.
	}
	return logit(v.Probability), v.Probability
}

func (m osbModel) learn(l label) int {
	_, err := m.c.Learn(context.Background(), osb.Lesson{
		Message: strconv.Itoa(l.n), Class: className(l.spam), Tokens: l.features.([]osb.Token),
	})
	if err != nil {
		return 0
	}
	return 1
}

type naiveModel struct{ c *naive.Classifier }

func (m naiveModel) bytes() int                                 { return 0 }
func (m naiveModel) features(msg *mail.Message, _ []string) any { return naive.Tokens(msg) }

func (m naiveModel) classify(f any) (logOdds, p float64) {
	v, err := m.c.Classify(context.Background(), f.([]uint64))
	if err != nil {
		panic(err) // The memory is open and unlimited.
	}
	if v.Class == "" {
		return 0, .5
	}
	if v.Class == naive.Ham {
		v.Margin = -v.Margin
	}
	return v.Margin, v.Shares[naive.Spam]
}

func (m naiveModel) learn(l label) int {
	if _, err := m.c.Learn(context.Background(), strconv.Itoa(l.n), className(l.spam), l.features.([]uint64)); err != nil {
		return 0
	}
	return 1
}

func className(spam bool) string {
	if spam {
		return osb.Spam
	}
	return osb.Ham
}

// logit are the log-odds of p, which may be 0 or 1.
func logit(p float64) float64 {
	return math.Max(-40, math.Min(40, math.Log(p)-math.Log1p(-p)))
}

package main

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/bayes/naive"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// An input is a message that was scanned.
type input struct {
	message *mail.Message
	symbols []string // sorted
	user    string
	score   float64 // of the scan
}

// A label tells a model what a message is.
type label struct {
	n        int // of the message
	features any
	spam     bool
	sure     bool
}

// A model is what is measured.
type model interface {
	classify(features any) (logOdds, p float64, err error)
	// learn returns how many bytes it wrote, and whether it learned anything.
	learn(label) (written int, changed bool, err error)
	bytes() int // of the tables, or of what a store grew to
}

// A maker makes models of one kind that have learned nothing.
type maker interface {
	name() string
	// parsed reports whether features takes a message that was scanned. Other
	// models take its bytes for features.
	parsed() bool
	features(input) any
	// fresh ends the use of the model before.
	fresh() (model, error)
	close()
}

func models() []string { return append([]string{"fused", "osb", "osb34", "naive"}, sums()...) }

// A kind is the maker of a model of this library.
type kind struct {
	title   string
	extract func(input) any
	make    func() (model, error)
}

func (k kind) name() string          { return k.title }
func (k kind) parsed() bool          { return true }
func (k kind) features(in input) any { return k.extract(in) }
func (k kind) fresh() (model, error) { return k.make() }
func (k kind) close()                {}

func (o *options) kind(name string) (maker, error) {
	if strings.HasPrefix(name, "score") {
		return o.sum(name)
	}
	switch name {
	case "fused":
		return o.fused()
	case "naive":
		return kind{name, func(in input) any { return naive.Tokens(in.message) }, func() (model, error) {
			m := newCounted()
			c, err := naive.New(m.Memory, naive.Options{MinLearns: 1})
			return &naiveModel{m, c}, err
		}}, nil
	}
	d := osb.Rspamd416
	if name == "osb34" {
		d = osb.Rspamd34
	}
	return kind{name, func(in input) any { return osb.Tokens(in.message, d, osb.Seen{}) }, func() (model, error) {
		m := newCounted()
		c, err := osb.New(m.Memory, osb.Options{Dialect: d, MinLearns: 1})
		return &osbModel{m, c}, err
	}}, nil
}

// fused makes models of one seed and size, which all have the same slots.
func (o *options) fused() (maker, error) {
	fresh := func() (*fused.Model, error) {
		return fused.New(fused.Options{Seed: 1, Bits: o.bits, Prior: o.known, Windows: o.windows})
	}
	hashing, err := fresh()
	return kind{"fused", func(in input) any { return hashing.Features(in.message, in.symbols, in.user) }, func() (model, error) {
		m, err := fresh()
		size := 10 << o.bits
		if o.windows {
			size += 4 << min(o.bits, 18)
		}
		return fusedModel{m, size}, err
	}}, err
}

type fusedModel struct {
	*fused.Model
	size int
}

func (m fusedModel) bytes() int { return m.size }

func (m fusedModel) classify(f any) (logOdds, p float64, err error) {
	v := m.Classify(f.(fused.Features))
	return v.LogOdds, v.Probability, nil
}

func (m fusedModel) learn(l label) (written int, changed bool, err error) {
	e, _, ok := m.Learn(fused.Lesson{Features: l.features.(fused.Features), Spam: l.spam, Sure: l.sure})
	if !ok {
		return 0, false, nil
	}
	b, err := e.MarshalBinary()
	if err == nil {
		err = m.Apply(e)
	}
	return len(b), !e.Empty(), err
}

// counted is a store that holds tokens, and tells how far it has grown.
type counted struct {
	*storage.Memory
	last int
}

func newCounted() *counted {
	return &counted{Memory: storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 40, Lessons: 1 << 30})}
}

func (c *counted) bytes() int { return int(c.Stats().Bytes) }

// grown returns by how much the store grew since it was last asked.
func (c *counted) grown() int {
	now := c.bytes()
	n := now - c.last
	c.last = now
	return max(0, n)
}

// osbModel is Rspamd's, which learns no message that it knows.
type osbModel struct {
	*counted
	c *osb.Classifier
}

func (m *osbModel) classify(f any) (logOdds, p float64, err error) {
	v, err := m.c.Classify(context.Background(), f.([]osb.Token))
	return logit(v.Probability), v.Probability, err
}

func (m *osbModel) learn(l label) (written int, changed bool, err error) {
	_, err = m.c.Learn(context.Background(), osb.Lesson{
		Message: strconv.Itoa(l.n), Class: className(l.spam), Tokens: l.features.([]osb.Token),
	})
	return m.grown(), err == nil, refusal(err)
}

type naiveModel struct {
	*counted
	c *naive.Classifier
}

func (m *naiveModel) classify(f any) (logOdds, p float64, err error) {
	v, err := m.c.Classify(context.Background(), f.([]uint64))
	switch v.Class {
	case "":
		return 0, .5, err
	case naive.Ham:
		v.Margin = -v.Margin
	}
	return v.Margin, v.Shares[naive.Spam], err
}

func (m *naiveModel) learn(l label) (written int, changed bool, err error) {
	_, err = m.c.Learn(context.Background(), strconv.Itoa(l.n), className(l.spam), l.features.([]uint64))
	return m.grown(), err == nil, refusal(err)
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

// refusal is nil if an error only tells that a message can't be learned.
func refusal(err error) error {
	if errors.Is(err, osb.ErrShort) || errors.Is(err, osb.ErrKnown) || errors.Is(err, naive.ErrEmpty) {
		return nil
	}
	return err
}

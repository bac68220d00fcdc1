package fused

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"sync"
)

const (
	// DefaultBits is the usual size of a table: 2^20 slots.
	DefaultBits = 20
	// UserBits is the size of a table that keeps features of single users too.
	UserBits = 21

	memberClip = 20.0  // of one member's log-odds in the sum
	fusionRate = 0.005 // of the weights of the members
	members    = 4     // tokens, grams, counts and, as an option, windows
	always     = 3     // of them that every Model has
	// FirstLessons is how many lessons of a class are counted even if the model
	// knew them, so that Ham and Spam tell when it has seen enough.
	FirstLessons = 30
)

// Options describe a Model.
type Options struct {
	// Seed decides where a feature's slot is. An installation draws it once and
	// keeps it with the tables.
	Seed uint64
	// Bits is the binary logarithm of the number of slots of each table, 14 to
	// 24; 0 means DefaultBits. A table of 2^20 takes 10 MiB in all.
	Bits int
	// Windows adds a member that reads the beginning, the next part and the end of
	// the texts by themselves, against spam that whole harmless messages are pasted
	// to. It takes 1 MiB. All that apply the same events must agree on it.
	Windows bool
	// Prior is what is known before the first lesson; nil: nothing.
	Prior *Prior
	// Earlier are the digests of other priors whose tables UnmarshalBinary takes
	// as well. What they learned began at those and stays; Prior is read where
	// they learned nothing.
	Earlier [][sha256.Size]byte
}

// A Model holds what was learned. It is safe for concurrent use.
type Model struct {
	seed  uint64
	bits  int
	shift uint
	// windowBits is the binary logarithm of the slots of windows, 0 without
	// Options.Windows.
	windowBits int
	prior      *Prior
	spare      extractors

	priors [][sha256.Size]byte // digests: of prior, then of earlier ones

	mu      sync.RWMutex
	tokens  regression
	grams   regression
	counts  counts
	windows windowed
	weight  [members]float32
	// lessons counts what was learned of each class, ham and spam: all of the
	// first FirstLessons, then those that changed something.
	lessons [2]uint32
	events  uint64 // applied
}

// New returns a Model that has learned nothing.
func New(o Options) (*Model, error) {
	if o.Bits == 0 {
		o.Bits = DefaultBits
	}
	if o.Bits < 14 || o.Bits > 24 {
		return nil, fmt.Errorf("fused: tables of 2^%d slots: from 2^14 to 2^24", o.Bits)
	}
	priors := append([][sha256.Size]byte{o.Prior.Digest()}, o.Earlier...)
	if o.Prior == nil {
		o.Prior = &Prior{}
	}
	n := 1 << o.Bits
	m := &Model{
		seed: o.Seed, bits: o.Bits, shift: uint(64 - o.Bits), prior: o.Prior, priors: priors,
		tokens: make(regression, n), grams: make(regression, n), counts: counts{slots: make([][2]uint8, n)},
		weight: [members]float32{1.0 / always, 1.0 / always, 1.0 / always},
	}
	if o.Windows {
		m.windowBits = min(o.Bits, windowBits)
		m.windows = windowed{make(regression, 1<<m.windowBits)}
		m.weight = [members]float32{1.0 / members, 1.0 / members, 1.0 / members, 1.0 / members}
	}
	return m, nil
}

// A Verdict is what a Model thinks of a message.
type Verdict struct {
	// Members are the log-odds of spam that tokens, grams, counts and, with
	// Options.Windows, windows give, and Weights are what each counts in the sum.
	Members [members]float64
	Weights [members]float64
	// LogOdds is the sum: positive means spam. Probability is its logistic
	// function, a calibrated probability of spam.
	LogOdds, Probability float64
	// Ham and Spam are the lessons of each class, leaving out later ones that the
	// Model knew already.
	Ham, Spam int
	// Events says how many events had been applied.
	Events uint64
}

// Classify returns what the Model thinks of features.
func (m *Model) Classify(f Features) Verdict {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.classify(f)
}

func (m *Model) classify(f Features) Verdict {
	v := Verdict{
		Members: [members]float64{m.tokens.margin(f.Tokens), m.grams.margin(f.Grams), m.counts.margin(f.Grams), m.windows.verdict(f.Windows)},
		Ham:     int(m.lessons[0]), Spam: int(m.lessons[1]), Events: m.events,
	}
	for i, x := range v.Members {
		v.Members[i] = math.Max(-memberClip, math.Min(memberClip, x))
		v.Weights[i] = float64(m.weight[i])
		v.LogOdds += v.Weights[i] * v.Members[i]
	}
	v.Probability = sigmoid(v.LogOdds)
	return v
}

// A Lesson is a message's features with its label.
type Lesson struct {
	Features Features
	Spam     bool
	// Sure tells that a person corrected or confirmed the verdict. Such a lesson
	// has its full weight however sure the model was of the opposite, and changes
	// nothing if the model knew. Labels of
	// other origin are doubted then: their weight falls with the model's odds
	// against them.
	Sure bool
}

// Learn returns the event that a lesson asks for, without applying it, and the
// verdict before it. ok is false if the model knows the lesson well enough; while
// it has seen few of the class, such a lesson has an event that only counts it.
//
// The event is what Apply takes, here or wherever the same events are applied in
// the same order.
func (m *Model) Learn(l Lesson) (e Event, before Verdict, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v := m.classify(l.Features)
	y, target := -1.0, 0.0
	if l.Spam {
		y, target = 1, 1
	}
	if l.Sure && y*v.LogOdds >= margin {
		return Event{Spam: l.Spam, Weights: m.weight}, v, m.lessons[class(l.Spam)] < FirstLessons
	}
	trust := 1.0
	if !l.Sure {
		trust = belief(y * v.LogOdds)
	}
	e = Event{
		Features: Features{Tokens: l.Features.Tokens.sorted(), Grams: l.Features.Grams.sorted()}, Spam: l.Spam,
		TokenStep: gradient(m.tokens.margin(l.Features.Tokens), l.Spam, trust, len(l.Features.Tokens.Slots)),
		GramStep:  gradient(m.grams.margin(l.Features.Grams), l.Spam, trust, len(l.Features.Grams.Slots)),
		Count:     trust == 1 && m.counts.wants(v.Members[2], l.Spam), // A count can't be taken in part.
	}
	e.Features.Windows, e.WindowSteps = m.windows.learn(l.Features.Windows, l.Spam, trust)
	miss := trust * (target - v.Probability)
	if y*v.LogOdds >= margin {
		miss = 0
	}
	for i := range e.Weights {
		e.Weights[i] = float32(math.Max(0, v.Weights[i]+fusionRate*miss*v.Members[i]))
	}
	return e, v, true
}

// Kind tells what the features of a message depend on beside it: those of Models
// with the same Kind mean the same.
func (m *Model) Kind() uint64 {
	h := fnv.New64a()
	_, _ = h.Write(m.priors[0][:]) // It never fails.
	kind := h.Sum64() ^ mix(m.seed^uint64(m.bits)<<8^viewVersion)
	if m.windowBits != 0 {
		kind = mix(kind)
	}
	return kind
}

// Has reports whether features that were read from elsewhere are within the tables.
func (m *Model) Has(f Features) bool {
	e := Event{Features: f, WindowSteps: make([]float32, len(f.Windows))}
	return m.Fits(e) == nil
}

// Fits returns an error for an event that Apply would not take.
func (m *Model) Fits(e Event) error {
	if m.windowBits > 0 && !fit(e.Features.Windows, m.windowBits) {
		return errors.New("fused: an event with a window of a larger table")
	}
	return e.fits(m.bits)
}

// Apply makes the change that an event asks for.
func (m *Model) Apply(e Event) error {
	if err := m.Fits(e); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events++
	if n := &m.lessons[class(e.Spam)]; !e.Undo {
		*n++
	} else if *n > 0 {
		*n--
	}
	m.windows.change(e.Features.Windows, e.WindowSteps, e.Undo)
	if e.Undo {
		m.tokens.revert(e.Features.Tokens, e.TokenStep)
		m.grams.revert(e.Features.Grams, e.GramStep)
		if e.Count {
			m.counts.discount(e.Features.Grams, e.Spam)
		}
		return nil
	}
	m.tokens.apply(e.Features.Tokens, e.TokenStep)
	m.grams.apply(e.Features.Grams, e.GramStep)
	if e.Count {
		m.counts.count(e.Features.Grams, e.Spam)
	}
	own := m.weight[always]
	if m.weight = e.Weights; !e.windowed() || m.windowBits == 0 {
		m.weight[always] = own // The event knows nothing of windows, or this Model.
	}
	return nil
}

// Events returns how many events were applied.
func (m *Model) Events() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.events
}

// class is the place of a class in pairs.
func class(spam bool) int {
	if spam {
		return 1
	}
	return 0
}

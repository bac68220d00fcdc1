package fused

import (
	"slices"
	"sync"

	"github.com/winnowmail/winnow/mail"
)

// Features are what a Model knows a message by: the slots of its tokens and of
// its grams under one seed. They can't be turned back into words.
type Features struct {
	Tokens, Grams View
	// Windows are there in a Model with Options.Windows.
	Windows []View
}

// A View is one set of features.
type View struct {
	Slots []uint32
	// Prior is the weight that the prior gives each slot's feature, nil without a
	// prior.
	Prior []int8
}

// An extractor holds the memory that one extraction needs.
type extractor struct {
	fields []field
	set    set
	names  *names // of the tokens; nil where nobody wants them
}

type extractors struct{ pool sync.Pool }

func (p *extractors) get() *extractor {
	if e, ok := p.pool.Get().(*extractor); ok {
		return e
	}
	return new(extractor)
}

// Features returns the features of a message: raised names the symbols that
// checks raised on it before any learner was asked. With a user they are those of
// ForUser.
func (m *Model) Features(msg *mail.Message, raised []string, user string) Features {
	e := m.spare.get()
	defer m.spare.pool.Put(e)
	e.fields = written(e.fields[:0], msg.Header())
	defer clear(e.fields)

	var f Features
	e.set.reset()
	e.tokens(msg, raised)
	f.Tokens = m.view(e.set.list, &m.prior.tokens)
	e.set.reset()
	e.grams(msg)
	f.Grams = m.view(e.set.list, &m.prior.grams)
	f.Windows = m.partsOf(e, msg)
	return m.ForUser(f, user)
}

// partsOf are the windows of a message, none without the option.
func (m *Model) partsOf(e *extractor, msg *mail.Message) []View {
	if m.windowBits == 0 {
		return nil
	}
	return e.windows(msg, func(h uint64) uint32 { return m.slot(h) >> (m.bits - m.windowBits) })
}

// ForUser returns features that count twice, once for all and once for a user.
// They have to be without a user; "" gives them back as they are. Windows count
// for all alone.
func (m *Model) ForUser(f Features, user string) Features {
	if user == "" {
		return f
	}
	return Features{Tokens: m.own(f.Tokens, user), Grams: m.own(f.Grams, user), Windows: f.Windows}
}

// view turns hashes into slots.
func (m *Model) view(hashes []uint64, prior *weights) View {
	v := View{Slots: make([]uint32, len(hashes))}
	for i, h := range hashes {
		v.Slots[i] = m.slot(h)
	}
	if prior.words != nil {
		v.Prior = make([]int8, len(hashes))
		prior.read(v.Prior, hashes)
	}
	return v
}

// own adds a user's slots to those of all. They follow from them, so that features
// that were kept without a user serve for any.
func (m *Model) own(v View, user string) View {
	n := len(v.Slots)
	own := kind(0).string(user).done() | 1
	slots := append(make([]uint32, 0, 2*n), v.Slots...)
	for _, s := range v.Slots {
		slots = append(slots, m.slot(mix(uint64(s)^own)))
	}
	if v.Prior != nil {
		v.Prior = append(slices.Clip(v.Prior), make([]int8, n)...)
	}
	v.Slots = slots
	return v
}

// slot is where a feature's weight stands.
func (m *Model) slot(h uint64) uint32 { return uint32(mix(h^m.seed) >> m.shift) }

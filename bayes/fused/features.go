package fused

import (
	"sync"

	"github.com/winnowmail/winnow/mail"
)

// Features are what a Model knows a message by: the slots of its tokens and of
// its grams under one seed. They can't be turned back into words.
type Features struct {
	Tokens, Grams View
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
}

type extractors struct{ pool sync.Pool }

func (p *extractors) get() *extractor {
	if e, ok := p.pool.Get().(*extractor); ok {
		return e
	}
	return new(extractor)
}

// Features returns the features of a message: raised names the symbols that
// checks raised on it before any learner was asked. With a user every feature
// counts twice, once for all and once for that user.
func (m *Model) Features(msg *mail.Message, raised []string, user string) Features {
	e := m.spare.get()
	defer m.spare.pool.Put(e)
	e.fields = written(e.fields[:0], msg.Header())
	defer clear(e.fields)

	var f Features
	e.set.reset()
	e.tokens(msg, raised)
	f.Tokens = m.view(e.set.list, user, &m.prior.tokens)
	e.set.reset()
	e.grams(msg)
	f.Grams = m.view(e.set.list, user, &m.prior.grams)
	return f
}

// view turns hashes into slots.
func (m *Model) view(hashes []uint64, user string, prior *weights) View {
	n := len(hashes)
	if user != "" {
		n *= 2
	}
	v := View{Slots: make([]uint32, len(hashes), n)}
	for i, h := range hashes {
		v.Slots[i] = m.slot(h)
	}
	if prior.words != nil {
		v.Prior = make([]int8, n)
		prior.read(v.Prior[:len(hashes)], hashes)
	}
	if user != "" {
		own := kind(0).string(user).done() | 1
		for _, h := range hashes {
			v.Slots = append(v.Slots, m.slot(mix(h^own)))
		}
	}
	return v
}

// slot is where a feature's weight stands.
func (m *Model) slot(h uint64) uint32 { return uint32(mix(h^m.seed) >> m.shift) }

package fused

// Clone returns a Model that has learned the same, and from then on learns by
// itself. It is made of spare, an earlier clone that is not needed any more, nil
// for none.
func (m *Model) Clone(spare *Model) *Model {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if spare == nil {
		spare = &Model{}
	}
	c := &Model{
		seed: m.seed, bits: m.bits, shift: m.shift, windowBits: m.windowBits, prior: m.prior, priors: m.priors,
		tokens: append(spare.tokens[:0], m.tokens...), grams: append(spare.grams[:0], m.grams...), counts: m.counts,
		windows: windowed{append(spare.windows.regression[:0], m.windows.regression...)},
		weight:  m.weight, lessons: m.lessons, events: m.events,
	}
	c.counts.slots = append(spare.counts.slots[:0], m.counts.slots...)
	return c
}

// Adopt gives m the tables of a Clone, and the clone those of m: it is good for
// nothing but another Clone then.
func (m *Model) Adopt(clone *Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens, clone.tokens = clone.tokens, m.tokens
	m.grams, clone.grams = clone.grams, m.grams
	m.counts, clone.counts = clone.counts, m.counts
	m.windows, clone.windows = clone.windows, m.windows
	m.weight, m.lessons, m.events = clone.weight, clone.lessons, clone.events
}

// Reset makes the Model forget everything.
func (m *Model) Reset() {
	fresh, err := New(Options{Seed: m.seed, Bits: m.bits, Windows: m.windowBits > 0})
	if err == nil { // As it was when m was made of the same.
		m.Adopt(fresh)
	}
}

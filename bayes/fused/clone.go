package fused

import "slices"

// Clone returns a Model that has learned the same, and from then on learns by
// itself.
func (m *Model) Clone() *Model {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := &Model{
		seed: m.seed, bits: m.bits, shift: m.shift, windowBits: m.windowBits, prior: m.prior, priors: m.priors,
		tokens: slices.Clone(m.tokens), grams: slices.Clone(m.grams), counts: m.counts,
		windows: windowed{slices.Clone(m.windows.regression)},
		weight:  m.weight, lessons: m.lessons, events: m.events,
	}
	c.counts.slots = slices.Clone(m.counts.slots)
	return c
}

// Adopt gives m the tables of a Clone, which must not be used any more.
func (m *Model) Adopt(clone *Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens, m.grams, m.counts, m.windows = clone.tokens, clone.grams, clone.counts, clone.windows
	m.weight, m.lessons, m.events = clone.weight, clone.lessons, clone.events
}

// Reset makes the Model forget everything.
func (m *Model) Reset() {
	fresh := &Model{
		tokens: make(regression, len(m.tokens)), grams: make(regression, len(m.tokens)), counts: counts{slots: make([][2]uint8, len(m.tokens))},
		weight: [members]float32{1.0 / members, 1.0 / members, 1.0 / members},
	}
	m.Adopt(fresh)
}

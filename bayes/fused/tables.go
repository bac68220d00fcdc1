package fused

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/winnowmail/winnow/internal/adagrad"
)

const (
	tablesMagic   = "winnow-fused"
	tablesVersion = 2
	tablesWindows = 3 // with the weight and the table of windows behind
	blockSlots    = 1 << 10
)

// MarshalBinary encodes the tables: up to 10 bytes a slot, less while blocks of
// slots were never touched.
func (m *Model) MarshalBinary() ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b := make([]byte, 0, m.tablesSize())
	version := byte(tablesVersion)
	if m.windowBits > 0 {
		version = tablesWindows
	}
	b = append(append(b, tablesMagic...), version, viewVersion, byte(m.bits))
	b = append(b, m.priors[0][:]...)
	b = binary.LittleEndian.AppendUint64(b, m.seed)
	b = binary.LittleEndian.AppendUint64(b, m.events)
	for _, n := range [...]uint32{m.counts.ham, m.counts.spam, m.lessons[0], m.lessons[1]} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, w := range m.weight[:always] {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
	}
	for at := 0; at < len(m.tokens); at += blockSlots {
		b = m.appendBlock(b, at)
	}
	if m.windowBits > 0 {
		b = m.windows.append(binary.LittleEndian.AppendUint32(b, math.Float32bits(m.weight[always])))
	}
	return b, nil
}

// tablesSize is how many bytes MarshalBinary writes.
func (m *Model) tablesSize() int {
	n := len(tablesMagic) + 3 + sha256.Size + 8 + 8 + 4*4 + 4*always
	if m.windowBits > 0 {
		n += 4 + m.windows.size()
	}
	for at := 0; at < len(m.tokens); at += blockSlots {
		n++
		for _, table := range [...]regression{m.tokens, m.grams} {
			if touched(table[at : at+blockSlots]) {
				n += 4 * blockSlots
			}
		}
		if touched(m.counts.slots[at : at+blockSlots]) {
			n += 2 * blockSlots
		}
	}
	return n
}

// appendBlock writes blockSlots slots of all tables: a byte that says which of
// them were touched, and those.
func (m *Model) appendBlock(b []byte, at int) []byte {
	flags := len(b)
	b = append(b, 0)
	for i, table := range [...]regression{m.tokens, m.grams} {
		block := table[at : at+blockSlots]
		if !touched(block) {
			continue
		}
		b[flags] |= 1 << i
		b = appendSlots(b, block)
	}
	if block := m.counts.slots[at : at+blockSlots]; touched(block) {
		b[flags] |= 1 << 2
		for _, n := range block {
			b = append(b, n[0], n[1])
		}
	}
	return b
}

func appendSlots(b []byte, block regression) []byte {
	for _, s := range block {
		b = binary.LittleEndian.AppendUint32(b, uint32(s))
	}
	return b
}

func touched[T comparable](block []T) bool {
	var zero T
	for _, s := range block {
		if s != zero {
			return true
		}
	}
	return false
}

var errTables = errors.New("fused: not the tables of a model")

// ErrPrior is of tables that were filled beside another prior than the Model's.
var ErrPrior = errors.New("fused: tables of another prior")

// UnmarshalBinary replaces the tables by those that MarshalBinary wrote. They
// must be of the same size and seed, of this version's features and of the same
// prior or one of Options.Earlier, else the error is ErrPrior; on an error the
// Model is as before. Windows are left out where the Model has none, and begin
// anew where the tables have none.
func (m *Model) UnmarshalBinary(b []byte) error {
	head := len(tablesMagic)
	if len(b) < head+3+sha256.Size+8+8+4*4+4*always || string(b[:head]) != tablesMagic {
		return errTables
	}
	version, view, bits := b[head], b[head+1], int(b[head+2])
	prior := [sha256.Size]byte(b[head+3:])
	b = b[head+3+sha256.Size:]
	seed := binary.LittleEndian.Uint64(b)
	switch {
	case version != tablesVersion && version != tablesWindows || view != viewVersion:
		return fmt.Errorf("fused: tables of version %d.%d, want %d.%d", version, view, tablesVersion, viewVersion)
	case bits != m.bits:
		return fmt.Errorf("fused: tables of 2^%d slots, want 2^%d", bits, m.bits)
	case seed != m.seed:
		return errors.New("fused: tables of another seed")
	case !slices.Contains(m.priors, prior):
		return fmt.Errorf("%w: theirs is %x, the model's %x", ErrPrior, prior, m.priors[0])
	}
	fresh, err := New(Options{Seed: seed, Bits: bits, Windows: m.windowBits > 0 || version == tablesWindows})
	if err != nil {
		return err
	}
	fresh.events = binary.LittleEndian.Uint64(b[8:])
	for i, n := range [...]*uint32{&fresh.counts.ham, &fresh.counts.spam, &fresh.lessons[0], &fresh.lessons[1]} {
		*n = binary.LittleEndian.Uint32(b[16+4*i:])
	}
	for i := range always {
		if !fresh.setWeight(i, b[32+4*i:]) {
			return errTables
		}
	}
	b = b[32+4*always:]
	for at := 0; at < len(fresh.tokens); at += blockSlots {
		if b, err = fresh.readBlock(b, at); err != nil {
			return err
		}
	}
	if version == tablesWindows {
		if len(b) < 4 || !fresh.setWeight(always, b) {
			return errTables
		}
		if b, err = fresh.windows.read(b[4:]); err != nil {
			return err
		}
	}
	if len(b) > 0 {
		return errTables
	}
	if m.windowBits == 0 {
		fresh.windows, fresh.weight[always] = windowed{}, 0
	}
	fresh.counts.prepare()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens, m.grams, m.counts, m.windows = fresh.tokens, fresh.grams, fresh.counts, fresh.windows
	m.weight, m.lessons, m.events = fresh.weight, fresh.lessons, fresh.events
	return nil
}

// setWeight reads the weight of a member.
func (m *Model) setWeight(i int, b []byte) bool {
	w := math.Float32frombits(binary.LittleEndian.Uint32(b))
	m.weight[i] = w
	return w >= 0 && w <= 1000
}

// readSlots reads what appendSlots wrote.
func readSlots(b []byte, block regression) (rest []byte, err error) {
	if len(b) < 4*len(block) {
		return nil, errTables
	}
	for i := range block {
		s := adagrad.Slot(binary.LittleEndian.Uint32(b[4*i:]))
		if !s.Valid() {
			return nil, errTables
		}
		block[i] = s
	}
	return b[4*len(block):], nil
}

func (m *Model) readBlock(b []byte, at int) (rest []byte, err error) {
	if len(b) == 0 || b[0] > 7 {
		return nil, errTables
	}
	flags := b[0]
	b = b[1:]
	for i, table := range [...]regression{m.tokens, m.grams} {
		if flags&(1<<i) == 0 {
			continue
		}
		if b, err = readSlots(b, table[at:at+blockSlots]); err != nil {
			return nil, err
		}
	}
	if flags&(1<<2) != 0 {
		if len(b) < 2*blockSlots {
			return nil, errTables
		}
		for j := range blockSlots {
			m.counts.slots[at+j] = [2]uint8{b[2*j], b[2*j+1]}
		}
		b = b[2*blockSlots:]
	}
	return b, nil
}

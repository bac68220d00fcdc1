package lists

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// keyTable maps keys to values in two blocks of memory, whatever their number,
// so that a million entries cost what they are long and little more. It does not
// change. Case of ASCII letters does not matter unless exact.
type keyTable struct {
	// arena holds the entries one after the other: the lengths of key and value
	// as varints, then both.
	arena   []byte
	slots   []uint32 // where entries begin in arena, plus 1; 0 is free
	n       int
	longest int // of the keys
}

// A keyBuilder gathers the entries of a keyTable.
type keyBuilder struct {
	arena  []byte
	starts []uint32
}

// add adds an entry; of equal keys the last one holds.
func (b *keyBuilder) add(key, value []byte) {
	b.starts = append(b.starts, uint32(len(b.arena)))
	b.arena = binary.AppendUvarint(b.arena, uint64(len(key)))
	b.arena = binary.AppendUvarint(b.arena, uint64(len(value)))
	b.arena = appendLower(b.arena, key)
	b.arena = append(b.arena, value...)
}

// table makes the table.
func (b *keyBuilder) table() keyTable {
	t := keyTable{arena: bytes.Clone(b.arena)}
	if len(b.starts) == 0 {
		return t
	}
	t.slots = make([]uint32, slotsFor(len(b.starts)))
	mask := uint64(len(t.slots) - 1)
	for _, start := range b.starts {
		key, _ := t.entry(start)
		t.longest = max(t.longest, len(key))
		i := xxhash.Sum64(key) & mask
		for ; t.slots[i] != 0; i = (i + 1) & mask {
			if other, _ := t.entry(t.slots[i] - 1); bytes.Equal(key, other) {
				t.n--
				break
			}
		}
		t.slots[i] = start + 1
		t.n++
	}
	return t
}

// slotsFor returns how many slots n entries are given: a power of two, of which
// at least a quarter stays free.
func slotsFor(n int) int { return 1 << bits.Len(uint(n+n/3)) }

// entry returns the key and the value that begin there.
func (t *keyTable) entry(start uint32) (key, value []byte) {
	rest := t.arena[start:]
	k, n := binary.Uvarint(rest)
	v, m := binary.Uvarint(rest[n:])
	rest = rest[n+m:]
	return rest[:k], rest[k : k+v]
}

// find looks a key in lower case up.
func (t *keyTable) find(key []byte, hash uint64) (value []byte, ok bool) {
	if len(t.slots) == 0 {
		return nil, false
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if k, v := t.entry(t.slots[i] - 1); bytes.Equal(k, key) {
			return v, true
		}
	}
	return nil, false
}

// each calls f with every entry, in an order of its own, until f returns false.
func (t *keyTable) each(f func(key, value string) bool) {
	for _, slot := range t.slots {
		if slot == 0 {
			continue
		}
		if k, v := t.entry(slot - 1); !f(string(k), string(v)) {
			return
		}
	}
}

// bytes returns how much memory the table takes.
func (t *keyTable) bytes() int { return cap(t.arena) + 4*cap(t.slots) }

// appendLower appends s with its ASCII letters in lower case.
func appendLower[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

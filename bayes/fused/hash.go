package fused

import "math/bits"

const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
	golden    = 0x9e3779b97f4a7c15
)

// A hash is an unfinished FNV-1a sum of one feature.
type hash uint64

// kind begins the hash of a token of one kind.
func kind(k tokenKind) hash { return hash(uint64(fnvOffset)^uint64(k)*golden) * fnvPrime }

func (h hash) byte(c byte) hash { return (h ^ hash(c)) * fnvPrime }

func (h hash) string(s string) hash {
	for i := 0; i < len(s); i++ {
		h = (h ^ hash(s[i])) * fnvPrime
	}
	return h
}

// lower adds s with ASCII letters in lower case.
func (h hash) lower(s string) hash {
	for i := 0; i < len(s); i++ {
		h = (h ^ hash(lower(s[i]))) * fnvPrime
	}
	return h
}

// join adds another feature's sum.
func (h hash) join(o hash) hash { return (h ^ hash(bits.RotateLeft64(uint64(o), 23))) * fnvPrime }

// done finishes the sum, so that every bit of the feature reaches every bit.
func (h hash) done() uint64 { return mix(uint64(h)) }

// mix is the finaliser of MurmurHash3 (public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// bucket is the place of n on a logarithmic scale.
func bucket(n int) byte { return byte(bits.Len(uint(max(n, 0)))) }

// A set collects distinct numbers in the order in which they come.
type set struct {
	list  []uint64
	table []uint32 // places in list, from 1; the length is a power of two
}

// reset empties the set and keeps its memory.
func (s *set) reset() {
	if s.table == nil {
		s.table = make([]uint32, 4096)
	}
	clear(s.table)
	s.list = s.list[:0]
}

func (s *set) add(v uint64) {
	mask := uint64(len(s.table) - 1)
	at := v >> 17 & mask
	for ; s.table[at] != 0; at = (at + 1) & mask {
		if s.list[s.table[at]-1] == v {
			return
		}
	}
	s.list = append(s.list, v)
	s.table[at] = uint32(len(s.list))
	if len(s.list)*2 > len(s.table) {
		s.grow()
	}
}

func (s *set) grow() {
	s.table = make([]uint32, len(s.table)*2)
	mask := uint64(len(s.table) - 1)
	for i, v := range s.list {
		at := v >> 17 & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = uint32(i + 1)
	}
}

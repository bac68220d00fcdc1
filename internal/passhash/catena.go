package passhash

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// The parameters that Rspamd has Catena run with.
const (
	catenaDepth  = 4 // λ: butterfly graphs one after the other
	catenaGarlic = 10
	catenaData   = "rspamd"
)

// A node is a hash value of Catena's.
type node = [blake2b.Size]byte

// catena is the key of a password as Rspamd 4.1.6 makes it: by Catena-Butterfly-Full 3.1 (Forler, Lucks,
// Wenzel: "The Catena Password-Scrambling Framework") over BLAKE2b.
func catena(password string, salt []byte, depth, garlic byte, data string, size int) []byte {
	name, about := blake2b.Sum512([]byte("Butterfly-Full")), blake2b.Sum512([]byte(data))
	tweak := []byte{0, depth, byte(size), byte(len(salt))} // 0: the hash of a password
	x := joined(name[:], tweak, about[:], []byte(password), salt)
	x = flap(x, depth, (garlic+1)/2, salt)
	x = flap(x, depth, garlic, salt)
	x = joined([]byte{garlic}, x[:])
	return x[:size]
}

// joined is the hash of texts put together.
func joined(texts ...[]byte) node {
	var room [256]byte
	all := room[:0]
	for _, t := range texts {
		all = append(all, t...)
	}
	return blake2b.Sum512(all)
}

// flap fills a row of 2^garlic nodes, mixes it by the salt, and takes it through
// the double butterfly graphs.
func flap(x node, depth, garlic byte, salt []byte) node {
	row, next := firstRow(x, 1<<garlic), make([]node, 1<<garlic)
	gamma(row, garlic, salt)
	for range depth {
		for level := range 2*uint(garlic) - 1 {
			flip := uint(garlic) - 1 - level // the bit by which the far neighbour differs
			if level >= uint(garlic) {
				flip = level - (uint(garlic) - 1)
			}
			last := row[len(row)-1]
			for j := range row {
				near := xor(&last, &row[j])
				far := &row[j^1<<flip]
				last = joined(near[:], far[:])
				if j == 0 {
					last = joined([]byte{0}, last[:])
				}
				next[j] = last
			}
			row, next = next, row
		}
	}
	return row[len(row)-1]
}

// firstRow is the row that a graph begins with.
func firstRow(x node, n int) []node {
	row := make([]node, n)
	first, second := joined([]byte{0}, x[:]), joined([]byte{1}, x[:])
	row[0] = joined(first[:], second[:])
	row[1] = joined(row[0][:], first[:])
	for i := 2; i < n; i++ {
		row[i] = joined(row[i-1][:], row[i-2][:])
	}
	return row
}

// gamma mixes nodes at places that the salt chooses.
func gamma(row []node, garlic byte, salt []byte) {
	a := blake2b.Sum512(salt)
	b := blake2b.Sum512(a[:])
	var r xorshift
	for i := range 8 {
		r.s[i], r.s[i+8] = binary.LittleEndian.Uint64(a[8*i:]), binary.LittleEndian.Uint64(b[8*i:])
	}
	for range 1 << ((3*uint(garlic) + 3) / 4) {
		i, j := r.next()>>(64-garlic), r.next()>>(64-garlic)
		row[i] = joined(row[i][:], row[j][:])
	}
}

func xor(a, b *node) (out node) {
	for i := range out {
		out[i] = a[i] ^ b[i]
	}
	return out
}

// xorshift is the generator xorshift1024* (Vigna, "An experimental exploration of
// Marsaglia's xorshift generators, scrambled").
type xorshift struct {
	s  [16]uint64
	at int
}

func (r *xorshift) next() uint64 {
	a := r.s[r.at]
	r.at = (r.at + 1) & 15
	b := r.s[r.at]
	b ^= b << 31
	b ^= b >> 11
	a ^= a >> 30
	r.s[r.at] = a ^ b
	return r.s[r.at] * 1181783497276652981
}

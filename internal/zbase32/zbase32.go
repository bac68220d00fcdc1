// Package zbase32 writes bytes in the base 32 that Rspamd uses for names in
// DNS lists and keys in stores: the z-base-32 alphabet, least significant bit
// first, no padding. It is not RFC 4648's and not the original z-base-32,
// which begins with the most significant bit.
package zbase32

import (
	"strings"

	"golang.org/x/crypto/blake2b"
)

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769"

// Encode returns b in base 32: 8 characters for 5 bytes, rounded up.
func Encode(b []byte) string {
	var room [103]byte // for the longest digests
	out := room[:0]
	var acc, bits uint
	for _, c := range b {
		acc |= uint(c) << bits
		for bits += 8; bits >= 5; bits -= 5 {
			out = append(out, alphabet[acc&31])
			acc >>= 5
		}
	}
	if bits > 0 {
		out = append(out, alphabet[acc&31])
	}
	return string(out)
}

// Digest returns the BLAKE2b-512 digest of the strings put together, in base 32
// (103 characters): Rspamd's default for hashes in names and keys.
func Digest(texts ...string) string {
	h, _ := blake2b.New512(nil) // fails only with a key that is too long
	for _, t := range texts {
		h.Write([]byte(t))
	}
	return Encode(h.Sum(nil))
}

// Decode reads what Encode wrote; ok is false for other texts. Bits beyond the
// last whole byte must be zero.
func Decode(s string) (b []byte, ok bool) {
	var acc, bits uint
	for _, c := range []byte(s) {
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			return nil, false
		}
		acc |= uint(v) << bits
		if bits += 5; bits >= 8 {
			b = append(b, byte(acc))
			acc, bits = acc>>8, bits-8
		}
	}
	return b, acc == 0 && bits < 5
}

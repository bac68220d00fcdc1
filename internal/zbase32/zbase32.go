// Package zbase32 writes bytes in the base 32 that Rspamd uses for names in
// DNS lists and keys in stores: the z-base-32 alphabet, least significant bit
// first, no padding. It is not RFC 4648's and not the original z-base-32,
// which begins with the most significant bit.
package zbase32

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769"

// Encode returns b in base 32: 8 characters for 5 bytes, rounded up.
func Encode(b []byte) string {
	out := make([]byte, 0, (len(b)*8+4)/5)
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

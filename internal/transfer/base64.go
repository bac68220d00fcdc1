// Package transfer removes content transfer encodings leniently: whatever is
// broken is skipped or kept, nothing fails, and each decoder can tell which
// encoded byte a decoded one came from.
package transfer

import "unicode/utf8"

// b64 maps a byte to its six bits, 0x40 for white space, 0x80 for padding and
// 0xff for everything else.
var b64 = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	for _, c := range " \t\r\n\v\f" {
		t[c] = 0x40
	}
	t['='] = 0x80
	return t
}()

// Base64 decodes src: bytes outside the alphabet are skipped, a missing end
// is filled up. Padding ends the data unless more base64 follows it, as it
// does where encoded pieces were joined. clean is false if something had to
// be skipped; if the text is written in words or a tenth of it had to be, and
// what comes out is no text, it is no base64 at all and is returned as it stands.
func Base64(src []byte) (dst []byte, clean bool) {
	dst, clean = appendBase64(make([]byte, 0, len(src)/4*3+3), src, nil)
	if !clean && foreign(src) && !printable(dst) {
		return src, false
	}
	return dst, clean
}

// foreign reports whether much of src is no base64, or words are.
func foreign(src []byte) bool {
	in, out, blanks := 0, 0, 0
	for i, c := range src {
		switch v := b64[c]; {
		case v < 0x40:
			in++
			if i > 0 && src[i-1] == ' ' {
				blanks++
			}
		case v == 0xff:
			out++
		}
	}
	return out > 0 && (out*9 >= in || blanks*12 >= in)
}

// printable reports whether b begins with text: of other bytes some are control
// characters, and a few are hardly ever UTF-8.
func printable(b []byte) bool {
	const look, few, share = 512, 64, 20
	if len(b) < few && !utf8.Valid(b) {
		return false
	}
	b = b[:min(len(b), look)]
	control := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' || c == 0x7f {
			control++
		}
	}
	return control*share <= len(b)
}

// appendBase64 calls at, if set, with the source index of the quantum's start
// before each piece of output.
func appendBase64(dst, src []byte, at func(out, in int)) (_ []byte, clean bool) {
	var q uint32
	n, start := 0, 0
	clean = true
	for i := 0; i < len(src); i++ {
		if n == 0 && i+4 <= len(src) {
			a, b, c, d := b64[src[i]], b64[src[i+1]], b64[src[i+2]], b64[src[i+3]]
			if a|b|c|d < 0x40 {
				if at != nil {
					at(len(dst), i)
				}
				dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|d)
				i += 3
				continue
			}
		}
		v := b64[src[i]]
		switch {
		case v < 0x40:
			if n == 0 {
				start = i
			}
			q = q<<6 | uint32(v)
			if n++; n == 4 {
				if at != nil {
					at(len(dst), start)
				}
				dst = append(dst, byte(q>>16), byte(q>>8), byte(q))
				q, n = 0, 0
			}
		case v == 0x80:
			if n == 0 && (i == 0 || src[i-1] != '=') {
				clean = false
			}
			if n > 0 && at != nil {
				at(len(dst), start)
			}
			dst = flush64(dst, q, n)
			if q, n = 0, 0; !moreBase64(src[i+1:]) {
				return dst, clean
			}
		case v == 0xff:
			clean = false
		}
	}
	if n > 0 && at != nil {
		at(len(dst), start)
	}
	return flush64(dst, q, n), clean && n != 1
}

func flush64(dst []byte, q uint32, n int) []byte {
	switch n {
	case 2:
		return append(dst, byte(q>>4))
	case 3:
		return append(dst, byte(q>>10), byte(q>>2))
	}
	return dst
}

// moreBase64 reports whether what follows padding is one more piece of
// base64: the next line must hold nothing else.
func moreBase64(rest []byte) bool {
	const line = 80
	seen := 0
	for i := 0; i < len(rest) && i < line; i++ {
		switch v := b64[rest[i]]; {
		case v < 0x40:
			seen++
		case v == 0x80:
			if seen == 0 {
				continue
			}
			return seen >= 2
		case v == 0x40:
			if seen > 0 && rest[i] != '\n' && rest[i] != '\r' {
				return false
			}
			if seen > 0 {
				return seen%4 == 0
			}
		default:
			return false
		}
	}
	return seen >= 4
}

package charset

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF7 reads RFC 2152. ok is false if a shifted sequence was bad; the
// bytes that can't be read become U+FFFD.
func decodeUTF7(b []byte) (_ string, ok bool) {
	var out strings.Builder
	ok = true
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '+' && i+1 < len(b) && b[i+1] == '-':
			out.WriteByte('+')
			i += 2
		case c == '+':
			n, good := utf7Run(&out, b[i+1:])
			ok = ok && good
			i += 1 + n
			if i < len(b) && b[i] == '-' {
				i++
			}
		case c >= utf8.RuneSelf:
			out.WriteRune(utf8.RuneError)
			ok = false
			i++
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.String(), ok
}

// utf7Run decodes modified base64 up to the first byte outside its alphabet
// and returns how many bytes it took.
func utf7Run(out *strings.Builder, b []byte) (n int, ok bool) {
	var bits uint32
	var have int
	var hi rune
	ok = true
	for n < len(b) {
		v, in := sixBits(b[n])
		if !in {
			break
		}
		n++
		bits, have = bits<<6|uint32(v), have+6
		if have < 16 {
			continue
		}
		have -= 16
		u := rune(bits >> have & 0xffff)
		switch {
		case hi != 0:
			r := utf16.DecodeRune(hi, u)
			ok = ok && r != utf8.RuneError
			out.WriteRune(r)
			hi = 0
		case utf16.IsSurrogate(u):
			hi = u
		default:
			out.WriteRune(u)
		}
	}
	if hi != 0 || n == 0 {
		out.WriteRune(utf8.RuneError)
		ok = false
	}
	return n, ok
}

func sixBits(c byte) (byte, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A', true
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26, true
	case '0' <= c && c <= '9':
		return c - '0' + 52, true
	case c == '+':
		return 62, true
	case c == '/':
		return 63, true
	}
	return 0, false
}

// decodeUTF32 reads UTF-32 with a byte order mark, else as named, else big
// endian.
func decodeUTF32(b []byte, name string) (_ string, ok bool) {
	var order binary.ByteOrder = binary.BigEndian
	if name == "utf-32le" {
		order = binary.LittleEndian
	}
	if len(b) >= 4 {
		switch {
		case binary.LittleEndian.Uint32(b) == 0xfeff:
			order, b = binary.LittleEndian, b[4:]
		case binary.BigEndian.Uint32(b) == 0xfeff:
			order, b = binary.BigEndian, b[4:]
		}
	}
	var out strings.Builder
	ok = len(b)%4 == 0
	for ; len(b) >= 4; b = b[4:] {
		r := rune(order.Uint32(b))
		ok = ok && utf8.ValidRune(r)
		out.WriteRune(r) // an invalid rune is written as U+FFFD
	}
	return out.String(), ok
}

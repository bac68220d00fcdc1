package transfer

import "bytes"

// UU decodes the first uuencoded file in src ("begin 644 name" … "end"). ok is
// false when there is none; the caller then keeps the bytes.
func UU(src []byte) (dst []byte, ok bool) {
	rest, ok := uuStart(src)
	if !ok {
		return nil, false
	}
	dst = make([]byte, 0, len(rest)/4*3)
	for len(rest) > 0 {
		line := rest
		if nl := bytes.IndexByte(rest, '\n'); nl >= 0 {
			line, rest = rest[:nl], rest[nl+1:]
		} else {
			rest = nil
		}
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			continue
		}
		if bytes.Equal(line, []byte("end")) {
			break
		}
		dst = uuLine(dst, line)
	}
	return dst, true
}

func uuStart(src []byte) ([]byte, bool) {
	for i := 0; ; {
		if bytes.HasPrefix(src[i:], []byte("begin ")) {
			if nl := bytes.IndexByte(src[i:], '\n'); nl >= 0 {
				return src[i+nl+1:], true
			}
			return nil, false
		}
		nl := bytes.IndexByte(src[i:], '\n')
		if nl < 0 {
			return nil, false
		}
		i += nl + 1
	}
}

// uuLine decodes one line: a length character and groups of four, each six
// bits as a printable character (space or backquote for zero).
func uuLine(dst, line []byte) []byte {
	n := int(line[0]-' ') & 0x3f
	line = line[1:]
	for ; n > 0 && len(line) > 0; n -= 3 {
		var g [4]byte
		for i := range g {
			if i < len(line) {
				g[i] = (line[i] - ' ') & 0x3f
			}
		}
		out := [3]byte{g[0]<<2 | g[1]>>4, g[1]<<4 | g[2]>>2, g[2]<<6 | g[3]}
		dst = append(dst, out[:min(n, 3)]...)
		line = line[min(4, len(line)):]
	}
	return dst
}

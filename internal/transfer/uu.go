package transfer

import "bytes"

// A File is one that stands encoded in a text.
type File struct{ Name, Content []byte }

// UU decodes the first uuencoded file in src ("begin 644 name" … "end"). ok is
// false when there is none; the caller then keeps the bytes.
func UU(src []byte) (dst []byte, ok bool) {
	rest, ok := uuStart(src)
	if !ok {
		return nil, false
	}
	dst = make([]byte, 0, len(rest)/4*3)
	for len(rest) > 0 {
		var line []byte
		line, rest = cutLine(rest)
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

// UUFile decodes the file that begins with the first line of src, up to the first
// line that is none of it, and returns what follows. A sentence that begins with
// "begin" is no file: its name is empty.
func UUFile(src []byte) (f File, rest []byte) {
	line, rest := cutLine(src)
	mode, name, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("begin ")), []byte(" "))
	if name = bytes.TrimSpace(name); len(name) == 0 || len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 {
		return File{}, rest
	}
	for len(rest) > 0 {
		next, after := cutLine(rest)
		if !uuWhole(next) {
			break
		}
		f.Content, rest = uuLine(f.Content, next), after
	}
	if len(f.Content) > 0 {
		f.Name = name
	}
	return f, rest
}

// uuWhole reports whether a line has the length that its first character tells, give
// or take blanks and a checksum.
func uuWhole(line []byte) bool {
	const slack = 3
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return false
	}
	n := (int(line[0]-' ')&0x3f + 2) / 3 * 4
	return n > 0 && len(line)-1 <= n+slack && len(bytes.TrimRight(line, " ")) <= n+1+slack && len(line)-1+slack >= n
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

// cutLine takes the first line off b, without its end.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimRight(line, "\r"), rest
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

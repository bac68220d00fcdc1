package transfer

import "bytes"

// YEnc decodes the file that begins with the first line of src (yEnc, version 1.3:
// "=ybegin … name=…", perhaps "=ypart", lines, "=yend") and returns what follows. A
// line without a name begins no file: its name is empty.
func YEnc(src []byte) (f File, rest []byte) {
	line, rest := cutLine(src)
	_, name, _ := bytes.Cut(line, []byte(" name="))
	if name = bytes.TrimSpace(name); len(name) == 0 {
		return File{}, rest
	}
	f.Name = name
	for len(rest) > 0 {
		line, rest = cutLine(rest)
		switch {
		case bytes.HasPrefix(line, []byte("=yend")):
			return f, rest
		case bytes.HasPrefix(line, []byte("=ypart")):
		default:
			f.Content = appendYEnc(f.Content, line)
		}
	}
	return f, nil
}

// appendYEnc decodes a line: each byte is 42 more than it was, those that would not
// pass stand behind a sign and are 64 more still.
func appendYEnc(dst, line []byte) []byte {
	const shift, escaped = 42, 64
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == '=' && i+1 < len(line) {
			i++
			c = line[i] - escaped
		}
		dst = append(dst, c-shift)
	}
	return dst
}

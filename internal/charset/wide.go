package charset

// byMark names the wide charset whose byte order mark b begins with, "" for none. In
// text of a wide charset there are NULs, in other text there are none.
func byMark(b []byte) string {
	if len(b) < 4 || !nul(b) {
		return ""
	}
	switch {
	case len(b)%4 == 0 && (string(b[:4]) == "\xff\xfe\x00\x00" || string(b[:4]) == "\x00\x00\xfe\xff"):
		return "utf-32"
	case string(b[:2]) == "\xff\xfe", string(b[:2]) == "\xfe\xff":
		return "utf-16"
	}
	return ""
}

// littleEndian reports whether NULs, which are the upper halves of ASCII, stand in
// the second bytes of pairs rather than in the first.
func littleEndian(b []byte) bool {
	const look = 1 << 10
	first, second := 0, 0
	for i, c := range b[:min(len(b), look)] {
		switch {
		case c != 0:
		case i%2 == 0:
			first++
		default:
			second++
		}
	}
	return second > first
}

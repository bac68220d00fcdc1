package charset

import "bytes"

// escapedAs returns the charset whose escape sequences 7-bit text has, "" if it
// has none.
func escapedAs(b []byte) string {
	if name := iso2022(b); name != "" {
		return name
	}
	if isHZ(b) {
		return "hz-gb-2312"
	}
	return ""
}

// isHZ reports whether 7-bit text is in HZ (RFC 1843): every "~{" begins pairs of
// bytes that are characters of GB 2312, two of them at least, up to a "~}" in the
// same line.
func isHZ(b []byte) bool {
	found := false
	for {
		_, rest, ok := bytes.Cut(b, []byte("~{"))
		if !ok {
			return found
		}
		n := 0
		for n+1 < len(rest) && gbPair(rest[n], rest[n+1]) {
			n += 2
		}
		if n < 4 || !bytes.HasPrefix(rest[n:], []byte("~}")) {
			return false
		}
		found = true
		b = rest[n+len("~}"):]
	}
}

// gbPair reports whether two bytes are a character of GB 2312 without its eighth
// bits: punctuation, letters or one of the rows of Chinese ones.
func gbPair(row, cell byte) bool {
	return (row >= 0x21 && row <= 0x29 || row >= 0x30 && row <= 0x77) && cell >= 0x21 && cell <= 0x7e
}

// isHangul reports whether all bytes above ASCII are pairs that EUC-KR has for
// Korean syllables or punctuation, at least five of them syllables. Other charsets
// hardly ever keep to these rows, and the detector knows longer texts only.
func isHangul(b []byte) bool {
	syllables := 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 == len(b) || b[i+1] < 0xa1 || b[i+1] == 0xff {
			return false
		}
		switch row := b[i]; {
		case row >= 0xb0 && row <= 0xc8:
			syllables++
		case row != 0xa1:
			return false
		}
		i++
	}
	return syllables >= 5
}

package charset

// isThai reports whether b is Thai in TIS-620, which the detector does not know: its
// letters stand together, vowels that are written before a consonant have one behind
// them, and other vowels and the marks above and below a letter have one before them.
// In other charsets these bytes follow each other as they like.
func isThai(b []byte) bool {
	if !foreign(b) {
		return false
	}
	n, kept := 0, 0
	for i, c := range b {
		if c < 0x80 {
			continue
		}
		n++
		switch {
		case c < 0xa1, c == 0xcf, c > 0xda && c < 0xdf, c > 0xfb: // none, or an abbreviation
			return false
		case c >= 0xe0 && c <= 0xe4:
			if i+1 < len(b) && !thaiConsonant(b[i+1]) {
				return false
			}
			kept++
		case c == 0xd0 || c == 0xd2 || c == 0xd3: // vowels behind a consonant
			if i > 0 && !thaiConsonant(b[i-1]) && !thaiMark(b[i-1]) && (c != 0xd0 || b[i-1] != 0xd2) {
				return false
			}
			kept++
		case c == 0xd1 || c >= 0xd4 && c <= 0xda || c >= 0xe7 && c <= 0xee:
			if i > 0 && !thaiConsonant(b[i-1]) && !thaiMark(b[i-1]) {
				return false
			}
			kept++
		}
	}
	return n >= 12 && 3*kept >= n
}

func thaiConsonant(c byte) bool { return c >= 0xa1 && c <= 0xce }

// thaiMark tells the marks that may have another one above them.
func thaiMark(c byte) bool { return c == 0xd1 || c >= 0xd4 && c <= 0xd9 || c >= 0xe7 && c <= 0xec }

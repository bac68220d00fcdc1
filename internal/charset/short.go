package charset

// isShort names the charset of a few characters of Chinese or Japanese, of which
// the detector knows longer texts only; "" if it is none of these for certain.
func isShort(b []byte) string {
	switch {
	case pairs(b, big5Pair):
		return "big5"
	case pairs(b, shiftJISPair):
		return "shift_jis"
	}
	return ""
}

// A pairKind says what two bytes are in a charset.
type pairKind uint8

const (
	noPair      pairKind = iota
	usual                // a usual character
	telling              // a usual one that other charsets have no usual one for
	kana                 // a syllable of Japanese
	sign                 // punctuation, digits and letters of full width
	rare                 // a character that is seldom written
	foreignPair          // one that the language of the charset does not have
	halfPair             // no pair: the first byte is a character
)

// big5Pair knows the usual characters and punctuation. A second byte of ASCII
// tells them from those of GB 2312 and EUC.
func big5Pair(lead, trail byte) pairKind {
	switch {
	case lead < 0xa1 || lead > 0xc6 || lead == 0xc6 && trail > 0x7e:
		return noPair
	case trail >= 0xa1 && trail < 0xff:
		return usual
	case trail < 0x40 || trail > 0x7e:
		return noPair
	case lead < 0xa4: // punctuation
		return usual
	}
	return telling
}

// shiftJISPair knows kana, usual Kanji and punctuation; kana are telling.
func shiftJISPair(lead, trail byte) pairKind {
	if trail < 0x40 || trail == 0x7f || trail > 0xfc {
		return noPair
	}
	switch {
	case lead == 0x82 && trail >= 0x9f && trail <= 0xf1, lead == 0x83 && trail <= 0x96:
		return telling
	case lead == 0x81, lead == 0x82 && trail >= 0x4f && trail <= 0x9a, lead >= 0x88 && lead <= 0x97:
		return usual
	}
	return noPair
}

// pairs reports whether all bytes above ASCII are of pairs, two of them at
// least and one that is telling, which don't stand within words of ASCII: there
// are letters with accents.
func pairs(b []byte, kind func(lead, trail byte) pairKind) bool {
	n, certain, torn := 0, false, 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i > 0 && letter(b[i-1]) {
			torn++
		}
		for ; i+1 < len(b) && b[i] >= 0x80; i += 2 {
			k := kind(b[i], b[i+1])
			if k == noPair {
				return false
			}
			n++
			certain = certain || k == telling
		}
		if i < len(b) && (b[i] >= 0x80 || letter(b[i])) {
			torn++
		}
	}
	return n >= 2 && certain && 3*torn <= n
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

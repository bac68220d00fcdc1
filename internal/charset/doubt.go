package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// contradicted decides whether b is UTF-8 although it is labelled with another
// charset that is no ASCII; broken tells that the label's decoder could not
// read all of it. Text of a charset of several bytes is hardly ever valid
// UTF-8 by chance, and if so it consists of a few pairs of bytes; text of a
// single-byte charset can only be if it is very short, and if it has letters
// of Western Europe never.
func contradicted(b []byte, name string, broken bool) bool {
	if wide(name) {
		return !nul(b) && utf8.Valid(b) && (len(b)%2 != 0 || bytes.ContainsAny(b, " \r\n"))
	}
	pairs, longer, bad := sequences(b)
	switch {
	case bad > 0 || pairs+longer == 0:
		return false
	case broken || latin(name):
		return true
	case multibyte(name):
		return longer > 0 || pairs >= 4
	}
	return pairs+longer >= 3
}

// sequences counts the sequences of UTF-8 of two bytes and of more, and the bytes
// above ASCII that are in none.
func sequences(b []byte) (pairs, longer, bad int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			bad++
		case n == 2:
			pairs++
		default:
			longer++
		}
		i += n
	}
	return pairs, longer, bad
}

// damaged reports whether b is UTF-8 but for a few bytes, as where it was cut or a
// word of another text was put in: in other charsets its sequences do not follow one
// another.
func damaged(b []byte) bool {
	const least, share = 5, 5 // sequences of three bytes and more, and of all for each bad byte
	pairs, longer, bad := sequences(b)
	return bad > 0 && (longer >= least && bad*share <= longer || pairs >= 4*least && bad*4*share <= pairs)
}

func nul(b []byte) bool { return bytes.IndexByte(b, 0) >= 0 }

// wide tells the charsets in which ASCII takes more than one byte.
func wide(name string) bool {
	return strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32")
}

func multibyte(name string) bool {
	switch name {
	case "gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift_jis":
		return true
	}
	return sevenBit(name)
}

func sevenBit(name string) bool {
	return name == "utf-7" || strings.HasPrefix(name, "iso-2022") || strings.HasPrefix(name, "hz-")
}

// latin tells the charsets in which the bytes of UTF-8 are a capital letter
// with an accent and a symbol behind it.
func latin(name string) bool {
	switch name {
	case "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14",
		"iso-8859-15", "iso-8859-16", "windows-1250", "windows-1252", "windows-1254", "windows-1257", "macintosh":
		return true
	}
	return false
}

// iso2022Name tells the charsets whose escape sequences say which of them it is.
func iso2022Name(name string) bool { return strings.HasPrefix(name, "iso-2022") }

// western tells the labels that programs write when they were not told any.
func western(name string) bool {
	return name == "iso-8859-1" || name == "iso-8859-15" || name == "windows-1252"
}

// meant names the charset of b, in which there are bytes above ASCII, where it
// can hardly be that of the label: that is of 7 bits and says nothing of what they
// would be, or has letters of the West, which stand alone, or b fits another one
// far better. "" if the label may be right.
func meant(b []byte, label string) string {
	if sevenBit(label) && ascii(b) {
		if escaped := escapedAs(b); !iso2022Name(escaped) || !iso2022Name(label) {
			return escaped
		}
		return ""
	}
	if sevenBit(label) && bytes.IndexByte(b, '\x1b') >= 0 {
		return ""
	}
	sample := sampleOf(b)
	switch {
	case sevenBit(label), latin(label) && foreign(b):
		if other := fitting(sample); other != "" {
			return other
		}
		return fittingLetters(sample)
	case latin(label):
		for _, name := range [...]string{"big5", "shift_jis"} { // whose second bytes are letters of ASCII too
			if f := fitPairs(sample, name); f.n >= fitMany && f.share() >= fitSure && fitting(sample) == name {
				return name
			}
		}
		return ""
	}
	return refit(sample, label)
}

// foreign reports whether a text is in no language of Western Europe, whose letters
// with accents stand alone among those of ASCII: bytes above ASCII stand together, by
// three and more on average, and are various.
func foreign(b []byte) bool {
	const least, various, together = 8, 6, 3
	n, runs := 0, 0
	for i, c := range b {
		if c < 0x80 {
			continue
		}
		n++
		if i == 0 || b[i-1] < 0x80 {
			runs++
		}
	}
	return n >= least && n >= together*runs && kinds(b) >= various
}

// unreadable reports whether so much of a decoded text could not be read that
// its charset must be another one.
func unreadable(s string) bool {
	good, bad := 0, 0
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			bad++
		case r >= utf8.RuneSelf:
			good++
		}
	}
	return 4*bad > good
}

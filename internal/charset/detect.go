package charset

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gogs/chardet"
)

// detectBytes is how much of a text is looked at to guess its charset.
const detectBytes = 4 << 10

// Detect guesses the charset of b, which is not valid UTF-8, and returns a
// label for Decode; windows-1252 when nothing is likelier.
func Detect(b []byte) string {
	const fallback = "windows-1252"
	sample := sampleOf(b)
	rs, err := chardet.NewTextDetector().DetectAll(sample)
	if err != nil {
		return fallback
	}
	slices.SortFunc(rs, likelier)
	for _, r := range rs {
		name := canonical(r.Charset)
		switch {
		case r.Confidence < 10:
			return fallback
		case strings.HasPrefix(name, "utf-"), name == "gb-18030" && r.Confidence < 30:
			continue
		case strings.HasPrefix(name, "ibm"):
			continue // mail is never in EBCDIC
		}
		if enc, n := lookup(name); enc != nil {
			return n
		}
	}
	return fallback
}

// likelier sorts guesses by confidence. The detector asks its recognizers side
// by side and leaves equal ones in the order in which they happened to answer;
// here they stand in ICU's order, as in Rspamd.
func likelier(a, b chardet.Result) int {
	return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(rank(a.Charset), rank(b.Charset)),
		strings.Compare(a.Charset, b.Charset))
}

// rank is the place of a charset among ICU's recognizers.
func rank(charset string) int {
	for i, prefix := range [...]string{
		"UTF-", "ISO-8859-1", "windows-1252", "ISO-8859-2", "windows-1250", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7",
		"windows-1253", "ISO-8859-8", "windows-1255", "windows-1251", "windows-1256", "KOI8-R", "ISO-8859-9", "windows-1254",
		"Shift_JIS", "GB18030", "GB-18030", "EUC-JP", "EUC-KR", "Big5",
	} {
		if strings.HasPrefix(charset, prefix) {
			return i
		}
	}
	return 1 << 10
}

// sampleOf takes the first bytes from the first non-ASCII one's neighbourhood
// on: long ASCII openings would only dilute the statistics.
func sampleOf(b []byte) []byte {
	if len(b) <= detectBytes {
		return b
	}
	for i, c := range b {
		if c >= 0x80 {
			start := max(0, i-64)
			return b[start:min(len(b), start+detectBytes)]
		}
	}
	return b[:detectBytes]
}

package charset

import (
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
	for _, r := range rs {
		name := canonical(r.Charset)
		switch {
		case r.Confidence < 10:
			return fallback
		case strings.HasPrefix(name, "utf-"), name == "gb-18030" && r.Confidence < 30:
			continue
		case strings.HasPrefix(name, "ibm"):
			continue // EBCDIC: mail never is
		}
		if enc, n := lookup(name); enc != nil {
			return n
		}
	}
	return fallback
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

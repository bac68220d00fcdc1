package charset

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gogs/chardet"
)

const (
	detectBytes   = 1 << 10 // how much of a text is looked at to guess its charset
	detectContext = 24      // how much of it may be ASCII beside bytes that are not
	fallback      = "windows-1252"
	sureFrom      = 30 // confidence of a guess that outdoes a label whose decoder meets few bad bytes
)

// Detect guesses the charset of b, which is not valid UTF-8, and returns a
// label for Decode; windows-1252 when nothing is likelier.
func Detect(b []byte) string {
	name, _ := detect(b)
	return name
}

// detect does the work of Detect and says how sure it is, from 0 to 100.
func detect(b []byte) (name string, confidence int) {
	sample := sampleOf(b)
	if isHangul(sample) {
		return "euc-kr", 100
	}
	if name := fitting(sample); name != "" {
		return name, 100
	}
	if name := isShort(sample); name != "" {
		return name, sureFrom
	}
	if isThai(sample) {
		return "windows-874", sureFrom
	}
	rs, err := chardet.NewTextDetector().DetectAll(sample)
	if err != nil {
		return fallback, 0
	}
	slices.SortFunc(rs, likelier)
	for i, r := range rs {
		name := canonical(r.Charset)
		switch {
		case r.Confidence < 10:
			return fallback, 0
		case strings.HasPrefix(name, "utf-"), name == "gb-18030" && r.Confidence < 30:
			continue
		case strings.HasPrefix(name, "ibm"):
			continue // mail is never in EBCDIC
		}
		if enc, n := lookup(name); enc != nil {
			if !multibyte(n) && decodeWith(sample, enc, n).Broken {
				if other, confidence := whole(sample, rs[i+1:], r.Confidence/4); other != "" {
					return other, confidence
				}
			}
			return n, r.Confidence
		}
	}
	return fallback, 0
}

// whole returns the first guess of at least that confidence whose charset is of
// single bytes and has all of those of the sample. What has not is hardly ever the
// right one, where a charset of several bytes may only be damaged.
func whole(sample []byte, rs []chardet.Result, least int) (name string, confidence int) {
	for _, r := range rs {
		if r.Confidence < max(least, 10) {
			break
		}
		enc, n := lookup(canonical(r.Charset))
		if enc != nil && !wide(n) && !multibyte(n) && !strings.HasPrefix(n, "ibm") && !decodeWith(sample, enc, n).Broken {
			return n, r.Confidence
		}
	}
	return "", 0
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

// sampleOf takes the stretches of b with bytes above ASCII, each with some of
// what stands before and behind it and cut at white space, which is no part of
// a character in any charset: the rest says nothing, and every byte costs the
// detector two dozen searches.
func sampleOf(b []byte) []byte {
	if len(b) <= detectBytes {
		return b
	}
	sample := make([]byte, 0, detectBytes)
	for end := 0; end < len(b) && len(sample) < detectBytes; {
		i := end
		for i < len(b) && b[i] < 0x80 {
			i++
		}
		if i == len(b) {
			break
		}
		start := i
		for start > end && (i-start < detectContext || !white(b[start-1])) && i-start < 2*detectContext {
			start--
		}
		last := i
		for end = i + 1; end < len(b) && end-start < detectBytes && (end-last < detectContext || !white(b[end])); end++ {
			if b[end] >= 0x80 {
				last = end
			}
		}
		sample = append(sample, b[start:min(end, start+detectBytes-len(sample))]...)
	}
	return sample
}

func white(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

package mail

import (
	"sort"
	"strings"
)

// A seam is a place where bytes were left out of a text.
type seam struct{ at, skipped int }

// joinLines returns text as a reader of URLs takes it: zero-width spaces
// left out, URLs in angle brackets that go on in the next line joined, and flowed
// lines too. seams tell what was left out, to find places in the original again.
func joinLines(text string, flowed bool) (joined string, seams []seam) {
	wraps := false
	for i := 0; !wraps; {
		j := strings.IndexByte(text[i:], '<')
		if j < 0 {
			break
		}
		i += j + 1
		wraps = wrapEnd(text, i) > 0
	}
	if !wraps && !flowed && !strings.Contains(text, "\u200b") {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	skipped, from := 0, 0
	skip := func(i, n int) {
		b.WriteString(text[from:i])
		skipped += n
		seams = append(seams, seam{b.Len(), skipped})
		from = i + n
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '<':
			if e := wrapEnd(text, i+1); e > 0 {
				n := 1
				if text[e] == '\r' {
					n = 2
				}
				skip(e, n)
				i = e + n - 1
			}
		case ' ':
			if n := softBreak(text, i); n > 0 && flowed {
				skip(i, n)
				i += n - 1
			}
		case "\u200b"[0]:
			if strings.HasPrefix(text[i:], "\u200b") {
				skip(i, 3)
				i += 2
			}
		}
	}
	b.WriteString(text[from:])
	return b.String(), seams
}

// deletesSpace reports whether a blank before a line end in the part's text is no part
// of it, and the line end neither (RFC 3676 section 4.5): programs break URLs there.
func (p *Part) deletesSpace() bool {
	return strings.EqualFold(p.Type.Param("format"), "flowed") && strings.EqualFold(p.Type.Param("delsp"), "yes")
}

// softBreak returns the length of the blank at i and the line end behind it, 0 if
// there is none or the line is the mark of a signature.
func softBreak(s string, i int) int {
	n := 1
	if i+n < len(s) && s[i+n] == '\r' {
		n++
	}
	if i+n == len(s) || s[i+n] != '\n' || strings.HasSuffix(s[:i], "\n--") {
		return 0
	}
	return n + 1
}

// wrapEnd returns where the line ends that holds an open angle bracket before
// i with a URL behind it, 0 if the line is not of that kind.
func wrapEnd(s string, i int) int {
	if i+7 > len(s) || !(prefixFold(s[i:], "http") || prefixFold(s[i:], "www.") || prefixFold(s[i:], "ftp:")) {
		return 0
	}
	for j := i; j < len(s) && j-i < 2048; j++ {
		switch c := s[j]; {
		case c == '\n' || c == '\r' && j+1 < len(s) && s[j+1] == '\n':
			return j
		case c <= ' ' || c == '>' || c == '<':
			return 0
		}
	}
	return 0
}

// original maps a place in the joined text to the text it was made from.
func original(seams []seam, i int) int {
	k := sort.Search(len(seams), func(k int) bool { return seams[k].at > i })
	if k == 0 {
		return i
	}
	return i + seams[k-1].skipped
}

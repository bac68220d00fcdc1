package mail

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/internal/ascii"
)

// maskedForms are how Rspamd 4.1.6 recognizes that a URL may be masked; the
// last wants a word behind it.
var maskedForms = sync.OnceValue(func() []*regexp.Regexp {
	var forms []*regexp.Regexp
	for _, expr := range [...]string{
		`(?i)h\s+t\s+t\s+p\s*s?\s*[:/]`,
		`(?i)hxxps?://`,
		`[\[({]\s*\.\s*[\])}]`,
		`(?i)&#\d{2,3};[^&]{0,20}&#\d{2,3};`,
		`(?i)\w\s+dot\s+`,
	} {
		forms = append(forms, regexp.MustCompile(expr))
	}
	return forms
})

const (
	maxMaskedMatches = 50 // of a message
	maskedBefore     = 64
	maskedWindow     = 512
	maskedAfter      = 256
)

// A maskedMatch is one place where a form was found. ends counts the places
// where a match may end, which Rspamd takes for matches each.
type maskedMatch struct {
	start, end, ends int
	word             bool
}

// findMaskedAsRspamd calls f for the first bare host around each place that
// looks as if a URL was masked there, whether or not that is what stands there.
func findMaskedAsRspamd(text string, f func(u URL, start, end int) bool) {
	left := maxMaskedMatches
	for _, m := range maskedMatches(text) {
		if left <= 0 {
			return
		}
		ends := min(m.ends, left)
		left -= ends
		host := hostNear(text, m)
		if host == "" {
			continue
		}
		if u, ok := maskedURL("", host, text[m.start:m.end]); ok {
			if u.Masked = ends; !f(u, m.start, m.end) {
				return
			}
		}
	}
}

func maskedMatches(text string) (found []maskedMatch) {
	forms := maskedForms()
	for i, re := range forms {
		for _, at := range re.FindAllStringIndex(text, maxMaskedMatches) {
			m := maskedMatch{start: at[0], end: at[1], ends: 1}
			if i == len(forms)-1 {
				m.word = true
				m.ends = ascii.Span(text[m.end:min(len(text), m.end+maxMaskedMatches)], wordByte)
				for m.start > 0 && at[0]-m.start < maskedWindow && wordByte(text[m.start-1]) {
					m.start--
				}
				m.end += min(m.ends, 1)
			}
			if m.ends > 0 {
				found = append(found, m)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b maskedMatch) int { return a.end - b.end })
	return found
}

func wordByte(c byte) bool { return alnumByte(c) || c == '_' }

var (
	maskedDots  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\[({]\s*\.\s*[\])}]|(?i:\s+dot\s+)`) })
	bareHost    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z-]+\.[A-Za-z][0-9A-Za-z.-]+`) })
	noWidthByte = strings.NewReplacer("\xe2", "", "\x80", "", "\x8b", "", "\x8c", "", "\x8d", "", "\xef", "", "\xbb", "", "\xbf", "", "\xc2", "", "\xad", "")
)

// hostNear returns the first host in the window around a match with its dots
// put right, "" if that is none.
func hostNear(text string, m maskedMatch) string {
	from := max(m.start-maskedBefore, 0)
	to := min(m.end+maskedAfter, from+maskedWindow, len(text))
	window := html.UnescapeString(noWidthByte.Replace(text[from:to]))
	host := bareHost().FindString(maskedDots().ReplaceAllString(window, "."))
	dots := strings.Count(host, ".")
	tld := host[strings.LastIndexByte(host, '.')+1:]
	least := 2
	if m.word {
		least = 3
	}
	if len(tld) < least || len(tld) > 10 || dots > 4 || !ascii.IsLetter(tld[0]) {
		return ""
	}
	return host
}

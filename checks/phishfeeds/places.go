package phishfeeds

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// schemeEnd stands behind the scheme of most URLs, and hardly anywhere else.
const schemeEnd = "://"

// A searched is a text in which URLs are looked for, and where a schemeEnd stands
// in it: a message has many URLs and few such places.
type searched struct {
	text string
	ends []int
}

func searchIn(all []*mail.Text) []searched {
	list := make([]searched, len(all))
	for i, x := range all {
		text := x.Plain()
		list[i].text = text
		for at := 0; ; {
			n := strings.Index(text[at:], schemeEnd)
			if n < 0 {
				break
			}
			at += n
			list[i].ends = append(list[i].ends, at)
			at += len(schemeEnd)
		}
	}
	return list
}

// find returns where raw stands for the first time at from or behind it, -1 if it
// does not. Places are compared only for a URL with one schemeEnd: each
// comparison ends at the next place then, so that all of them together read the
// text once.
func (s searched) find(raw string, from int) int {
	before := strings.Index(raw, schemeEnd)
	if before < 0 || before != strings.LastIndex(raw, schemeEnd) {
		if n := strings.Index(s.text[from:], raw); n >= 0 {
			return from + n
		}
		return -1
	}
	first, _ := slices.BinarySearch(s.ends, from+before)
	for _, end := range s.ends[first:] {
		if strings.HasPrefix(s.text[end-before:], raw) {
			return end - before
		}
	}
	return -1
}

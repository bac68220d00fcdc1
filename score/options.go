package score

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// options is the set of a symbol's options in order of arrival.
type options struct {
	list  []string
	bytes int
	full  bool
	seen  map[string]struct{} // for long lists
}

// scanLimit is the length up to which a list is searched without a map.
const scanLimit = 16

// add appends an option that is not there yet. When the bytes would exceed
// limit, it adds "..." instead and nothing from then on.
func (o *options) add(option string, limit int) {
	if o.full {
		return
	}
	if o.bytes+len(option) > limit {
		o.full = true
		option = "..."
	}
	clean := sanitize(option)
	if o.has(clean) {
		return
	}
	o.bytes += len(option)
	o.list = append(o.list, clean)
	if o.seen != nil {
		o.seen[clean] = struct{}{}
	}
}

func (o *options) has(option string) bool {
	if len(o.list) <= scanLimit {
		return slices.Contains(o.list, option)
	}
	if o.seen == nil {
		o.seen = make(map[string]struct{}, 2*scanLimit)
		for _, s := range o.list {
			o.seen[s] = struct{}{}
		}
	}
	_, ok := o.seen[option]
	return ok
}

// sanitize replaces what can't be printed by U+FFFD: options come from the
// message and end in logs, headers and JSON.
func sanitize(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return sanitizeRunes(s)
		}
	}
	return s
}

func sanitizeRunes(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsGraphic(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

package lists

import (
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/perlre"
)

// patternTable holds globs or regular expressions in the order of their lines.
// Globs that are a plain text, or end in one behind "*.", cost one look-up
// however many there are; of regular expressions only those run whose literals
// occur. It does not change once it is made.
type patternTable struct {
	values []string
	whole  map[string]int // plain globs
	below  map[string]int // what stands behind "*."
	globs  []pattern      // others

	building matcher.Builder
	regexps  *matcher.Set
}

type pattern struct {
	re    *regexp.Regexp
	place int // in values
}

// add adds a pattern.
func (t *patternTable) add(kind Kind, key, value string) error {
	if kind == Globs {
		return t.addGlob(strings.ToLower(key), value)
	}
	re, err := perlre.Compile(key)
	if err != nil {
		return err
	}
	t.building.Add(re) // its number is the place
	t.place(value)
	return nil
}

// done makes the table ready.
func (t *patternTable) done(kind Kind) {
	if kind != Regexps {
		return
	}
	t.regexps, t.building = t.building.Set(), matcher.Builder{}
}

// place takes the next place.
func (t *patternTable) place(value string) int {
	t.values = append(t.values, value)
	return len(t.values) - 1
}

func (t *patternTable) addGlob(glob, value string) error {
	put := func(m *map[string]int, key string) {
		if *m == nil {
			*m = map[string]int{}
		}
		if _, dup := (*m)[key]; !dup {
			(*m)[key] = t.place(value)
		}
	}
	switch end, below := strings.CutPrefix(glob, "*."); {
	case !strings.ContainsAny(glob, "*?+"):
		put(&t.whole, glob)
	case below && end != "" && !strings.ContainsAny(end, "*?+"):
		put(&t.below, end)
	default:
		var b strings.Builder
		b.WriteString("(?s)^")
		for _, r := range glob {
			switch r {
			case '*', '?', '+':
				b.WriteString("." + string(r))
			default:
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
		b.WriteString("$")
		re, err := regexp.Compile(b.String())
		if err != nil {
			return err
		}
		t.globs = append(t.globs, pattern{re, t.place(value)})
	}
	return nil
}

// find returns the places of what matches s in ascending order, the first alone
// unless all is set.
func (t *patternTable) find(kind Kind, s string, all bool) (places []int) {
	if kind == Regexps {
		t.regexps.Each(s, "", matcher.For(len(s)), func(int) bool { return all || places == nil }, func(i, _, _ int) bool {
			places = append(places, i)
			return false
		})
		return places
	}
	s = strings.ToLower(s)
	if i, ok := t.whole[s]; ok {
		places = append(places, i)
	}
	for rest := s; len(t.below) > 0; {
		_, after, found := strings.Cut(rest, ".")
		if !found {
			break
		}
		if i, ok := t.below[after]; ok {
			places = append(places, i)
		}
		rest = after
	}
	for _, p := range t.globs {
		if p.re.MatchString(s) {
			places = append(places, p.place)
			if !all {
				break
			}
		}
	}
	slices.Sort(places)
	if !all && len(places) > 1 {
		places = places[:1]
	}
	return places
}

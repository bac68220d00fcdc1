package matcher

import (
	"slices"
	"strings"
	"sync"
)

// A Builder gathers the patterns of a Set.
type Builder struct {
	patterns []member
}

// A member is a pattern and the kinds of text that it looks at.
type member struct {
	*Pattern
	keys []string
}

// Add adds a pattern and returns its number; numbers count from 0. A pattern
// with keys looks only at texts with one of them: names of header fields.
func (b *Builder) Add(p *Pattern, keys ...string) int {
	b.patterns = append(b.patterns, member{p, keys})
	return len(b.patterns) - 1
}

// A Set is many patterns that look at one sort of text. It is safe for
// concurrent use.
type Set struct {
	patterns []member
	literals []string
	users    [][]int32          // patterns by literal
	direct   map[string][]int32 // patterns without a literal, by key
	own      [][]int32          // literals by pattern
	also     [][]int32          // of their second sets
	auto     *automaton
	searches sync.Pool
}

// Set makes the Set of what was added.
func (b *Builder) Set() *Set {
	s := &Set{patterns: b.patterns, direct: map[string][]int32{}, own: make([][]int32, len(b.patterns)), also: make([][]int32, len(b.patterns))}
	ids := map[string]int32{}
	literal := func(l string) int32 {
		id, ok := ids[l]
		if !ok {
			id = int32(len(s.literals))
			ids[l] = id
			s.literals, s.users = append(s.literals, l), append(s.users, nil)
		}
		return id
	}
	for i, m := range b.patterns {
		if len(m.literals) == 0 {
			s.run(int32(i), m.keys)
			continue
		}
		for _, l := range m.literals {
			id := literal(l)
			s.users[id] = append(s.users[id], int32(i))
			s.own[i] = append(s.own[i], id)
		}
		for _, l := range m.also {
			s.also[i] = append(s.also[i], literal(l))
		}
	}
	if len(s.literals) > 0 {
		s.auto = newAutomaton(s.literals)
	}
	s.searches.New = func() any {
		return &search{seen: make([]occurrences, len(s.literals)), asked: make([]uint32, len(s.patterns))}
	}
	return s
}

func (s *Set) run(i int32, keys []string) {
	if len(keys) == 0 {
		keys = []string{""}
	}
	for _, k := range keys {
		s.direct[k] = append(s.direct[k], i)
	}
}

// Len returns the number of patterns.
func (s *Set) Len() int { return len(s.patterns) }

// Direct returns the numbers of the patterns that run on every text, in order.
func (s *Set) Direct() []int {
	var all []int
	for i := range s.patterns {
		if len(s.own[i]) == 0 {
			all = append(all, i)
		}
	}
	return all
}

// maxPlaces is how many occurrences of a literal are kept; where there are more,
// its patterns look at the whole text.
const maxPlaces = 32

// occurrences are those of one literal in a text.
type occurrences struct {
	gen  uint32 // the search that saw it
	n    int32
	head int32 // the last place, an index of search.places
}

// A place is where a literal ends.
type place struct{ end, before int32 }

// A search is the scratch of one text.
type search struct {
	gen    uint32
	seen   []occurrences // by literal
	places []place
	asked  []uint32 // by pattern: the search that noted it
	found  []int32  // literals
	todo   []int32  // patterns
	spans  []span
}

type span struct{ from, to int }

// Each calls hit for the matches of the patterns in text, in the order of their
// numbers and then of their places. Patterns with keys are looked for only if
// key is one of them. Where wants is false a pattern is left out; where hit
// returns false, its further matches. Matches of one pattern do not overlap.
func (s *Set) Each(text, key string, b *Budget, wants func(i int) bool, hit func(i, start, end int) bool) {
	sc := s.searches.Get().(*search)
	defer s.searches.Put(sc)
	if sc.gen++; sc.gen == 0 { // after 2^32 texts: what older ones noted could be taken for this one's
		clear(sc.seen)
		clear(sc.asked)
		sc.gen = 1
	}
	sc.found, sc.todo, sc.places = sc.found[:0], sc.todo[:0], sc.places[:0]
	folded := text
	if strings.Contains(text, "\u017f") || strings.Contains(text, "\u212a") {
		folded = strings.NewReplacer("\u017f", "s", "\u212a", "k").Replace(text)
	}
	if s.auto != nil && len(text) >= minLiteral {
		s.collect(folded, key, sc, b)
	}
	sc.todo = append(sc.todo, s.direct[""]...)
	if key != "" {
		sc.todo = append(sc.todo, s.direct[key]...)
	}
	slices.Sort(sc.todo)
	for _, i := range sc.todo {
		if !wants(int(i)) {
			continue
		}
		s.look(text, i, sc, len(folded) == len(text), b, hit)
	}
}

// collect notes which literals occur where, and whose they are.
func (s *Set) collect(text, key string, sc *search, b *Budget) {
	s.auto.each(text, func(id int32, end int) bool {
		o := &sc.seen[id]
		if o.gen != sc.gen {
			*o = occurrences{gen: sc.gen, head: -1}
			sc.found = append(sc.found, id)
		}
		if o.n++; o.n <= maxPlaces {
			sc.places = append(sc.places, place{int32(end), o.head})
			o.head = int32(len(sc.places) - 1)
		}
		o.n = min(o.n, maxPlaces+1)
		return true
	})
	for _, id := range sc.found {
		for _, i := range s.users[id] {
			if sc.asked[i] == sc.gen {
				continue
			}
			sc.asked[i] = sc.gen
			if also := s.also[i]; len(also) > 0 && !slices.ContainsFunc(also, func(id int32) bool { return sc.seen[id].gen == sc.gen }) {
				continue
			}
			if keys := s.patterns[i].keys; len(keys) == 0 || slices.Contains(keys, key) {
				sc.todo = append(sc.todo, i)
			}
		}
		b.left = max(0, b.left-len(s.users[id])/16)
	}
}

// look runs a pattern where it may match.
func (s *Set) look(text string, i int32, sc *search, placed bool, b *Budget, hit func(i, start, end int) bool) {
	p := s.patterns[i]
	whole := !placed || len(s.own[i]) == 0 || p.most >= unbounded && !p.lines
	if !whole {
		whole = !s.spans(text, i, sc)
	}
	if whole {
		sc.spans = append(sc.spans[:0], span{0, len(text)})
	}
	last := -1
	for _, w := range sc.spans {
		ok, edge := p.within(text, w, b, func(start, end int) bool {
			if start < last {
				return true
			}
			last = max(end, start+1)
			return hit(int(i), start, end)
		})
		if edge { // what was found may be one only because the text was cut there
			p.within(text, span{0, len(text)}, b, func(start, end int) bool {
				return start < last || hit(int(i), start, end)
			})
			return
		}
		if !ok {
			return
		}
	}
}

// spans gathers the stretches of text around the pattern's literals. It is false
// where the whole text is to be looked at.
func (s *Set) spans(text string, i int32, sc *search) bool {
	p := s.patterns[i]
	sc.spans = sc.spans[:0]
	for _, id := range s.own[i] {
		o := &sc.seen[id]
		if o.gen != sc.gen {
			continue
		}
		if o.n > maxPlaces {
			return false
		}
		for at := o.head; at >= 0; at = sc.places[at].before {
			end := int(sc.places[at].end)
			sc.spans = append(sc.spans, p.around(text, end-len(s.literals[id]), end))
		}
	}
	slices.SortFunc(sc.spans, func(a, b span) int { return a.from - b.from })
	merged, sum := sc.spans[:1], 0
	for _, w := range sc.spans[1:] {
		if l := &merged[len(merged)-1]; w.from <= l.to {
			l.to = max(l.to, w.to)
			continue
		}
		merged = append(merged, w)
	}
	for _, w := range merged {
		sum += w.to - w.from
	}
	sc.spans = merged
	return sum < len(text)
}

// around returns the stretch in which a match lies that holds the bytes from
// start to end, with a character on either side that belongs to no match.
func (c *Pattern) around(text string, start, end int) span {
	const beside = 4
	w := span{0, len(text)}
	if c.most < unbounded {
		w.from, w.to = max(0, end-c.most-beside), min(len(text), start+c.most+beside)
	}
	if c.lines && (c.most >= unbounded || c.most > 256) {
		w.from = max(w.from, strings.LastIndexByte(text[w.from:start], '\n')+w.from)
		if i := strings.IndexByte(text[end:w.to], '\n'); i >= 0 {
			w.to = end + i + 1
		}
	}
	return span{align(text, w.from, true), align(text, w.to, false)}
}

// within calls hit for the matches in a stretch of text until it returns false;
// ok tells that it did not. edge tells that a match touches where the stretch
// was cut, and asks what stands beside it: hit was not called for that one.
func (c *Pattern) within(text string, w span, b *Budget, hit func(start, end int) bool) (ok, edge bool) {
	c.machine()
	var all [][]int
	if c.std == nil {
		all = c.prog.all(text, w.from, w.to, -1, b)
	} else {
		if !b.take(w.to - w.from) {
			return false, false
		}
		first := c.std.FindStringIndex(text[w.from:w.to])
		if first == nil {
			return true, false
		}
		all = [][]int{first}
	}
	for i := 0; i < len(all); i++ {
		start, end := all[i][0], all[i][1]
		if c.std != nil {
			start, end = w.from+start, w.from+end
			if c.asserts && (start == w.from && w.from > 0 || end == w.to && w.to < len(text)) {
				return true, true
			}
		}
		if !hit(start, end) {
			return false, false
		}
		if i == 0 && c.std != nil { // more than one is wanted
			if !b.take(w.to - w.from) {
				return false, false
			}
			all = c.std.FindAllStringIndex(text[w.from:w.to], -1)
		}
	}
	return true, false
}

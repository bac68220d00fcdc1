// Package texts looks for many patterns in the texts that a message is made of:
// header fields, text as it is read, raw bodies, URLs and so on, as Rspamd's
// regular expressions and SpamAssassin's rules name them. Each kind of text is
// gone through once, whatever the number of patterns (internal/matcher).
//
// Families of operators' rules use it; it raises no symbols.
package texts

import (
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/symbols"
)

// A Kind says what text a pattern looks at.
type Kind uint8

// The kinds, with Rspamd's names for them.
const (
	Header     Kind = iota // header: decoded values of the message's fields of a name
	RawHeader              // raw_header: their values as received, unfolded
	MIMEHeader             // mime_header: decoded values of fields of parts of a multipart
	AllHeaders             // all_headers: the message's header as received
	MIME                   // mime: each text as a reader sees it
	RawMIME                // raw_mime: each text part's body as received
	Body                   // body: the whole message as received
	SABody                 // sa_body: the subject, then each text on one line
	SARawBody              // sa_raw_body: each text decoded, with its tags
	URL                    // url
	Email                  // email: addresses in texts
	Words                  // words
	RawWords               // raw_words
	StemWords              // stem_words
	Selector               // selector: each value of a selector
	Given                  // texts that the caller of FindWith has, by a name
	kinds
)

func (k Kind) String() string {
	return [...]string{
		"header", "raw_header", "mime_header", "all_headers", "mime", "raw_mime", "body", "sa_body", "sa_raw_body", "url", "email", "words", "raw_words", "stem_words", "selector", "given",
	}[k]
}

// Bytes reports whether patterns of the kind look at bytes, not characters
// (matcher.Options.Bytes), whatever Builder.Octets says.
func (k Kind) Bytes() bool { return k == RawHeader || k == AllHeaders || k == RawMIME || k == Body }

// A Pattern is one pattern and where it looks.
type Pattern struct {
	Kind    Kind
	Pattern *matcher.Pattern
	// Headers are the names of the fields, in lower case, for the kinds of
	// fields, or those of the texts for the kind Given. Exact is one of them whose case counts, "" for none.
	Headers []string
	Exact   string
	// Selector is what gives the texts of the kind Selector.
	Selector *selector.Selector
	// Most is how many matches count, 0 for one.
	Most int
}

// A Builder gathers the patterns of a Set.
type Builder struct {
	// Octets has patterns of all kinds look at bytes, those of UTF-8 where a text
	// was decoded, and at lines that end with a line feed alone, as SpamAssassin
	// does.
	Octets bool

	builders  [kinds]matcher.Builder
	ids       [kinds][]int
	patterns  []Pattern
	selectors []*selector.Selector
}

// Add adds a pattern and returns its number; numbers count from 0.
func (b *Builder) Add(p Pattern) int {
	id := len(b.patterns)
	if p.Most == 0 {
		p.Most = 1
	}
	b.patterns = append(b.patterns, p)
	b.ids[p.Kind] = append(b.ids[p.Kind], id)
	keys := p.Headers
	if p.Kind == Selector {
		keys = []string{p.Selector.String()}
		if !b.knows(keys[0]) {
			b.selectors = append(b.selectors, p.Selector)
		}
	}
	b.builders[p.Kind].Add(p.Pattern, keys...)
	return id
}

func (b *Builder) knows(text string) bool {
	for _, s := range b.selectors {
		if s.String() == text {
			return true
		}
	}
	return false
}

// A Set is the patterns made ready. It is immutable.
type Set struct {
	sets      [kinds]*matcher.Set
	ids       [kinds][]int
	patterns  []Pattern
	selectors []*selector.Selector
	headers   map[string]bool // names that patterns of MIMEHeader look at
	given     []string        // names of texts of the caller's, in order
	octets    bool
	most      int // bytes of one text
}

// DefaultMaxText is how much of one text is looked at: what is beyond says little,
// and operators' patterns are not to make a large mail a long scan.
const DefaultMaxText = 1 << 20

// Set makes the Set of what was added. Of each text the first maxText bytes are
// looked at, 0 means DefaultMaxText.
func (b *Builder) Set(maxText int) *Set {
	if maxText == 0 {
		maxText = DefaultMaxText
	}
	s := &Set{ids: b.ids, patterns: b.patterns, selectors: b.selectors, headers: map[string]bool{}, most: maxText, octets: b.Octets}
	for k := range b.builders {
		s.sets[k] = b.builders[k].Set()
	}
	for _, id := range b.ids[MIMEHeader] {
		for _, h := range b.patterns[id].Headers {
			s.headers[h] = true
		}
	}
	for _, id := range b.ids[Given] {
		for _, name := range b.patterns[id].Headers {
			if !slices.Contains(s.given, name) {
				s.given = append(s.given, name)
			}
		}
	}
	return s
}

// Len returns the number of patterns.
func (s *Set) Len() int { return len(s.patterns) }

// Direct returns the numbers of the patterns that run on every text of their
// kind, since they have no literal by which they could be found.
func (s *Set) Direct() []int {
	var all []int
	for k, set := range s.sets {
		for _, i := range set.Direct() {
			all = append(all, s.ids[k][i])
		}
	}
	return all
}

// Requires returns what a check that runs the Set must require.
func (s *Set) Requires() []checks.Requirement {
	var all []checks.Requirement
	for _, sel := range s.selectors {
		all = append(all, sel.Requires()...)
	}
	return all
}

// Matches are what was found in one message.
type Matches struct {
	byID map[int][]symbols.Evidence
	// Cut is how many patterns were not looked for to the end, for the work that
	// a message is worth was done.
	Cut int
}

// Count returns how often a pattern matched, up to its Most.
func (m *Matches) Count(id int) int { return len(m.byID[id]) }

// Evidence returns the places where a pattern matched.
func (m *Matches) Evidence(id int) []symbols.Evidence { return m.byID[id] }

// Each calls f with the numbers of the patterns that matched, in no order.
func (m *Matches) Each(f func(id int)) {
	for id := range m.byID {
		f(id)
	}
}

// Package selector reads Rspamd's selectors: short expressions that pick values
// out of a message and its envelope, such as
//
//	from('mime'):domain.lower
//	header('Subject').lower.substring(1, 4)
//	urls:get_tld.uniq;rcpts:addr.first
//
// A selector is an extractor, perhaps one of its values' methods after a colon,
// and any number of transforms after dots. Several of them, parted by ";",
// are combined. Everything is checked when it is read: names, arguments, and
// which transform may follow what.
//
// Rules of several families use selectors; none of them raises a symbol.
package selector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// Options are what selectors may ask for besides the message.
type Options struct {
	// Delimiter stands between the values of several selectors.
	Delimiter string
	// Maps are those that filter_map, except_map, apply_map and
	// specific_urls_filter_map name.
	Maps map[string]Map
	// Symbol finds the symbols that the extractor symbol may name; without it
	// that one is an error.
	Symbol func(name string) *symbols.Def
	// Hostname is what rspamd_hostname gives.
	Hostname string
}

// A Map finds a value by a key. It must be safe for concurrent use.
type Map interface {
	Get(key string) (value string, ok bool)
}

// A SyntaxError says where a selector is wrong.
type SyntaxError struct {
	Selector string
	Offset   int // in bytes
	Reason   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("selector %q: at offset %d: %s", e.Selector, e.Offset, e.Reason)
}

// A Selector is a selector made ready. It is immutable.
type Selector struct {
	text      string
	delimiter string
	parts     []pipeline
	requires  []checks.Requirement
}

// String returns the selector as written.
func (s *Selector) String() string { return s.text }

// Requires returns the facts and symbols that a check that evaluates the
// selector must require.
func (s *Selector) Requires() []checks.Requirement { return slices.Clone(s.requires) }

// A typ is what stands at a point of a pipeline: text or objects, one or a list.
type typ struct {
	of   *object // nil: text
	list bool
}

// An item is one value: text, or an object with methods.
type item struct {
	text string
	obj  any
}

// A pipeline is one selector of a combination.
type pipeline struct {
	extract func(t *checks.Task) []item
	steps   []func(in []item) []item
	list    bool // of what it ends with
}

// values runs the pipeline; nil stands for none.
func (p *pipeline) values(t *checks.Task) []string {
	items := p.extract(t)
	for _, step := range p.steps {
		items = step(items)
	}
	if len(items) == 0 {
		return nil
	}
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].text
	}
	return out
}

// Values returns the values of each of the combined selectors. It is nil when
// one of them has none, as in Rspamd.
func (s *Selector) Values(t *checks.Task) [][]string {
	all := make([][]string, len(s.parts))
	for i := range s.parts {
		if all[i] = s.parts[i].values(t); all[i] == nil {
			return nil
		}
	}
	return all
}

// Len is how many selectors are combined.
func (s *Selector) Len() int { return len(s.parts) }

// Object makes an object of an even number of combined selectors: the odd ones find
// the keys, and the even ones their values, each a string or, of a selector that
// gives a list, a []string. It is nil where one of them has no value.
func (s *Selector) Object(t *checks.Task) map[string]any {
	all := s.Values(t)
	if all == nil || len(all)%2 != 0 {
		return nil
	}
	object := make(map[string]any, len(all)/2)
	for i := 0; i < len(all); i += 2 {
		object[all[i][0]] = all[i+1][0]
		if s.parts[i+1].list {
			object[all[i][0]] = all[i+1]
		}
	}
	return object
}

// Eval returns the values of the selector. Those of several selectors are
// joined, the first with the first and so on up to the end of the shortest
// list; a selector that gives no list goes with each.
func (s *Selector) Eval(t *checks.Task) []string {
	all := s.Values(t)
	if len(all) <= 1 {
		return slices.Concat(all...)
	}
	n := -1
	for i, list := range all {
		if s.parts[i].list && (n < 0 || len(list) < n) {
			n = len(list)
		}
	}
	if n < 0 {
		n = 1
	}
	out := make([]string, n)
	row := make([]string, len(all))
	for i := range out {
		for j, list := range all {
			row[j] = list[0]
			if s.parts[j].list {
				row[j] = list[i]
			}
		}
		out[i] = strings.Join(row, s.delimiter)
	}
	return out
}

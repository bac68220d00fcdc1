package multimap

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A match is an entry of a list that fits a value of the message.
type match struct {
	Symbol string `json:"symbol"` // the rule's
	Value  int    `json:"value"`  // which of the group's values
	Entry  string `json:"entry,omitempty"`
	// Text is what a combined rule matched.
	Text string `json:"text,omitempty"`
}

func (e *engine) run(ctx context.Context, t *checks.Task) error {
	values := make([][]value, len(e.groups))
	for i := range e.groups {
		values[i] = e.groups[i].first.values(t)
	}
	found, _ := checks.Observe(t, "lists", func() []match { return e.look(ctx, t, values) })
	found = append(found, e.ask(ctx, t, values)...)
	if len(found) == 0 {
		return nil
	}
	// The order of look-ups is no order of results.
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(e.places[a.Symbol].rule, e.places[b.Symbol].rule), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Entry, b.Entry))
	})
	acted := false
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].Symbol == found[0].Symbol {
			n++
		}
		acted = e.raise(t, found[:n], values, acted) || acted
		found = found[n:]
	}
	return nil
}

// raise raises the matches of one rule, and reports whether it decides. Once a rule
// has, only others that decide count: those are first in order.
func (e *engine) raise(t *checks.Task, found []match, values [][]value, acted bool) bool {
	place, ok := e.places[found[0].Symbol]
	if !ok { // of a replay under other rules
		return false
	}
	r := e.rules[place.rule]
	if acted && r.Action == "" || !r.holds(t) {
		return false
	}
	for _, m := range found {
		var v value
		if r.Type == Combined {
			v.texts = []string{m.Text}
		} else if own := values[place.group]; m.Value < len(own) {
			v = own[m.Value]
		}
		r.raise(t, parseEntry(m.Entry), m.Entry, v)
	}
	return r.Action != ""
}

// look looks the values up in the lists.
func (e *engine) look(ctx context.Context, t *checks.Task, values [][]value) (found []match) {
	for i := range e.groups {
		g := &e.groups[i]
		index := g.union.Index()
		for n := range values[i] {
			v := &values[i][n]
			hit := func(place int, entry string) {
				found = append(found, match{Symbol: e.rules[g.rules[place]].Symbol, Value: n, Entry: entry})
			}
			if v.ip.IsValid() {
				index.FindAddr(v.ip, hit)
				continue
			}
			for _, s := range v.texts {
				index.Find(s, hit)
				for _, other := range spellings(s) {
					index.Find(other, hit)
				}
			}
		}
		for _, r := range g.asked {
			found = append(found, e.rules[r].ask(ctx, t, values[i])...)
		}
	}
	for _, i := range e.combined {
		found = append(found, e.rules[i].combine(t)...)
	}
	return found
}

// ask asks the DNS zones.
func (e *engine) ask(ctx context.Context, t *checks.Task, values [][]value) (found []match) {
	if !t.Asks() {
		return nil
	}
	var questions []resolver.Question
	var rules []*rule
	for i, g := range e.groups {
		for _, r := range g.zones {
			if len(values[i]) == 0 {
				continue
			}
			rules = append(rules, e.rules[r])
			questions = append(questions, resolver.Question{Name: reversed(values[i][0]) + "." + strings.Trim(e.rules[r].Zone, "."), Type: resolver.TypeA})
		}
	}
	if len(questions) == 0 {
		return nil
	}
	for i, reply := range resolver.LookupAll(ctx, t.Resolver(), questions...) {
		if reply.Err == nil && len(reply.Answer.Records) > 0 {
			found = append(found, match{Symbol: rules[i].Symbol})
		}
	}
	return found
}

// reversed returns the labels of an address under a list (RFC 5782 section 2.1).
func reversed(v value) string {
	b := v.ip.AsSlice()
	labels := make([]string, 0, 32)
	for _, c := range slices.Backward(b) {
		if len(b) == 4 {
			labels = append(labels, fmt.Sprint(c))
		} else {
			labels = append(labels, fmt.Sprintf("%x.%x", c&15, c>>4))
		}
	}
	return strings.Join(labels, ".")
}

// combined evaluates a rule of several parts.
func (r *rule) combine(t *checks.Task) (found []match) {
	matched := map[string]match{}
	sum := r.expression.Eval(func(a *score.Atom) float64 {
		p := r.parts[a.Text]
		snap := p.list.Snapshot()
		for _, s := range p.selector.Eval(t) {
			entry, ok := snap.Find(s)
			for _, other := range spellings(s) {
				if !ok {
					entry, ok = snap.Find(other)
				}
			}
			if ok {
				matched[a.Text] = match{Symbol: r.Symbol, Entry: entry, Text: a.Text + "=" + s}
				return 1
			}
		}
		return 0
	})
	if sum <= 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(matched)) {
		found = append(found, matched[name])
	}
	return found
}

// holds reports whether the symbols that the rule requires are there.
func (r *rule) holds(t *checks.Task) bool {
	if r.require == nil {
		return true
	}
	return r.require.Eval(func(a *score.Atom) float64 {
		if len(t.RaisedAs(a.Name)) > 0 {
			return 1
		}
		return 0
	}) > 0
}

// raise raises the symbol of a match.
func (r *rule) raise(t *checks.Task, e entry, raw string, v value) {
	def, options := r.def, v.options()
	if r.Type == DNSBL {
		options = []string{r.Zone}
	}
	switch named := r.named[e.symbol]; {
	case named != nil:
		def = named
	case e.symbol != "" && len(r.Symbols) == 0:
		options = append(slices.Clone(options), raw)
	}
	if len(e.options) > 0 {
		options = e.options
	}
	t.HitAt(symbols.Hit{Def: def, Factor: e.factor, Options: clip(options), Evidence: v.evidence})
	if r.Action == "" {
		return
	}
	message := r.Message
	if message == "" {
		message = "Matched map: " + r.Symbol
	}
	t.PreResult(actions.PreResult{Action: r.Action, Message: message, Check: "multimap"}, def)
}

// Bounds of a hit's options.
const (
	maxOptions = 100
	maxOption  = 256
)

// clip bounds options.
func clip(list []string) []string {
	list = slices.Clone(list[:min(len(list), maxOptions)])
	for i, s := range list {
		list[i] = strings.ToValidUTF8(s[:min(len(s), maxOption)], "\uFFFD")
	}
	return list
}

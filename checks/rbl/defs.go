package rbl

import (
	"fmt"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// defs holds the symbols of all lists by name.
type defs struct {
	byName map[string]*symbols.Def
	all    []*symbols.Def // in the order they were made
}

func newDefs() *defs { return &defs{byName: map[string]*symbols.Def{}} }

// get returns the Def of that name and makes it if there is none.
func (d *defs) get(name string, like []symbols.Def, doc string) *symbols.Def {
	if def := d.byName[name]; def != nil {
		return def
	}
	def := &symbols.Def{Name: name, Groups: []string{"rbl"}, Doc: doc}
	if i := slices.IndexFunc(like, func(s symbols.Def) bool { return s.Name == name }); i >= 0 {
		own := like[i]
		if len(own.Groups) == 0 {
			own.Groups = def.Groups
		}
		if own.Doc == "" {
			own.Doc = doc
		}
		def = &own
	}
	d.byName[name] = def
	d.all = append(d.all, def)
	return def
}

// makeDefs makes the symbols that the list can raise.
func (l *list) makeDefs(all *defs) error {
	l.defs, l.white = map[string][]*symbols.Def{}, map[*symbols.Def]bool{}
	prefixes := []string{}
	for _, what := range slices.Sorted(maps.Keys(l.Prefixes)) {
		if p := l.Prefixes[what]; !slices.Contains(prefixes, p) {
			prefixes = append(prefixes, p)
		}
	}
	if !slices.Contains(prefixes, "") { // for selectors, and what has no prefix
		prefixes = append(prefixes, "")
	}
	asked := l.labelled()
	for _, p := range prefixes {
		if !slices.ContainsFunc(asked, func(w What) bool { return l.Prefixes[w] == p }) {
			continue
		}
		own := make([]*symbols.Def, len(l.Codes)+1)
		for i, c := range l.Codes {
			own[i] = all.get(join(p, c.Symbol), l.Symbols, "what "+l.Zone+" answers about the message means "+c.Symbol)
			if l.White && !c.Blocked && !slices.Contains(l.Except, own[i].Name) {
				l.white[own[i]] = true
			}
		}
		if l.Unknown || len(l.Codes) == 0 {
			own[len(l.Codes)] = all.get(join(p, l.Symbol), l.Symbols, l.Zone+" lists something of the message")
		}
		l.defs[p] = own
	}
	l.fail = all.get(l.Symbol+"_FAIL", l.Symbols, l.Zone+" could not be asked, or refuses to answer")
	l.fail.NoAnswer = true
	for _, d := range l.Symbols {
		if !l.changed && all.byName[d.Name] == nil {
			return fmt.Errorf("%s is described but never raised", d.Name)
		}
	}
	return nil
}

func join(prefix, symbol string) string {
	if prefix == "" {
		return symbol
	}
	return prefix + "_" + symbol
}

// def returns the symbol of a code, or of an unknown answer for i ==
// len(l.Codes); nil if the list raises none for it.
func (l *list) def(i int, w What) *symbols.Def { return l.defs[l.Prefixes[w]][i] }

package checks

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// Name returns the name of the fact or symbol that is required, "" for all
// symbols.
func (r Requirement) Name() string {
	switch {
	case r.Fact != nil:
		return r.Fact.factName()
	case r.Def != nil:
		return r.Def.Name
	}
	return ""
}

// RaisedAs returns the hits of the symbol of that name, raised in the stages before
// or by the check itself. Only a check that requires AllSymbols may call it.
func (t *Task) RaisedAs(name string) []symbols.Hit {
	if !slices.ContainsFunc(t.check.Requires, func(r Requirement) bool { return r.All }) {
		panic(misusef("check %s reads symbol %s by its name and does not require all", t.check.Name, name))
	}
	var hits []symbols.Hit
	for _, h := range t.reported().Hits {
		if h.Def.Name == name {
			hits = append(hits, h)
		}
	}
	return append(t.state.raisedAs(name), hits...)
}

// raisedAs returns the hits of the symbol of that name.
func (s *State) raisedAs(name string) []symbols.Hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, hits := range s.hits {
		if d.Name == name {
			return slices.Clone(hits)
		}
	}
	return nil
}

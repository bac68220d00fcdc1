package score

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// Allows reports whether d may be raised. A nil Selection allows all.
func (s *Selection) Allows(d *symbols.Def) bool {
	if s == nil {
		return true
	}
	in := func(groups []string) bool {
		return slices.ContainsFunc(d.Groups, func(g string) bool { return slices.Contains(groups, g) })
	}
	if slices.Contains(s.SymbolsDisabled, d.Name) || in(s.GroupsDisabled) {
		return false
	}
	if len(s.SymbolsEnabled)+len(s.GroupsEnabled) == 0 {
		return true
	}
	return slices.Contains(s.SymbolsEnabled, d.Name) || in(s.GroupsEnabled)
}

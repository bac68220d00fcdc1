package scanner

import (
	"maps"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/score"
)

// maxHints bounds the names for which the nearest one is looked for.
const maxHints = 100

// hint suggests the known name that was probably meant.
func (r *layering) hint(name string, group bool) string {
	if r.hints++; r.hints > maxHints {
		return ""
	}
	if group {
		return nearest.Hint(name, maps.Keys(r.known.Groups))
	}
	return nearest.Hint(name, func(yield func(string) bool) {
		for _, names := range []map[string]bool{r.own, r.added} {
			for n := range names {
				if !yield(n) {
					return
				}
			}
		}
		for n := range r.known.Symbols {
			if !yield(n) {
				return
			}
		}
	})
}

// defined says whether a check, a composite of the files or a rule of settings has that
// name.
func (r *layering) defined(name string) bool {
	return r.known.heard(name) || r.own[name] || r.added[name]
}

// named notes the symbols that the files add: of composites, and those that settings
// raise.
func (r *layering) named(sections ...*ucl.Value) {
	r.added = map[string]bool{}
	for _, section := range sections {
		for name, v := range section.All() {
			if on, err := v.Get("enabled").AsBool(); v.Get("expression") != nil && (err != nil || on) {
				r.added[name] = true
			}
		}
	}
	if r.setup.Rules != nil {
		for _, d := range r.setup.Rules.Defs(nil) {
			r.added[d.Name] = true
		}
	}
}

// atoms warns of names in an expression that nothing has; what says where it is.
func (r *layering) atoms(what string, e *score.Expression, v *ucl.Value) {
	for _, a := range e.Atoms() {
		switch {
		case a.Kind == score.SymbolAtom && !r.defined(a.Name):
			r.warn(v.Errorf("%s: nothing raises %s, which is never found%s", what, a.Name, r.hint(a.Name, false)))
		case a.Kind != score.SymbolAtom && !r.known.Groups[a.Name] && !r.joins(a.Name):
			r.warn(v.Errorf("%s: no symbol is of the group %s%s", what, a.Name, r.hint(a.Name, true)))
		}
	}
}

// strangers warns of names in the sections settings and force_actions that nothing has.
// As in Rspamd they change nothing.
func (r *layering) strangers() {
	for name, v := range r.setup.tree.Root.Get("force_actions", "rules").All() {
		expr := v.Get("expression")
		text, err := expr.AsString()
		if expr == nil || err != nil || builtIn(expr.Pos()) {
			continue
		}
		if e, err := score.ParseExpression(text); err == nil {
			r.atoms("force_actions: "+name, e, expr)
		}
	}
	if r.setup.Rules == nil {
		return
	}
	for _, s := range r.setup.Rules.Strangers(r.knows) {
		r.warn(s.At.Errorf("settings: %s: %s: nothing is named %s%s", s.Rule, s.Key, s.Name, r.hint(s.Name, s.Group)))
	}
}

// knows is what settings can name.
func (r *layering) knows(name string) (symbol, group, family bool) {
	symbol, group, family = r.known.Knows(name)
	return symbol || r.own[name], group || r.joins(name), family
}

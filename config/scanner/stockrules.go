package scanner

import (
	"github.com/winnowmail/winnow/config/ucl"
)

// stockRules takes what the operator says of Rspamd's own rules of multimap, for which
// families stand: FREEMAIL_CC { score = 2 } in local.d is merged with the stock rule of
// that name, and its score holds unless a group weighs the symbol.
func (r *layering) stockRules(section *ucl.Value) {
	own := map[string]bool{}
	for _, m := range r.setup.Families.Multimap.Rules {
		own[m.Symbol] = true
	}
	for name, v := range section.All() {
		if on, err := v.Get("enabled").AsBool(); v.Kind != ucl.Object || own[name] || err == nil && !on {
			continue
		}
		if ownPlace(v) == nil || v.Get("symbol") != nil {
			continue
		}
		if !r.known.has(name) {
			if v.Get("type") == nil && v.Get("map") == nil {
				r.warn(ownPlace(v).Errorf("multimap: the rule %s has no type and no list, and no stock rule has the name%s", name, r.hint(name, false)))
			}
			continue
		}
		for key, value := range v.All() {
			f, err := value.AsFloat()
			switch {
			case r.setup.stock(value.Pos()), key == "description":
			case key != "score" || err != nil:
				r.warn(value.Errorf("multimap: %s: %s has no effect: the rule is part of the program, and its score alone can be changed here", name, key))
			case r.Symbols[name].Weight == nil:
				change := r.Symbols[name]
				change.Weight = &f
				r.Symbols[name] = change
			}
		}
	}
}

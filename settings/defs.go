package settings

import (
	"slices"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/symbols"
)

// Defs returns the symbols that the rules raise (apply.symbols, symbols and
// register_symbols), those for which declared, if it is not nil,
// does not say that a check declares them already. Raising such a one has no
// effect.
func (r *Rules) Defs(declared func(name string) bool) []*symbols.Def {
	if declared == nil {
		return slices.Clone(r.defs)
	}
	return slices.DeleteFunc(slices.Clone(r.defs), func(d *symbols.Def) bool { return declared(d.Name) })
}

// declare makes the symbols of the rules.
func (r *Rules) declare(section *ucl.Value) error {
	known := map[string]bool{}
	add := func(name string, d symbols.Def) {
		if known[name] || name == "" {
			return
		}
		known[name] = true
		d.Name = name
		if d.Doc == "" {
			d.Doc = "a rule of the settings is about the message"
		}
		r.defs = append(r.defs, &d)
	}
	for name, v := range section.All() {
		if v.Kind != ucl.Object {
			continue
		}
		if err := r.registered(name, v.Get("register_symbols"), add); err != nil {
			return err
		}
	}
	for _, rule := range r.static.rules {
		for _, raised := range rule.apply.Symbols {
			add(raised.Name, symbols.Def{Weight: r.options.Weight})
		}
	}
	return nil
}

// registered reads register_symbols: a list of names, or an object with what
// Rspamd knows of symbols.
func (r *Rules) registered(rule string, v *ucl.Value, add func(string, symbols.Def)) error {
	if v.IsNull() {
		return nil
	}
	if v.Kind != ucl.Object {
		list, err := v.AsStrings()
		for _, name := range list {
			add(name, symbols.Def{Weight: r.options.Weight})
		}
		return err
	}
	for name, how := range v.All() {
		d := symbols.Def{Weight: r.options.Weight}
		for _, m := range how.Members() {
			var err error
			switch v := m.Value(); m.Key {
			case "score", "weight":
				d.Weight, err = v.AsFloat()
			case "description":
				d.Doc, err = v.AsString()
			case "group":
				var group string
				group, err = v.AsString()
				d.Groups = []string{group}
			case "one_shot":
				d.OneShot, err = v.AsBool()
			default:
				r.warnings = append(r.warnings, ucl.Warning{Pos: v.Pos(), Msg: "settings: " + rule + ": register_symbols: " + m.Key + " has no effect here"})
			}
			if err != nil {
				return err
			}
		}
		add(name, d)
	}
	return nil
}

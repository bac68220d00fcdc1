package scanner

import (
	"errors"
	"math"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A Vocabulary are the names that a layer can name.
type Vocabulary struct {
	Symbols  map[string][]string // with their groups
	Groups   map[string]bool
	Families map[string]bool
	metric   *score.Compiled
}

// NewVocabulary has the names of families and of the composites of metric, which
// was compiled of them; more are symbols that are added later.
func NewVocabulary(metric *score.Compiled, families []*checks.Family, more ...*symbols.Def) Vocabulary {
	v := Vocabulary{Symbols: map[string][]string{}, Groups: map[string]bool{}, Families: map[string]bool{}, metric: metric}
	for _, d := range append(metric.Defs(), more...) {
		v.Symbols[d.Name] = d.Groups
		for _, g := range d.Groups {
			v.Groups[g] = true
		}
	}
	for _, f := range families {
		v.Families[f.Name] = true
	}
	return v
}

// Knows tells whether a symbol, a group and a family have that name.
func (v Vocabulary) Knows(name string) (symbol, group, family bool) {
	if v.metric != nil {
		_, _, family = v.metric.Knows(name)
	}
	return v.has(name), v.Groups[name], family || v.Families[name]
}

// has says whether there is a symbol of that name.
func (v Vocabulary) has(symbol string) bool {
	_, ok := v.Symbols[symbol]
	return ok
}

// heard says whether an expression may name it.
func (v Vocabulary) heard(name string) bool {
	return v.has(name) || v.Groups[name]
}

// Layer is what the sections actions, group and composites say, and which
// families are off. Weights of symbols that nothing raises are left out, and
// warned of where they stand in files of the operator's own; so are composites
// of symbols that nothing raises.
func (s *Setup) Layer(known Vocabulary) (winnow.Layer, error) {
	l := winnow.Layer{
		Thresholds: actions.Thresholds{}, Symbols: map[string]winnow.SymbolChange{}, Groups: map[string]score.Group{}, Composites: map[string]*score.Composite{},
	}
	r := layering{Layer: &l, setup: s, known: known, warn: s.warn, own: map[string]bool{}}
	r.named(s.tree.Root.Get("composites"), s.more)
	var errs []error
	for _, section := range []*ucl.Value{s.tree.Root.Get("composites"), s.more} {
		for name, v := range section.All() {
			if name != dynamic || v.Kind != ucl.String {
				errs = append(errs, r.composite(name, v))
			}
		}
	}
	for name, group := range s.tree.Root.Get("group").All() {
		errs = append(errs, r.weights(name, group))
	}
	for name, group := range s.tree.Root.Get("group").All() {
		errs = append(errs, r.group(name, group))
	}
	r.stockRules(s.tree.Root.Get("multimap"))
	errs = append(errs, r.thresholds(s.tree.Root.Get("actions")))
	for _, name := range s.off {
		if known.Families[name] {
			l.Disable = append(l.Disable, name)
		}
	}
	r.strangers()
	return l, errors.Join(errs...)
}

// layering is one reading of them.
type layering struct {
	*winnow.Layer
	setup *Setup
	known Vocabulary
	warn  func(error)
	own   map[string]bool // composites that the files add
	hints int             // nearest names that were looked for

	added map[string]bool // symbols of composites and settings
}

// section applies a table.
func (r *layering) section(table *option.Section, v *ucl.Value) error {
	return table.Apply(r.setup.tree.Value(v), r.warn)
}

// symbol says whether a symbol is there to be changed; v is what changes it.
func (r *layering) symbol(name string, v *ucl.Value) bool {
	if r.known.has(name) || r.own[name] {
		return true
	}
	r.warn(v.Errorf("no check raises the symbol %s%s", name, r.hint(name, false)))
	return false
}

// weights are those of the symbols of a group.
func (r *layering) weights(name string, v *ucl.Value) error {
	var errs []error
	for _, part := range v.Get("symbols").AsList() {
		for symbol, weight := range part.All() {
			errs = append(errs, r.weight(symbol, name, weight))
		}
		r.replaced(part)
	}
	return errors.Join(errs...)
}

// group is what a group says beside its symbols.
func (r *layering) group(name string, v *ucl.Value) error {
	var g score.Group
	if err := r.section(groupTable(&g), v); err != nil {
		return err
	}
	known := r.known.Groups[name] || r.joins(name)
	if on, err := v.Get("enabled").AsBool(); err == nil && !on && known {
		r.Disable = append(r.Disable, name)
	}
	switch {
	case v.Get("max_score") == nil && v.Get("min_score") == nil && v.Get("one_shot") == nil:
	case known:
		r.Groups[name] = g
	default:
		r.warn(v.Errorf("no symbol is of the group %s", name))
	}
	return nil
}

// joins says whether a symbol was put into a group.
func (r *layering) joins(group string) bool {
	for _, change := range r.Symbols {
		if slices.Contains(change.Groups, group) {
			return true
		}
	}
	return false
}

func groupTable(g *score.Group) *option.Section {
	return &option.Section{Name: "group", Doc: "limits what symbols add together, and has their weights", Keys: []option.Key{
		option.Float("max_score", &g.Max, "the most that the symbols of the group add"),
		option.Float("min_score", &g.Min, "the most that the symbols of the group take away, below 0").Example(-3).From("3.11"),
		option.Bool("one_shot", &g.OneShot, "each symbol of the group counts once"),
		noted("symbols", "sections by name", "weights by symbol"),
		noted("disabled", "boolean", "as enabled = false"),
		option.Idle("it is for people", "description")[0],
		option.Idle("the layers have their own", "priority")[0],
	}}
}

// noted is a key that is read elsewhere, or for people.
func noted(name, kind, help string) option.Key {
	return option.Func(name, kind, func(option.Value) error { return nil }, help)
}

// replaced takes away the weights of a section that another took the place of
// whole: as in Rspamd nothing is left of them.
func (r *layering) replaced(symbols *ucl.Value) {
	for _, old := range symbols.Over {
		if old.Kind != ucl.Object || old.Priority > symbols.Priority || symbols.Kind != ucl.Object {
			continue
		}
		for name := range old.All() {
			if r.known.has(name) && symbols.Get(name) == nil {
				none := 0.0
				r.Symbols[name] = winnow.SymbolChange{Weight: &none}
			}
		}
	}
}

// weight is one symbol of a group.
func (r *layering) weight(name, group string, v *ucl.Value) error {
	var change winnow.SymbolChange
	table, finish := symbolTable(name, &change)
	if err := r.section(table, v); err != nil {
		return err
	}
	if on, err := v.Get("enabled").AsBool(); err == nil && !on && r.known.has(name) {
		r.Disable = append(r.Disable, name)
	}
	finish(group, r.known.Symbols[name])
	if r.symbol(name, v) {
		r.Symbols[name] = change
	}
	return nil
}

// symbolTable is the table of one symbol. finish puts together what it said; the
// symbol stays in the groups that it has.
func symbolTable(name string, change *winnow.SymbolChange) (table *option.Section, finish func(group string, has []string)) {
	var weight, points *float64
	var groups []string
	var anyShot bool
	shots := 0
	once := option.Func("one_shot", "boolean", func(v option.Value) error {
		on, err := v.AsBool()
		change.OneShot = &on
		return err
	}, "it counts once")
	table = &option.Section{Name: name, Doc: "what a symbol counts", Keys: []option.Key{
		option.FloatPtr("score", &points, "what one finding counts"),
		option.FloatPtr("weight", &weight, "the same by its older name"),
		option.Strings("groups", &groups, "further groups of the symbol").Alias("group"),
		once.Example(true),
		option.Bool("any_shot", &anyShot, "it counts each time, though its group counts once"),
		option.Int("nshots", &shots, "how often it counts").Alias("max_hits"),
		option.Idle("it is for people", "description")[0],
		option.Idle("the layers have their own", "priority")[0],
		option.Idle("symbols that nothing raises are warned of, and none is hidden", "ignore", "allow_hidden")[0],
		option.Idle("symbols that nothing raises are warned of, and none is hidden", "ignore", "allow_hidden")[1],
	}}
	return table, func(group string, has []string) {
		change.Weight = weight
		if points != nil {
			change.Weight = points
		}
		all := slices.Clone(has)
		for _, g := range append([]string{group}, groups...) {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
		if len(all) > len(has) {
			change.Groups = all
		}
		if anyShot {
			on := false
			change.OneShot = &on
		}
		if shots > 0 {
			change.MaxShots = &shots
		}
	}
}

// thresholds are those of actions.
func (r *layering) thresholds(v *ucl.Value) error {
	for _, name := range r.setup.tree.Unset {
		r.Thresholds[actions.Parse(name)] = math.NaN()
	}
	if v == nil {
		return nil
	}
	return r.section(actionsTable(r.Thresholds, &r.setup.Subject, r.warn), v)
}

package checks

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A Plan is a validated list of checks: who waits for whom, and who runs in
// which stage. It is immutable.
type Plan struct {
	families []*Family
	checks   []*Check
	family   []*Family // of each check; nil for the host's own
	waits    [][]int   // for each check the checks of its stage it waits for
	users    [][]int   // the other way round
	reads    [][]int   // for each check the checks of any stage whose facts and symbols it reads
	stages   [4][]int
	defs     []*symbols.Def
	facts    map[string]AnyFact    // those that checks provide or read
	read     map[*symbols.Def]bool // symbols that checks require
	all      bool                  // a check requires all symbols
}

// Reads reports whether any check reads the symbol of another.
func (p *Plan) Reads(d *symbols.Def) bool { return p.all || p.read[d] }

// NewPlan validates the checks of the families and, after them, the host's own.
// It is an error when a family or a check lacks a name, a doc or Run, when
// names, symbols or provided facts collide, when two facts of one name have two
// types, when requirements form a cycle or point to a later stage, and when
// Config is not data.
func NewPlan(families []*Family, own ...*Check) (*Plan, error) {
	p := &Plan{}
	for _, f := range families {
		if err := p.add(f); err != nil {
			return nil, err
		}
	}
	list := append(p.checks, own...)
	p.checks, p.family = list, append(p.family, make([]*Family, len(own))...)
	p.waits, p.users, p.reads = make([][]int, len(list)), make([][]int, len(list)), make([][]int, len(list))
	p.facts, p.read = map[string]AnyFact{}, map[*symbols.Def]bool{}
	providers, err := p.index()
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		for _, r := range c.Requires {
			if err := p.link(i, c, r, providers); err != nil {
				return nil, err
			}
		}
	}
	for s := Main; s <= Late; s++ {
		if p.stages[s], err = p.order(s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// add adds a family's checks.
func (p *Plan) add(f *Family) error {
	if err := f.valid(); err != nil {
		return err
	}
	if slices.ContainsFunc(p.families, func(o *Family) bool { return o.Name == f.Name }) {
		return fmt.Errorf("family %s: listed twice", f.Name)
	}
	p.families = append(p.families, f)
	for _, c := range f.Checks {
		p.checks, p.family = append(p.checks, c), append(p.family, f)
	}
	return nil
}

// Families returns the families in list order.
func (p *Plan) Families() []*Family { return p.families }

// Family returns the family of check i, nil for one of the host's own.
func (p *Plan) Family(i int) *Family { return p.family[i] }

// Checks returns the checks in list order, the host's own last.
func (p *Plan) Checks() []*Check { return p.checks }

// Stage returns the positions of a stage's checks in an order that satisfies
// priorities and requirements and otherwise follows the list.
func (p *Plan) Stage(s Stage) []int { return p.stages[s] }

// Waits returns the positions of the checks of the same stage that check i
// must run after.
func (p *Plan) Waits(i int) []int { return p.waits[i] }

// Providers returns the positions of the checks, of whatever stage, whose facts
// and symbols check i reads.
func (p *Plan) Providers(i int) []int { return p.reads[i] }

// Users returns the positions of the checks that wait for check i.
func (p *Plan) Users(i int) []int { return p.users[i] }

// Defs returns all declared symbols in list order.
func (p *Plan) Defs() []*symbols.Def { return p.defs }

// DecodeSeed reads a seeded fact of the given name from JSON. One that no
// check knows keeps the JSON as its value.
func (p *Plan) DecodeSeed(name string, data []byte) (Seeded, error) {
	if f, ok := p.facts[name]; ok {
		return f.decode(data)
	}
	return Seeded{name, json.RawMessage(data)}, nil
}

// ValidateSeeds returns the names of those seeds that no check knows, sorted.
// It is an error when a seed's value is not one that its fact may have.
func (p *Plan) ValidateSeeds(seeds []Seeded) (unknown []string, err error) {
	for _, s := range seeds {
		f, ok := p.facts[s.name]
		if !ok {
			unknown = append(unknown, s.name)
			continue
		}
		if err := f.valid(s.value); err != nil {
			return nil, err
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown), nil
}

// Affected says which checks see other facts than before when seeds come:
// those that provide one of them, and all that read what these leave. It is
// nil without seeds.
func (p *Plan) Affected(seeds []Seeded) []bool {
	if len(seeds) == 0 {
		return nil
	}
	stale := make([]bool, len(p.checks))
	for i, c := range p.checks {
		stale[i] = slices.ContainsFunc(seeds, func(s Seeded) bool { return c.provides(s.name) || c.requires(s.name) })
	}
	for again := true; again; {
		again = false
		for i := range p.checks {
			if !stale[i] && slices.ContainsFunc(p.reads[i], func(j int) bool { return stale[j] }) {
				stale[i], again = true, true
			}
		}
	}
	return stale
}

// ProvidersOf returns the positions of the checks that provide the facts. It is
// an error when a check knows one of them by another type.
func (p *Plan) ProvidersOf(facts []AnyFact) ([]int, error) {
	var list []int
	for _, f := range facts {
		known, ok := p.facts[f.factName()]
		if ok && known.factType() != f.factType() {
			return nil, fmt.Errorf("fact %s is a %v, for a check it is a %v", f.factName(), f.factType(), known.factType())
		}
		for i, c := range p.checks {
			if c.provides(f.factName()) {
				list = append(list, i)
			}
		}
	}
	return list, nil
}

// know notes a fact that a check provides or reads.
func (p *Plan) know(c *Check, f AnyFact) error {
	known, ok := p.facts[f.factName()]
	if ok && known.factType() != f.factType() {
		return fmt.Errorf("check %s: fact %s is a %v, for another check it is a %v", c.Name, f.factName(), f.factType(), known.factType())
	}
	if !ok {
		p.facts[f.factName()] = f
	}
	return nil
}

func (c *Check) valid() error {
	switch {
	case c == nil:
		return fmt.Errorf("check: nil in the list")
	case c.Name == "":
		return fmt.Errorf("check: no name (doc %q)", c.Doc)
	case c.Doc == "":
		return fmt.Errorf("check %s: no doc", c.Name)
	case c.Run == nil:
		return fmt.Errorf("check %s: no Run", c.Name)
	case c.Stage > Late:
		return fmt.Errorf("check %s: unknown stage %d", c.Name, c.Stage)
	}
	for _, d := range c.Symbols {
		if d == nil || d.Name == "" || d.Doc == "" {
			return fmt.Errorf("check %s: a symbol without name or doc (%+v)", c.Name, d)
		}
	}
	if _, err := json.Marshal(c.Config); err != nil {
		return fmt.Errorf("check %s: config is not data: %w", c.Name, err)
	}
	return nil
}

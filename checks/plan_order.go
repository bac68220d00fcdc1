package checks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// providers says which check raises a symbol or sets a fact.
type providers struct {
	facts map[string]int
	defs  map[*symbols.Def]int
}

// An owner is the check that says what a symbol is.
type owner struct {
	check string
	def   *symbols.Def
}

func (p *Plan) index() (providers, error) {
	pr := providers{map[string]int{}, map[*symbols.Def]int{}}
	names, symbolNames := map[string]bool{}, map[string]owner{}
	for i, c := range p.checks {
		if err := c.valid(); err != nil {
			return pr, err
		}
		if names[c.Name] {
			return pr, fmt.Errorf("check %s: listed twice", c.Name)
		}
		names[c.Name] = true
		for _, d := range c.Symbols {
			other := symbolNames[d.Name]
			if other.check != "" && (other.def == d || !d.Shared && !other.def.Shared) {
				return pr, fmt.Errorf("check %s: symbol %s is declared by check %s too", c.Name, d.Name, other.check)
			}
			if other.check == "" || !d.Shared {
				symbolNames[d.Name] = owner{c.Name, d}
			}
			pr.defs[d] = i
			p.defs = append(p.defs, d)
		}
		for _, f := range c.Provides {
			if j, dup := pr.facts[f.factName()]; dup {
				return pr, fmt.Errorf("check %s: fact %s is provided by check %s too", c.Name, f.factName(), p.checks[j].Name)
			}
			pr.facts[f.factName()] = i
			if err := p.know(c, f); err != nil {
				return pr, err
			}
		}
	}
	return pr, nil
}

// stageOrder returns the place of a stage in the order in which stages run.
func stageOrder(s Stage) int { return [...]int{Main: 1, Early: 0, Classify: 2, Late: 3}[s] }

func (p *Plan) link(i int, c *Check, r Requirement, pr providers) error {
	if r.All {
		if stageOrder(c.Stage) < stageOrder(Classify) {
			return fmt.Errorf("check %s (%v) requires all symbols, which only a later stage can", c.Name, c.Stage)
		}
		p.all = true
		return nil
	}
	j, what, ok, err := p.provider(c, r, pr)
	if err != nil {
		return err
	}
	if !ok || i == j {
		return nil
	}
	from, to := stageOrder(c.Stage), stageOrder(p.checks[j].Stage)
	if to > from {
		return fmt.Errorf("check %s (%v) requires %s of check %s, which runs later (%v)", c.Name, c.Stage, what, p.checks[j].Name, p.checks[j].Stage)
	}
	if !slices.Contains(p.reads[i], j) {
		p.reads[i] = append(p.reads[i], j)
	}
	if to == from && !slices.Contains(p.waits[i], j) {
		p.waits[i] = append(p.waits[i], j)
		p.users[j] = append(p.users[j], i)
	}
	return nil
}

// provider finds the check that a requirement points to.
func (p *Plan) provider(c *Check, r Requirement, pr providers) (j int, what string, ok bool, err error) {
	switch {
	case r.Def != nil:
		p.read[r.Def] = true
		j, ok = pr.defs[r.Def]
		return j, "symbol " + r.Def.Name, ok, nil
	case r.Fact != nil:
		j, ok = pr.facts[r.Fact.factName()]
		return j, "fact " + r.Fact.factName(), ok, p.know(c, r.Fact)
	}
	return 0, "", false, fmt.Errorf("check %s: an empty requirement", c.Name)
}

// order sorts one stage: by priority, then list order, requirements first.
func (p *Plan) order(s Stage) ([]int, error) {
	var todo []int
	for i, c := range p.checks {
		if c.Stage == s {
			todo = append(todo, i)
		}
	}
	slices.SortStableFunc(todo, func(a, b int) int {
		d := cmp.Compare(p.checks[b].Priority, p.checks[a].Priority)
		if s == Late {
			return -d
		}
		return d
	})
	out, state := make([]int, 0, len(todo)), map[int]int{}
	var visit func(i int) error
	visit = func(i int) error {
		switch state[i] {
		case 1:
			return fmt.Errorf("check %s: its requirements form a cycle", p.checks[i].Name)
		case 2:
			return nil
		}
		state[i] = 1
		for _, j := range p.waits[i] {
			if err := visit(j); err != nil {
				return err
			}
		}
		state[i] = 2
		out = append(out, i)
		return nil
	}
	for _, i := range todo {
		if err := visit(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

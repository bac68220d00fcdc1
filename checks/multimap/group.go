package multimap

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/symbols"
)

// An engine runs the rules of one check.
type engine struct {
	rules    []*rule
	groups   []group
	combined []int            // places in rules
	places   map[string]place // by the rule's symbol
	lists    []*lists.List
}

// A place says where a rule stands, and its values.
type place struct{ rule, group int }

// A group is rules that look up the same values.
type group struct {
	first *rule
	rules []int // places in engine.rules of those with a list, in the order of the union
	union *lists.Union
	asked []int // of those with a table
	zones []int // of those with a zone
}

// newCheck makes the check of rules that run together.
func newCheck(rules []*rule) *checks.Check {
	e := &engine{rules: slices.Clone(rules)}
	slices.SortStableFunc(e.rules, func(a, b *rule) int {
		return cmp.Compare(min(len(b.Action), 1), min(len(a.Action), 1))
	})
	c := rules[0].class()
	for _, r := range rules[1:] {
		c = c.with(r.class())
	}
	check := &checks.Check{
		Name: "multimap" + c.suffix(), Doc: "lists that the operator keeps", Stage: c.stage,
		Needs: checks.Needs{DNS: c.dns, Net: c.net, Phase: c.phase}, Run: e.run,
	}
	declared, required := map[*symbols.Def]bool{}, map[string]bool{}
	for _, r := range rules {
		for _, d := range r.defs() {
			if !declared[d] {
				declared[d] = true
				check.Symbols = append(check.Symbols, d)
			}
		}
		for _, q := range r.requires {
			if name := q.Name(); !required[name] {
				required[name] = true
				check.Requires = append(check.Requires, q)
			}
		}
	}
	if c.stage == checks.Classify {
		check.Requires = append(check.Requires, checks.AllSymbols())
		e.order()
	}
	e.group()
	if len(e.lists) > 0 {
		check.Start = e.start
	}
	return check
}

// order puts rules behind those whose symbols they require; in a circle the order
// stays.
func (e *engine) order() {
	var out []*rule
	raising := map[string][]int{} // places of rules by the symbols that they can raise
	for i, r := range e.rules {
		for _, d := range r.defs() {
			raising[d.Name] = append(raising[d.Name], i)
		}
	}
	state := map[*rule]bool{}
	var visit func(r *rule)
	visit = func(r *rule) {
		if state[r] {
			return
		}
		state[r] = true
		var needs []int
		for _, name := range r.looksAt() {
			needs = append(needs, raising[name]...)
		}
		slices.Sort(needs)
		for _, i := range needs {
			visit(e.rules[i])
		}
		out = append(out, r)
	}
	for _, r := range e.rules {
		visit(r)
	}
	e.rules = out
}

// looksAt are the symbols that the rule asks for, each once or more.
func (r *rule) looksAt() []string {
	names := []string{r.Target}
	if r.require != nil {
		for _, a := range r.require.Atoms() {
			names = append(names, a.Name)
		}
	}
	return names
}

// group puts rules together that look up the same values.
func (e *engine) group() {
	keys := map[string]int{}
	members := map[int][]*lists.List{}
	e.places = map[string]place{}
	for i, r := range e.rules {
		e.lists = append(e.lists, r.lists()...)
		if r.Type == Combined {
			e.combined, e.places[r.Symbol] = append(e.combined, i), place{rule: i}
			continue
		}
		key := fmt.Sprintf("%q", []any{r.Type, r.Filter, r.ExtractFrom, r.Headers, r.SkipArchives, r.SkipDetected, r.Variable, r.Target, r.MinPos, r.MaxPos, r.Flags, r.NotFlags, r.Artificial, r.Select, r.Delimiter})
		at, ok := keys[key]
		if !ok {
			at = len(e.groups)
			keys[key] = at
			e.groups = append(e.groups, group{first: r})
		}
		e.places[r.Symbol] = place{i, at}
		g := &e.groups[at]
		switch {
		case r.List != nil:
			g.rules = append(g.rules, i)
			members[at] = append(members[at], r.List)
		case r.Table != nil:
			g.asked = append(g.asked, i)
		default:
			g.zones = append(g.zones, i)
		}
	}
	for at := range e.groups {
		e.groups[at].union = lists.NewUnion(members[at])
	}
}

// start follows the lists.
func (e *engine) start(ctx context.Context, env *checks.Env) error {
	for _, l := range e.lists {
		if st := l.Status(); st.Err != nil {
			env.Log.Warn("a list can't be read", "list", st.Name, "err", st.Err)
		} else if st.BadLines > 0 {
			env.Log.Warn("lines of a list can't be used", "list", st.Name, "lines", st.BadLines, "first", &st.Bad[0])
		}
	}
	env.Go("multimap", func() {
		lists.Follow(ctx, func() {
			for i := range e.groups {
				e.groups[i].union.Refresh()
			}
		}, e.lists...)
	})
	return nil
}

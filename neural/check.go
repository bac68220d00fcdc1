package neural

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// Family returns the family that asks the nets, the same one at each call. It runs
// behind the composites, which therefore don't see its symbols in the first pass.
func (n *Nets) Family() *checks.Family { return n.family }

func (n *Nets) newFamily() *checks.Family {
	f := &checks.Family{Name: "neural", Doc: "which symbols come together on spam and on ham", Config: n.o}
	c := &checks.Check{
		Name: "neural", Doc: "asks nets about the symbols that were raised", Stage: checks.Late,
		Requires: []checks.Requirement{checks.AllSymbols()}, Provides: []checks.AnyFact{Fact}, Needs: checks.Needs{},
		Run: n.ask,
	}
	if n.o.Watch > 0 {
		c.Start = n.start
	}
	for _, r := range n.rules {
		c.Symbols = append(c.Symbols, r.Spam, r.Ham)
	}
	f.Checks = []*checks.Check{c}
	return f
}

// An answer is what a transcript keeps of a net.
type answer struct {
	Asked bool
	Score float64
}

// ask raises the symbols of the nets.
func (n *Nets) ask(_ context.Context, t *checks.Task) error {
	var v *Vector
	vector := func() *Vector {
		if v == nil {
			v = n.Vector(t.Message(), t.Names())
			Fact.Set(t, v)
		}
		return v
	}
	for _, r := range n.rules {
		a, ok := checks.Observe(t, r.Name, func() answer {
			score, asked := n.score(r, vector())
			return answer{asked, score}
		})
		if ok && a.Asked {
			r.report(t, a.Score)
		}
	}
	return nil
}

// score is what a rule's net says of a vector, from -1, ham, to 1, spam; ok is false
// if it has none.
func (n *Nets) score(r *trained, v *Vector) (score float64, ok bool) {
	net := r.net.Load()
	if net == nil || n.expired(r, net) {
		return 0, false
	}
	return net.score(v), true
}

// Score is what the nets make of a vector outside a scan: the sum of what their
// symbols would count by the weights of their Defs.
func (n *Nets) Score(v *Vector) (sum float64) {
	for _, r := range n.rules {
		if score, ok := n.score(r, v); ok {
			if def, factor := r.judge(score); def != nil {
				sum += float64(def.Weight * factor)
			}
		}
	}
	return sum
}

// report raises a symbol for what a net says.
func (r *Rule) report(t *checks.Task, score float64) {
	if def, factor := r.judge(score); def != nil {
		t.HitFactor(def, factor, strconv.FormatFloat(score, 'f', 3, 64))
	}
}

// judge returns the symbol for what a net says, nil for none, and its factor.
func (r *Rule) judge(score float64) (*symbols.Def, float64) {
	def, threshold := r.Spam, r.SpamThreshold
	if score <= 0 {
		def, threshold = r.Ham, r.HamThreshold
	}
	sure := math.Abs(score)
	switch {
	case sure < threshold:
		return nil, 0
	case r.Flat:
		return def, 1
	}
	return def, sure
}

// start looks at the store from time to time until ctx ends.
func (n *Nets) start(ctx context.Context, env *checks.Env) error {
	env.Go("neural", func() {
		ticker := time.NewTicker(n.o.Watch)
		defer ticker.Stop()
		for {
			if err := n.Train(ctx); err != nil && ctx.Err() == nil {
				env.Log.Debug("neural", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	return nil
}

// distance is which share of two sets of sorted symbols is in one of them alone.
func distance(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	common := 0
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); ok {
			common++
		}
	}
	all := len(a) + len(b) - common
	return float64(all-common) / float64(all)
}

// SymbolsOf lists the symbols that families may raise, for Options.Symbols.
func SymbolsOf(families []*checks.Family) []string {
	var names []string
	for _, c := range checks.Flatten(families...) {
		for _, d := range c.Symbols {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Package score turns hits into a number: a Metric says what each symbol
// weighs, how often it counts, what its groups may add at most, and which
// composites rewrite the outcome.
//
// Metric.Compile checks all of that once, and Compiled.With lays changes over
// it, as a site's, a message's or a recipient's. Compiled.NewSheet begins the
// sum of one message, which takes the hits and shows the symbols, the total
// and, if asked, every step on the way. The arithmetic is Rspamd 4.1.6's.
//
// Next stop: package actions, which turns the number into a verdict.
package score

import "github.com/winnowmail/winnow/symbols"

// A Metric is the scoring configuration of a profile. The zero value takes
// every symbol's default weight, no caps and no composites. It may name symbols
// and groups that are not declared; a Layer over it may not, for there such a
// name is a misspelling.
type Metric struct {
	Weights      map[string]float64  // by symbol name, replaces Def.Weight
	Groups       map[string]Group    // by group name
	SymbolGroups map[string][]string // by symbol name, replaces Def.Groups
	Disabled     []string            // symbols that are off
	Composites   []Composite
	Policies     map[string]Policy // by composite name, replaces Composite.Policy
	Expressions  map[string]string // by composite name, replaces Composite.Expression
	GrowFactor   float64           // 0 and 1: off
	OneShot      bool              // every symbol counts once
	MaxShots     int               // default of Def.MaxShots; 0: 100
	// MaxOptionsLen bounds the bytes of one symbol's options; 0: 4096.
	MaxOptionsLen int
	// SinglePass evaluates all composites before the late checks, as Rspamd
	// did up to 3.4.
	SinglePass bool
	// Order lists symbols in the order in which their hits are to be counted,
	// before those of all others: once a group has reached its limit, what
	// comes later adds nothing. nil leaves the order to the caller of Sheet.Add.
	Order []string
}

// A Group limits what the symbols of one group add together.
type Group struct {
	Max     float64 // 0: no cap; negative is a configuration error
	Min     float64 // 0: no cap; positive is a configuration error
	OneShot bool    // every symbol of the group counts once
}

// A Composite is a symbol raised, once and with factor 1, when an expression
// over others is true. Policy says what becomes of the symbols that stand in
// the expression (but not below a NOT) and were raised; prefixes say it for one
// of them: ~ keeps the symbol and removes its weight at most, - leaves it
// alone, ^ removes it whatever other composites say. If several composites
// match, a weight or a symbol that one of them keeps is kept.
type Composite struct {
	Def        *symbols.Def
	Expression string
	Policy     Policy
	// Unknown lets Expression name symbols and groups that there are not: they are
	// never found then. Otherwise such a name in a Layer is an error.
	Unknown bool
}

// A Policy says what happens to the symbols that made a composite match.
type Policy uint8

// The policies; the zero value is Rspamd's default.
const (
	RemoveAll    Policy = iota // no weight, not shown
	RemoveWeight               // shown with weight 0
	RemoveSymbol               // not shown, weight stays
	Leave
)

// ParsePolicy takes the names of Rspamd's configuration.
func ParsePolicy(name string) (p Policy, ok bool) {
	switch name {
	case "", "default", "remove", "remove_all":
		return RemoveAll, true
	case "remove_weight":
		return RemoveWeight, true
	case "remove_symbol":
		return RemoveSymbol, true
	case "leave", "remove_none":
		return Leave, true
	}
	return 0, false
}

func (p Policy) String() string {
	if p > Leave {
		return "unknown policy"
	}
	return [...]string{"remove_all", "remove_weight", "remove_symbol", "leave"}[p]
}

// Package score turns hits into a number: a Metric says what each symbol
// weighs, how often it counts, what its groups may add at most, and which
// composites rewrite the outcome.
//
// Next stop: package actions, which turns the number into a verdict.
package score

import "github.com/winnowmail/winnow/symbols"

// A Metric is the scoring configuration. The zero value takes every symbol's
// default weight, no caps and no composites.
type Metric struct {
	Weights    map[string]float64 // by symbol name, replaces Def.Weight
	Groups     map[string]Group   // by group name
	Composites []Composite
	GrowFactor float64 // 0 and 1: off
	OneShot    bool    // every symbol counts once
	MaxShots   int     // default of Def.MaxShots; 0: 100
	// MaxOptionsLen bounds the bytes of one symbol's options; 0: 4096.
	MaxOptionsLen int
	Disabled      []string // symbols that are never raised
}

// A Group limits what the symbols of one group add together.
type Group struct {
	Max      float64 // 0: no cap; negative is a configuration error
	Min      float64 // 0: no cap; positive is a configuration error
	OneShot  bool    // every symbol of the group counts once
	Disabled bool
}

// A Composite is a symbol raised when an expression over others is true.
type Composite struct {
	Def        *symbols.Def
	Expression string
	Policy     Policy
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

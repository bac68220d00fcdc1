package winnow

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/score"
)

// A Layer changes what it names and nothing else. Layers lie over each other:
// the site's (Options) over the profile, a message's over the site's, a
// recipient's over the message's. A Layer is plain data. An unknown name in it
// is an error that suggests the nearest known one.
type Layer struct {
	// Weights are by symbol name.
	Weights map[string]float64
	// Symbols change more of single symbols; they take precedence over Weights.
	Symbols map[string]SymbolChange
	// Groups set the limits of groups, by name.
	Groups map[string]score.Group
	// Composites add composites or replace those of their name; nil removes
	// one. A Composite without Def keeps the symbol of the one it replaces, one
	// without Expression its expression.
	// Weights and Symbols may name what Composites add. A symbol in an
	// expression must be one that a check or a composite raises, or that the
	// profile names.
	Composites map[string]*score.Composite
	// Thresholds set single thresholds; NaN takes one away.
	Thresholds actions.Thresholds
	// Disable turns symbols off and Enable turns them on. The names are those
	// of symbols, groups and families (or of checks in Options.Checks), or "*"
	// for all symbols. Within a layer Disable comes first. The name of a symbol
	// takes precedence over those of its groups, these over that of its family,
	// and that over "*". What a layer below disabled stays off, unless Enable
	// names the symbol or repeats the name by which it was disabled. A family
	// without symbols is disabled by its own name alone.
	Disable, Enable []string
}

// A SymbolChange is what a Layer changes of one symbol.
type SymbolChange = score.SymbolChange

// scoring returns what of a Layer a score.Compiled takes.
func (l *Layer) scoring() score.Layer {
	return score.Layer{
		Weights: l.Weights, Symbols: l.Symbols, Groups: l.Groups, Composites: l.Composites,
		Disable: l.Disable, Enable: l.Enable,
	}
}

func (l *Layer) empty() bool {
	s := l.scoring()
	return s.Empty() && len(l.Thresholds) == 0
}

// A fingerprint is the content of layers as bytes: equal layers have equal
// ones, and no others.
type fingerprint []byte

func (f *fingerprint) number(n int) { *f = binary.AppendVarint(*f, int64(n)) }

func (f *fingerprint) float(x float64) { *f = binary.BigEndian.AppendUint64(*f, math.Float64bits(x)) }

func (f *fingerprint) text(s string) {
	f.number(len(s))
	*f = append(*f, s...)
}

func (f *fingerprint) list(list []string) {
	if list == nil {
		f.number(-1)
		return
	}
	f.number(len(list))
	for _, s := range list {
		f.text(s)
	}
}

// entries writes a map in the order of its keys.
func entries[K ~string, V any](f *fingerprint, m map[K]V, value func(V)) {
	f.number(len(m))
	if len(m) == 0 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		f.text(string(k))
		value(m[k])
	}
}

func (f *fingerprint) layer(l *Layer) {
	entries(f, l.Weights, f.float)
	entries(f, l.Symbols, f.change)
	entries(f, l.Groups, func(g score.Group) {
		f.float(g.Max)
		f.float(g.Min)
		f.bool(g.OneShot)
	})
	entries(f, l.Composites, f.composite)
	entries(f, l.Thresholds, f.float)
	f.list(l.Disable)
	f.list(l.Enable)
}

func (f *fingerprint) bool(b bool) {
	if b {
		f.number(1)
	} else {
		f.number(0)
	}
}

func (f *fingerprint) change(c SymbolChange) {
	f.bool(c.Weight != nil)
	if c.Weight != nil {
		f.float(*c.Weight)
	}
	f.list(c.Groups)
	f.bool(c.OneShot != nil)
	if c.OneShot != nil {
		f.bool(*c.OneShot)
	}
	f.bool(c.MaxShots != nil)
	if c.MaxShots != nil {
		f.number(*c.MaxShots)
	}
}

func (f *fingerprint) composite(c *score.Composite) {
	f.bool(c != nil)
	if c == nil {
		return
	}
	f.text(c.Expression)
	f.number(int(c.Policy))
	f.bool(c.Def != nil)
	if d := c.Def; d != nil {
		f.text(d.Name)
		f.text(d.Doc)
		f.list(d.Groups)
		f.float(d.Weight)
		f.bool(d.OneShot)
		f.number(d.MaxShots)
	}
}

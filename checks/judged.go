package checks

import (
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/symbols"
)

// Judged is a verdict as an EditFunc sees it: the common one, or that of a
// recipient with settings of its own.
type Judged struct {
	Score    float64
	Required float64 // the reject threshold, 0 if there is none
	Action   actions.Action
	By       *actions.PreResult // what decided instead of the score, else nil
	// Symbols are those that count or are shown, in list order.
	Symbols []JudgedSymbol
}

// A JudgedSymbol is a symbol with what it added to the score.
type JudgedSymbol struct {
	Name    string
	Score   float64
	Options []string
}

// Symbol returns the named symbol, nil if the verdict does not have it.
func (v *Judged) Symbol(name string) *JudgedSymbol {
	if i := slices.IndexFunc(v.Symbols, func(s JudgedSymbol) bool { return s.Name == name }); i >= 0 {
		return &v.Symbols[i]
	}
	return nil
}

// An EditFunc makes changes to the header that depend on the verdict.
type EditFunc = func(v *Judged) []actions.HeaderEdit

// EditJudged hands over a function that makes header edits of each verdict once
// it is final. They come after those of Edit. f runs after Run has returned,
// and again for every recipient with settings of its own; it must not use the
// Task, nor change what it is given, and returns the same whenever it is given
// the same. If it panics its edits are missing and Result.Incomplete names the
// check. It belongs to symbols, or the check, as a PreResult does.
func (t *Task) EditJudged(f EditFunc, of ...*symbols.Def) {
	out := t.report()
	out.EditFuncs = append(out.EditFuncs, owned(t, f, of))
}

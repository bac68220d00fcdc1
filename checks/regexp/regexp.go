// Package regexp raises symbols of the operator's own for what expressions of
// patterns and functions find in a message, as the rules of Rspamd's section
// regexp:
//
//	Subject=/cheap (?:pills|watches)/i & !header_exists('List-Id')
//
// A rule's text is read when the family is made, and a mistake is an error that
// names the rule and the place. Patterns are in Perl's syntax; package texts
// says how thousands of them are looked for at once.
package regexp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/symbols"
)

// Options are the rules. The zero value has none.
type Options struct {
	// Off leaves the family out.
	Off   bool
	Rules []Rule
	// MaxSize is how many bytes of one text, such as a part or the whole message,
	// are looked at; 0 means 1 MiB.
	MaxSize int
	// Selectors are named ones for patterns of the type selector; a pattern may
	// hold a selector itself, too.
	Selectors map[string]string
}

// A Rule is one symbol and what raises it.
type Rule struct {
	Symbol string
	// Expr is the expression. It gives a number, which the score is multiplied
	// with; the symbol is raised if that is not 0.
	Expr   string
	Score  float64
	Doc    string // one sentence for operators, "" names the expression
	Groups []string
	// OneShot counts the symbol once; MaxShots limits how often it counts, 0
	// means the metric's default.
	OneShot  bool
	MaxShots int
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	_, err := compile(o)
	return err
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "regexp", Doc: "rules of the operator's over texts and headers", Config: o}
	set, err := compile(o)
	if f.Err = err; err != nil || o.Off {
		return f
	}
	main, late := set.split()
	if len(main.rules) > 0 {
		f.Checks = append(f.Checks, main.check("regexp", checks.Main))
	}
	if len(late.rules) > 0 {
		f.Checks = append(f.Checks, late.check("regexp_symbols", checks.Classify))
	}
	return f
}

// A rule is a Rule made ready.
type rule struct {
	def  *symbols.Def
	expr *expression
}

// A ruleSet is the rules of one check.
type ruleSet struct {
	rules []rule
	texts *texts.Set
	// users are the rules by the patterns that they name; always are those that
	// may hold though none of their patterns occurs.
	users  [][]int
	always []int
	most   int
}

func compile(o Options) (*ruleSet, error) {
	v := valid.Of("regexp")
	v.Number("MaxSize", int64(o.MaxSize), 0, 1<<30)
	s := &ruleSet{most: o.MaxSize}
	seen := map[string]bool{}
	for i, r := range o.Rules {
		key := valid.At("Rules", i)
		v.If(r.Symbol == "" || strings.ContainsAny(r.Symbol, " \t\r\n,()"), key+".Symbol", "%q is no name of a symbol", r.Symbol)
		v.If(seen[r.Symbol], key+".Symbol", "%q is there twice", r.Symbol)
		seen[r.Symbol] = true
		e, err := parse(r.Expr, o.Selectors)
		if err != nil {
			v.If(true, key+".Expr", "%s: %v", r.Symbol, err)
			continue
		}
		doc := r.Doc
		if doc == "" {
			doc = r.Expr
		}
		s.rules = append(s.rules, rule{
			def:  &symbols.Def{Name: r.Symbol, Doc: doc, Groups: r.Groups, Weight: r.Score, OneShot: r.OneShot, MaxShots: r.MaxShots, Shared: true},
			expr: e,
		})
	}
	return s, v.Err()
}

// split parts the rules that ask for other symbols from the rest.
func (s *ruleSet) split() (main, late *ruleSet) {
	main, late = &ruleSet{most: s.most}, &ruleSet{most: s.most}
	for _, r := range s.rules {
		if to := main; r.expr.symbols {
			late.rules = append(late.rules, r)
		} else {
			to.rules = append(to.rules, r)
		}
	}
	main.join()
	late.join()
	return main, late
}

// join puts all patterns of the rules in one set.
func (s *ruleSet) join() {
	var b texts.Builder
	for i, r := range s.rules {
		for j := range r.expr.atoms {
			a := &r.expr.atoms[j]
			if a.pattern.Pattern == nil {
				continue
			}
			a.id = b.Add(a.pattern)
			s.users = append(s.users, []int{i})
		}
		if r.expr.always() {
			s.always = append(s.always, i)
		}
	}
	s.texts = b.Set(s.most)
}

func (s *ruleSet) check(name string, stage checks.Stage) *checks.Check {
	c := &checks.Check{
		Name: name, Doc: "rules of the operator's over texts and headers", Stage: stage, Heavy: true, Requires: s.texts.Requires(),
		Run: func(_ context.Context, t *checks.Task) error { return s.run(t) },
	}
	if stage == checks.Classify {
		c.Requires = append(c.Requires, checks.AllSymbols())
	}
	for _, r := range s.rules {
		c.Symbols = append(c.Symbols, r.def)
	}
	return c
}

func (s *ruleSet) run(t *checks.Task) error {
	m := s.texts.Find(t)
	todo := slices.Clone(s.always)
	m.Each(func(id int) { todo = append(todo, s.users[id]...) })
	slices.Sort(todo)
	for _, i := range slices.Compact(todo) {
		r := &s.rules[i]
		if value := r.expr.eval(t, m); value != 0 {
			t.HitAt(symbols.Hit{Def: r.def, Factor: value, Evidence: r.expr.evidence(m)})
		}
	}
	if m.Cut > 0 {
		t.Note(fmt.Sprintf("%d patterns were not looked for to the end: the message is too large for them", m.Cut))
	}
	return nil
}

// readSelector finds a named selector, or reads one.
func readSelector(text string, named map[string]string) (*selector.Selector, error) {
	if s, ok := named[text]; ok {
		text = s
	}
	return selector.Parse(text, selector.Options{})
}

package statistics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// DefaultBudget is how long a scan waits for the store of a Classifier.
const DefaultBudget = 300 * time.Millisecond

// A Classifier is one that scans ask: a model with the symbols of its classes.
type Classifier struct {
	// Name tells classifiers apart; "" means "bayes". It is the name of the family.
	Name  string
	Model bayes.Classifier
	// Symbols are those of the classes. A class without one has BAYES_CLASS, or
	// NAME_CLASS of a classifier with another name: 5.1 for spam, -3 for ham and 0
	// for others, which an operator weighs.
	Symbols map[string]*symbols.Def
	// Budget is how long a scan waits for the model's store; 0 means
	// DefaultBudget. A store that takes longer or fails leaves the message without
	// a verdict, and Result.Incomplete says so.
	Budget time.Duration
}

// Key is the name, with its default.
func (c *Classifier) Key() string {
	if c.Name == "" {
		return "bayes"
	}
	return c.Name
}

// Opinion is what the classifier thinks of a message. A transcript records it.
func (c *Classifier) Opinion() checks.Fact[bayes.Opinion] {
	return checks.Fact[bayes.Opinion]{Name: "classifier-" + c.Key()}
}

// Classify returns the family that asks a Classifier.
func Classify(c Classifier) *checks.Family {
	f := &checks.Family{Name: c.Key(), Doc: "classes that were learned from labelled mail"}
	if c.Model == nil {
		f.Err = fmt.Errorf("classifier %s: Model is nil", c.Key())
		return f
	}
	defs, err := c.defs()
	if err != nil {
		f.Err = err
		return f
	}
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	opinion := c.Opinion()
	check := &checks.Check{
		Name: c.Key(), Doc: "asks what class messages like this one were learned as", Stage: checks.Classify,
		Requires: checks.Facts(spf.Fact, dkim.Fact, Lesson), Provides: []checks.AnyFact{opinion}, Needs: checks.Needs{Net: true},
		Config: c.Model.Classes(),
		Run: func(ctx context.Context, t *checks.Task) error {
			if lesson, _ := Lesson.Get(t); lesson {
				return nil
			}
			seen, ok := checks.Observe(t, "opinion", func() observed { return c.ask(ctx, t) })
			if !ok {
				return nil
			}
			if seen.Err != "" {
				return errors.New(seen.Err)
			}
			opinion.Set(t, seen.Opinion)
			if d := defs[seen.Opinion.Class]; d != nil && seen.Opinion.Share > 0 {
				t.HitFactor(d, seen.Opinion.Share, seen.Opinion.Option)
			}
			return nil
		},
	}
	for _, class := range c.Model.Classes() {
		check.Symbols = append(check.Symbols, defs[class])
	}
	f.Checks = []*checks.Check{check}
	return f
}

// defs returns the symbols by class.
func (c *Classifier) defs() (map[string]*symbols.Def, error) {
	classes := c.Model.Classes()
	for class := range c.Symbols {
		if !slices.Contains(classes, class) {
			return nil, fmt.Errorf("classifier %s: Symbols has class %q: the model has %q", c.Key(), class, classes)
		}
	}
	defs := make(map[string]*symbols.Def, len(classes))
	for _, class := range classes {
		switch def := c.Symbols[class]; {
		case def != nil:
			defs[class] = def
		case c.Key() == "bayes" && class == string(bayes.Spam):
			defs[class] = Spam
		case c.Key() == "bayes" && class == string(bayes.Ham):
			defs[class] = Ham
		default:
			defs[class] = &symbols.Def{
				Name: c.Symbol(class), Groups: []string{"statistics"}, Weight: usualWeight(class),
				Doc: "The message is like mail that was learned as " + class,
			}
		}
	}
	return defs, nil
}

// Symbol is the name of a class's symbol.
func (c *Classifier) Symbol(class string) string {
	if def := c.Symbols[class]; def != nil {
		return def.Name
	}
	return upper(c.Key()) + "_" + upper(class)
}

func usualWeight(class string) float64 {
	switch bayes.Class(class) {
	case bayes.Spam:
		return Spam.Weight
	case bayes.Ham:
		return Ham.Weight
	}
	return 0
}

// upper is a name as symbols are written.
func upper(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		}
		return '_'
	}, name)
}

// observed is what a transcript keeps of a question to a model.
type observed struct {
	Opinion bayes.Opinion
	Err     string `json:",omitempty"`
}

func (c *Classifier) ask(ctx context.Context, t *checks.Task) observed {
	ctx, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	o, err := c.Model.Opine(ctx, t.Message(), passed(t))
	if err != nil {
		return observed{Err: err.Error()}
	}
	return observed{Opinion: o}
}

// passed is what SPF and DKIM found, if both were checked.
func passed(t *checks.Task) bayes.Passed {
	result, spfDone := spf.Fact.Get(t)
	signatures, dkimDone := dkim.Fact.Get(t)
	if !spfDone || !dkimDone || result.Status == "" && len(signatures) == 0 {
		return bayes.Passed{}
	}
	p := bayes.Passed{Checked: true, SPF: result.Status == spf.StatusPass}
	for _, s := range signatures {
		known := slices.ContainsFunc(p.DKIM, func(d string) bool { return mail.DomainKey(d) == mail.DomainKey(s.Domain) })
		if s.Status == dkim.StatusPass && !known {
			p.DKIM = append(p.DKIM, s.Domain)
		}
	}
	return p
}

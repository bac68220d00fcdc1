// Package gtube recognises the test strings by which an operator sees that
// the filter works: GTUBE, which every spam filter rejects, and Rspamd's
// siblings of it that bring the other actions.
package gtube

import (
	"context"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Found is raised when a text part holds one of the strings.
var Found = &symbols.Def{
	Name:   "GTUBE",
	Doc:    "A text part holds the GTUBE test string or one of its siblings",
	Groups: []string{"ungrouped"},
}

// Patterns says which strings count.
type Patterns string

// The choices, as Rspamd's gtube_patterns.
const (
	RejectOnly Patterns = "reject" // GTUBE alone; the default
	All        Patterns = "all"    // its siblings too
)

// ParseOptions takes the values of Rspamd's gtube_patterns; "default" is
// "reject".
func ParseOptions(s string) (Options, error) {
	switch s = strings.ToLower(s); s {
	case "", "reject", "default":
		return Options{}, nil
	case "all":
		return Options{Patterns: All}, nil
	case "disable", "disabled":
		return Options{Off: true}, nil
	}
	return Options{}, fmt.Errorf("gtube: unknown patterns %q, want default, all or disable", s)
}

// Options configures the check; the zero value recognises GTUBE alone.
type Options struct {
	// Off leaves the family out.
	Off      bool
	Patterns Patterns // "": RejectOnly
}

// The strings differ in their first letter, which chooses the action. They
// are looked for in text parts of at most maxText bytes, as in Rspamd.
const (
	tail    = "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
	maxText = 8 << 10
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("gtube")
	v.If(o.Patterns != "" && o.Patterns != RejectOnly && o.Patterns != All, "Patterns", "unknown value %q", o.Patterns)
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "gtube", Doc: "the GTUBE test strings", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	f.Checks = []*checks.Check{{
		Name:     "gtube",
		Doc:      "looks for the GTUBE test strings and answers with their action",
		Symbols:  []*symbols.Def{Found},
		Stage:    checks.Early,
		Priority: 100,
		Run: func(_ context.Context, t *checks.Task) error {
			o.look(t)
			return nil
		},
	}}
	return f
}

func (o Options) look(t *checks.Task) {
	for _, text := range t.Message().AllTexts() {
		a, ok := find(text)
		if !ok || a != actions.Reject && o.Patterns != All {
			continue
		}
		t.HitAt(symbols.Hit{Def: Found, Factor: 1, Evidence: checks.Part(text.Part)})
		t.PreResult(actions.PreResult{
			Action: a, Priority: actions.Critical, AtThreshold: true, Message: "Gtube pattern", Check: "GTUBE", Test: true,
		}, Found)
		return
	}
}

// find returns the action of the first string in a text part.
func find(text *mail.Text) (actions.Action, bool) {
	s := text.UTF8()
	switch {
	case text.IsHTML && (strings.Contains(s, "GTUBE") || strings.Contains(s, "C.34X")):
		s = text.Plain() // tags may stand within it
	case !strings.Contains(s, tail):
		return "", false
	}
	if len(s) > maxText {
		return "", false
	}
	for rest := s; ; {
		i := strings.Index(rest, tail)
		if i < 0 {
			return "", false
		}
		if i > 0 {
			if a, ok := action(rest[i-1]); ok {
				return a, true
			}
		}
		rest = rest[i+len(tail):]
	}
}

func action(first byte) (actions.Action, bool) {
	switch first {
	case 'X':
		return actions.Reject, true
	case 'Y':
		return actions.AddHeader, true
	case 'Z':
		return actions.RewriteSubject, true
	case 'A':
		return actions.NoAction, true
	}
	return "", false
}

package settings

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/symbols"
)

const familyName = "settings"

// An Effect is what the settings of a message do beside weighing and switching.
type Effect struct {
	Symbols []Raised             `json:"symbols,omitempty"`
	Subject string               `json:"subject,omitempty"`
	Edits   []actions.HeaderEdit `json:"edits,omitempty"`
	Skip    bool                 `json:"skip,omitempty"` // the message passes unseen
}

func (e *Effect) empty() bool {
	return len(e.Symbols)+len(e.Edits) == 0 && e.Subject == "" && !e.Skip
}

// Applied is the fact that the family of this package acts on.
var Applied = checks.Fact[Effect]{Name: "settings"}

// Family makes the checks that raise symbols, change headers and let mail pass
// where settings say so, and that follow the rules' lists. Symbols for which
// declared, if it is not nil, says that another check declares them are not raised.
// Without the family those effects are missing, and Lay says so.
func (r *Rules) Family(declared func(name string) bool) *checks.Family {
	defs := r.Defs(declared)
	slices.SortFunc(defs, func(a, b *symbols.Def) int { return strings.Compare(a.Name, b.Name) })
	f := &checks.Family{Name: familyName, Doc: "what settings of users and rules do beside weighing symbols", Config: config{r.text, r}}
	if len(defs) > 0 {
		f.Checks = append(f.Checks, &checks.Check{
			Name: "settings/symbols", Doc: "raises the symbols that settings raise", Symbols: defs, Requires: checks.Facts(Applied),
			Run: func(_ context.Context, t *checks.Task) error { return raise(t, defs) },
		})
	}
	f.Checks = append(f.Checks, &checks.Check{
		Name: "settings", Doc: "changes headers and lets mail pass unseen as settings say", Stage: checks.Early, Priority: 100,
		Requires: checks.Facts(Applied), Start: r.start, Run: obey,
	})
	return f
}

// config is the family's configuration. The rules belong to it: others follow
// other lists.
type config struct {
	Section string
	Rules   *Rules `json:"-"`
}

// start follows the lists.
func (r *Rules) start(ctx context.Context, env *checks.Env) error {
	switch named := r.current().lists; {
	case r.source != nil:
		env.Go("settings", func() { r.followRules(ctx, env.Log) })
	case len(named) > 0:
		env.Go("lists of settings", func() { lists.Follow(ctx, nil, named...) })
	}
	return nil
}

// followRules follows the list of rules, and the lists that the rules of now name,
// until ctx ends. log is told what of new rules has no effect, and when they can't be
// read.
func (r *Rules) followRules(ctx context.Context, log *slog.Logger) {
	var named sync.WaitGroup
	defer named.Wait()
	within, end := context.WithCancel(ctx)
	defer func() { end() }()
	lists.Follow(ctx, func() {
		warnings, err := r.refresh()
		for _, w := range warnings {
			log.Warn("settings: " + w.String())
		}
		if err != nil {
			log.Warn("settings can't be read: the last ones stay", "error", err)
		}
		end()
		within, end = context.WithCancel(ctx)
		if all, ctx := r.current().lists, within; len(all) > 0 {
			named.Go(func() { lists.Follow(ctx, nil, all...) })
		}
	}, r.source)
}

func raise(t *checks.Task, defs []*symbols.Def) error {
	e, _ := Applied.Get(t)
	for _, r := range e.Symbols {
		i, ok := slices.BinarySearchFunc(defs, r.Name, func(d *symbols.Def, name string) int { return strings.Compare(d.Name, name) })
		if ok {
			t.HitFactor(defs[i], r.Factor, r.Options...)
		}
	}
	return nil
}

func obey(_ context.Context, t *checks.Task) error {
	e, _ := Applied.Get(t)
	for _, edit := range e.Edits {
		t.Edit(edit)
	}
	if e.Subject != "" {
		t.Subject(e.Subject)
	}
	if e.Skip {
		t.PreResult(actions.PreResult{Action: actions.NoAction, Priority: actions.Critical})
	}
	return nil
}

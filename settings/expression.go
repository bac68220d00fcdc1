package settings

import (
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
)

// readHeaders reads the conditions on headers, of the message and of the
// request, and on what selectors find.
func (r *reader) readHeaders() error {
	for _, c := range []struct {
		key  string
		need need
		of   func(s *subject, name string) []string
	}{
		{"request_header", client, func(s *subject, name string) []string { return s.request.header(name) }},
		{"header", message, headerTexts},
	} {
		object := r.v.Get(c.key)
		if object.IsNull() {
			continue
		}
		object, err := object.AsObject()
		if err != nil {
			return err
		}
		for i, m := range object.Members() {
			holds, err := fields(m.Value())
			if err != nil {
				return m.Value().Errorf("%s: %s: %v", c.key, m.Key, err)
			}
			r.add(c.need, func(s *subject) bool { return holds(c.of(s, m.Key)) }, compound(c.key, m.Key, i+1)...)
		}
	}
	v := r.v.Get("selector")
	if v.IsNull() {
		return nil
	}
	return r.readSelector(v)
}

func headerTexts(s *subject, name string) []string {
	var texts []string
	for _, f := range s.msg.Header().All(name) {
		texts = append(texts, f.Text())
	}
	return texts
}

func (r *reader) readSelector(v *ucl.Value) error {
	text, err := v.AsString()
	if err != nil {
		return err
	}
	sel, err := selector.Parse(text, selector.Options{})
	if err != nil {
		return v.Errorf("selector: %v", err)
	}
	r.add(message, func(s *subject) bool { return found(s.msg, sel) }, compound("selector", text, 1)...)
	return nil
}

// found reports whether a selector finds anything in a message.
func found(m *mail.Message, sel *selector.Selector) (found bool) {
	evaluate(m, sel, func(t *checks.Task) { found = len(sel.Eval(t)) > 0 })
	return found
}

// object is what a selector of pairs finds in a message.
func object(m *mail.Message, sel *selector.Selector) (found map[string]any) {
	evaluate(m, sel, func(t *checks.Task) { found = sel.Object(t) })
	return found
}

// evaluate calls f with a task in which checks have found nothing yet.
func evaluate(m *mail.Message, sel *selector.Selector, f func(*checks.Task)) {
	state := checks.State{Message: m}
	// An error is a panic of the selector, which finds nothing then.
	_, _ = state.Outcome(context.Background(), &checks.Check{Name: "settings", Requires: sel.Requires(), Run: func(_ context.Context, t *checks.Task) error {
		f(t)
		return nil
	}})
}

// combine reads the expression, which names conditions; without one all of them
// must hold, or with inverse none.
func (r *reader) combine() error {
	inverse, err := r.yes("inverse")
	if err != nil {
		return err
	}
	v := r.v.Get("expression")
	if v.IsNull() {
		r.inverse = inverse
		return nil
	}
	if inverse {
		r.note(v, "inverse has no effect beside an expression")
	}
	text, err := v.AsString()
	if err != nil {
		return err
	}
	e, err := score.ParseExpression(text)
	if err != nil {
		return v.Errorf("%v", err)
	}
	var names []string
	for _, c := range r.conditions {
		names = append(names, c.names...)
	}
	for _, a := range e.Atoms() {
		if !slices.Contains(names, a.Text) {
			return v.Errorf("the expression names %s, which the rule has no condition for%s", a.Text, nearest.Hint(a.Text, slices.Values(names)))
		}
	}
	r.expression = e
	return nil
}

// matches reports whether the rule is about a message.
func (r *rule) matches(s *subject) bool {
	if len(r.conditions) == 0 {
		return r.external != nil
	}
	if r.expression == nil {
		if r.inverse {
			return !slices.ContainsFunc(r.conditions, func(c condition) bool { return c.holds(s) })
		}
		return !slices.ContainsFunc(r.conditions, func(c condition) bool { return !c.holds(s) })
	}
	return r.expression.Eval(func(a *score.Atom) float64 {
		for _, c := range r.conditions {
			if slices.Contains(c.names, a.Text) {
				if c.holds(s) {
					return 1
				}
				return 0
			}
		}
		return 0
	}) > 0
}

// compare orders rules: by priority, the highest first, then by name.
func compare(a, b *rule) int {
	if a.priority != b.priority {
		return int(b.priority - a.priority)
	}
	return strings.Compare(a.name, b.name)
}

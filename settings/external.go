package settings

import (
	"context"
	"fmt"

	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/lists"
)

// external is a service that is asked for the settings of each message that its rule
// is about: Rspamd's external_map.
type external struct {
	table *lists.HTTPTable
	about *selector.Selector // pairs of keys and values
}

// readExternal reads external_map; ok is false where Rspamd has no such service
// either, and leaves the rule without effect.
func (r *reader) readExternal(v *ucl.Value) (ok bool, err error) {
	of, about := v.Get("map"), v.Get("selector")
	if on, err := of.Get("external").AsBool(); err != nil || !on || of.Kind != ucl.Object || about.IsNull() {
		r.note(v, "external_map is left out: it needs a selector, and a map with external = true")
		return false, nil
	}
	e := &external{table: &lists.HTTPTable{}}
	if e.about, err = r.pairs(about); err != nil {
		return false, err
	}
	method, encode := "", ""
	for _, m := range of.Members() {
		var err error
		switch v := m.Value(); m.Key {
		case "external":
		case "backend":
			e.table.URL, err = v.AsString()
		case "method":
			method, err = v.AsString()
		case "encode":
			encode, err = v.AsString()
		case "timeout":
			e.table.Timeout, err = v.AsDuration()
		case "cdb":
			err = v.Errorf("a file can't be asked about pairs of keys and values")
		default:
			r.note(v, "external_map: map: the key %s is not known", m.Key)
		}
		if err != nil {
			return false, fmt.Errorf("%w (settings: %s: external_map)", err, r.name)
		}
	}
	e.table.Body, e.table.Header = method == "body", method == "header"
	switch {
	case e.table.URL == "":
		return false, of.Errorf("settings: %s: external_map: the map has no backend", r.name)
	case method != "body" && method != "header" && method != "query":
		return false, of.Errorf("settings: %s: external_map: method %q is none of body, header, query", r.name, method)
	case method == "body" && encode != "json":
		return false, of.Errorf("settings: %s: external_map: with the method body encode has to be json, not %q", r.name, encode)
	}
	for _, key := range []string{"apply", "symbols", "whitelist", "want_spam"} {
		if v := r.v.Get(key); v != nil {
			r.note(v, "%s has no effect beside external_map", key)
		}
	}
	r.external, r.apply, r.need = e, &Apply{}, message
	return true, nil
}

// pairs reads the selector that says what the service is asked about.
func (r *reader) pairs(v *ucl.Value) (*selector.Selector, error) {
	text, err := v.AsString()
	if err != nil {
		return nil, err
	}
	s, err := selector.Parse(text, selector.Options{})
	if err == nil && s.Len()%2 != 0 {
		err = fmt.Errorf("%d selectors are no pairs of a key and a value, such as id('rcpt');rcpts('smtp'):addr", s.Len())
	}
	if err != nil {
		return nil, v.Errorf("settings: %s: external_map: selector: %v", r.name, err)
	}
	return s, nil
}

// A question is what a service is asked about one message.
type question struct {
	*external
	about map[string]any
}

// ask asks for the settings, nil where the service has nothing to say.
func (q *question) ask(ctx context.Context, warn func(string, ...any)) (*Apply, error) {
	answer, ok, err := q.table.Ask(ctx, q.about)
	if err != nil || !ok {
		return nil, err
	}
	a, ignored, err := ParseHeader(string(answer))
	if err != nil {
		return nil, fmt.Errorf("the answer of external_map: %w", err)
	}
	for _, key := range ignored {
		warn("settings of external_map: %s has no effect here", key)
	}
	return a, nil
}

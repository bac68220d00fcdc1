package settings

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
)

// A rule is one of the section settings.
type rule struct {
	name, id   string
	priority   int64
	apply      *Apply
	section    *ucl.Value // the rule as it is written
	conditions []condition
	// expression combines the conditions; nil: none, the rule is asked for by
	// its id alone.
	expression *score.Expression
	inverse    bool
	external   *external // asked in place of apply; nil: there is none
	need       need      // the most that its conditions look at
}

// ruleKeys are the keys of a rule.
func ruleKeys() []string {
	return []string{
		"priority", "id", "ip", "ip_map", "client_ip", "client_ip_map", "from", "from_mime", "rcpt", "rcpt_mime", "user", "hostname",
		"authenticated", "local", "request_header", "header", "selector", "delimiter", "inverse", "expression", "symbols", "apply",
		"whitelist", "want_spam", "register_symbols", "external_map", "enabled", "disabled",
	}
}

// reader reads one rule.
type reader struct {
	*Options
	rule
	v     *ucl.Value
	notes *[]ucl.Warning
	named *[]*lists.List // lists that rules name
}

func (r *reader) note(at *ucl.Value, format string, args ...any) {
	*r.notes = append(*r.notes, ucl.Warning{Pos: at.Pos(), Msg: fmt.Sprintf("settings: %s: ", r.name) + fmt.Sprintf(format, args...)})
}

// yes reads a boolean that may be missing.
func (r *reader) yes(key string) (bool, error) {
	v := r.v.Get(key)
	if v.IsNull() {
		return false, nil
	}
	return v.AsBool()
}

// read reads a rule; ok is false for one that is off or has no effect here.
func (r *reader) read() (ok bool, err error) {
	for _, m := range r.v.Members() {
		if !slices.Contains(ruleKeys(), m.Key) {
			r.note(m.Value(), "the key %s is not known%s", m.Key, nearest.Hint(m.Key, slices.Values(ruleKeys())))
		}
	}
	off, err := r.yes("disabled")
	if on := r.v.Get("enabled"); err == nil && !on.IsNull() {
		var enabled bool
		enabled, err = on.AsBool()
		off = off || !enabled
	}
	if off || err != nil {
		return false, err
	}
	what := r.readApply
	if ext := r.v.Get("external_map"); !ext.IsNull() {
		if ok, err := r.readExternal(ext); !ok {
			return false, err
		}
		what = func() error { return nil }
	}
	for _, part := range []func() error{r.readPriority, what, r.readClient, r.readDialog, r.readHeaders, r.combine} {
		if err := part(); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *reader) readPriority() error {
	r.priority = 1
	if v := r.v.Get("id"); !v.IsNull() {
		id, err := v.AsString()
		if err != nil {
			return err
		}
		r.id = id
	}
	v := r.v.Get("priority")
	if v.IsNull() {
		return nil
	}
	switch v.Text {
	case "high":
		r.priority = 3
	case "medium":
		r.priority = 2
	case "low":
	default:
		n, err := v.AsInt()
		if err != nil {
			return v.Errorf("the priority is none of low, medium, high and a number")
		}
		if n < 1 {
			r.note(v, "a rule of priority %d is asked for by its id alone", n)
		}
		r.priority = n
	}
	return nil
}

// readApply reads what the rule does.
func (r *reader) readApply() error {
	r.apply = &Apply{}
	if v := r.v.Get("apply"); !v.IsNull() {
		a, ignored, err := ParseApply(v)
		if err != nil {
			return v.Errorf("apply: %v", err)
		}
		for _, key := range ignored {
			r.note(v, "apply: %s has no effect here", key)
		}
		r.apply = a
	} else {
		pass, err := r.yes("whitelist")
		if err == nil && !pass {
			pass, err = r.yes("want_spam")
		}
		if err != nil {
			return err
		}
		if r.apply.Whitelist = pass; !pass && r.v.Get("symbols").IsNull() {
			return r.v.Errorf("settings: %s: neither apply nor whitelist", r.name)
		}
	}
	if v := r.v.Get("symbols"); !v.IsNull() {
		more, err := raised(v)
		r.apply.Symbols = append(r.apply.Symbols, more...)
		return err
	}
	return nil
}

// add adds a condition.
func (r *reader) add(n need, holds func(*subject) bool, names ...string) {
	r.conditions = append(r.conditions, condition{names, n, holds})
	r.need = max(r.need, n)
}

// readClient reads the conditions on the connection.
func (r *reader) readClient() error {
	ips := map[string]func(*subject) netip.Addr{
		"ip":        func(s *subject) netip.Addr { return s.env.ClientIP },
		"client_ip": func(s *subject) netip.Addr { return s.request.client() },
	}
	for _, key := range slices.Sorted(maps.Keys(ips)) {
		for suffix, read := range map[string]func(*ucl.Value) (func(netip.Addr) bool, error){"": r.networks, "_map": r.networkMap} {
			v := r.v.Get(key + suffix)
			if v.IsNull() {
				continue
			}
			t, err := read(v)
			if err != nil {
				return v.Errorf("%s: %v", key+suffix, err)
			}
			r.add(client, func(s *subject) bool { return t(ips[key](s)) }, key+suffix)
		}
	}
	if v := r.v.Get("hostname"); !v.IsNull() {
		t, err := r.text(v)
		if err != nil {
			return v.Errorf("hostname: %v", err)
		}
		r.add(client, func(s *subject) bool { return t(s.env.ClientName) }, "hostname")
	}
	flags := map[string]condition{
		"authenticated": {need: dialog, holds: func(s *subject) bool { return s.env.User != "" }},
		"local":         {need: client, holds: func(s *subject) bool { return s.local && s.env.ClientIP.IsValid() }},
	}
	for _, key := range slices.Sorted(maps.Keys(flags)) {
		v := r.v.Get(key)
		on, err := r.yes(key)
		switch {
		case err != nil:
			return err
		case on:
			r.add(flags[key].need, flags[key].holds, key)
		case v != nil:
			r.note(v, "%s = no is no condition: inverse turns one round", key)
		}
	}
	return nil
}

// readDialog reads the conditions on addresses.
func (r *reader) readDialog() error {
	for _, c := range []struct {
		key  string
		need need
		of   func(s *subject) []mail.Address
	}{
		{"from", dialog, sender},
		{"user", dialog, user},
		{"rcpt", message, func(s *subject) []mail.Address { return s.msg.EnvelopeRcpts() }},
		{"from_mime", message, func(s *subject) []mail.Address { return s.msg.From() }},
		{"rcpt_mime", message, func(s *subject) []mail.Address { return s.msg.Recipients() }},
	} {
		v := r.v.Get(c.key)
		if v.IsNull() {
			continue
		}
		t, err := r.addresses(v)
		if err != nil {
			return v.Errorf("%s: %v", c.key, err)
		}
		r.add(c.need, func(s *subject) bool { return anyAddress(c.of(s), t) }, c.key)
	}
	return nil
}

func sender(s *subject) []mail.Address {
	if !s.env.HasFrom && s.env.From == "" {
		return nil
	}
	return []mail.Address{mail.ParseAddress(s.env.From)}
}

// user is who logged in; a name without a domain is the whole address as well.
func user(s *subject) []mail.Address {
	if s.env.User == "" {
		return nil
	}
	a := mail.ParseAddress(s.env.User)
	if a.Domain == "" {
		a = mail.Address{User: s.env.User, Addr: s.env.User}
	}
	return []mail.Address{a}
}

package multimap

import (
	"fmt"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/lists"
)

// list makes the list, or finds the table, that a rule's source says.
func (o *Options) list(r *reading, kind lists.Kind) error {
	v := r.source
	if v.IsObject() {
		for _, key := range []string{"urls", "url"} {
			if u, ok := v.Get(key); ok {
				r.source = u
				return o.list(r, kind)
			}
		}
		return o.external(r)
	}
	words, err := v.AsStrings()
	if err != nil {
		return err
	}
	d := lists.Definition{Name: r.Symbol, Kind: kind, Multi: r.multi}
	for i, s := range words {
		own, rest, ok := lists.KindOf(s)
		if ok && i == 0 {
			d.Kind = own
			d.Multi = d.Multi || strings.Contains(s[:len(s)-len(rest)], "multi")
		}
		if ok {
			s = rest
		}
		if name, redis := strings.CutPrefix(s, "redis://"); redis {
			if o.Tables == nil || len(words) > 1 {
				return v.Errorf("%s: a table of Redis is the only source of a list", s)
			}
			r.Table, r.Name = o.Tables, name
			return nil
		}
		if source(s) {
			d.Sources = append(d.Sources, s)
		} else {
			d.Entries = append(d.Entries, s)
		}
	}
	l, err := o.Watcher.List(d)
	if err != nil {
		return v.Errorf("%w", err)
	}
	r.List = l
	return nil
}

// regexpRules is the type of a list of rules, which is none of Rule.
const regexpRules Type = "regexp_rules"

// ruleList adds a list of rules.
func (o *Options) ruleList(r *reading, at places) error {
	if r.source == nil {
		return fmt.Errorf("a rule of type regexp_rules needs map")
	}
	if err := o.list(r, lists.Lines); err != nil {
		return err
	}
	if r.List == nil {
		return r.source.Errorf("rules can't be in a table that is asked")
	}
	l := RuleList{Name: r.Symbol, List: r.List}
	if i, there := at.lists[l.Name]; there {
		o.RuleLists[i] = l
		return nil
	}
	at.lists[l.Name] = len(o.RuleLists)
	o.RuleLists = append(o.RuleLists, l)
	return nil
}

// source reports whether a word of a list names a place that has one, and is no
// entry.
func source(s string) bool {
	return strings.HasPrefix(s, "/") && !pattern(s) || strings.Contains(s, "://") && !strings.ContainsAny(s, " \t") || strings.HasPrefix(s, "file:")
}

// pattern reports whether a word that begins with a slash is a regular expression
// rather than a file: it ends in a slash and flags.
func pattern(s string) bool {
	end := strings.LastIndexByte(s, '/')
	return end > 0 && strings.Trim(s[end+1:], "imsxurOL") == "" && strings.ContainsAny(s, `^$[]()*+?|\`)
}

// external finds what Rspamd calls an external map: one that is asked.
func (o *Options) external(r *reading) error {
	t := &lists.HTTPTable{}
	method, cdb := "", ""
	var timeout time.Duration
	external, ok := r.source.Get("external")
	if on, err := asBool(external, ok); err != nil || !on {
		return r.source.Errorf("the list has no url and is not external")
	}
	s := option.Section{Name: "map", Keys: append([]option.Key{
		option.Func("external", "boolean", func(option.Value) error { return nil }, ""),
		option.String("backend", &t.URL, ""), option.String("cdb", &cdb, ""), option.String("method", &method, ""), option.Duration("timeout", &timeout, ""),
	}, option.Without("one text at a time is asked about", "encode")...)}
	var wrong error
	if err := s.Apply(r.source, func(err error) { wrong = err }); err != nil {
		return err
	}
	switch {
	case wrong != nil:
		return wrong
	case cdb != "":
		l, err := o.Watcher.List(lists.Definition{Name: r.Symbol, Kind: lists.CDB, Sources: []string{cdb}})
		r.List = l
		return err
	case t.URL == "":
		return r.source.Errorf("an external list needs backend or cdb")
	case method != "query" && method != "header" && method != "body":
		return r.source.Errorf("method: %q is none of body, header, query", method)
	}
	t.Timeout, t.Header, t.Body = timeout, method == "header", method == "body"
	r.Table, r.Name = t, t.URL
	return nil
}

func asBool(v option.Value, ok bool) (bool, error) {
	if !ok {
		return false, nil
	}
	return v.AsBool()
}

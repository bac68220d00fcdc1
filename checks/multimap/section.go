package multimap

import (
	"cmp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/lists"
)

// Section is the table of Rspamd's section multimap. Its lists are made by
// o.Watcher, and tables in Redis are o.Tables.
func (o *Options) Section() *option.Section {
	if o.Watcher == nil {
		o.Watcher = lists.NewWatcher(lists.Options{})
	}
	at := o.places()
	return &option.Section{
		Name: "multimap", Doc: "looks values of the message up in lists", Off: &o.Off,
		Keys: []option.Key{option.Each("*", func(name string) *option.Section { return o.section(name, at) }, "a rule; its name is that of its symbol, unless it says another")},
		Use: func() error {
			slices.SortFunc(o.Rules, func(a, b Rule) int { return cmp.Compare(a.Symbol, b.Symbol) })
			slices.SortFunc(o.RuleLists, func(a, b RuleList) int { return cmp.Compare(a.Name, b.Name) })
			return nil
		},
	}
}

// places are where rules and lists of rules stand, by their symbols and names.
type places struct{ rules, lists map[string]int }

func (o *Options) places() places {
	at := places{map[string]int{}, map[string]int{}}
	for i, r := range o.Rules {
		at.rules[r.Symbol] = i
	}
	for i, l := range o.RuleLists {
		at.lists[l.Name] = i
	}
	return at
}

// A reading is a rule as a section says it.
type reading struct {
	Rule
	source              option.Value // of the list
	regexp, glob, multi bool
	flags               []string
	parts               map[string]*readPart
	left                bool // the list can't be had
}

type readPart struct {
	Part
	kind   string
	source option.Value
}

// section is the table of one rule.
func (o *Options) section(name string, at places) *option.Section {
	r := &reading{Rule: Rule{Symbol: name}}
	source := func(v option.Value) error {
		if s, err := v.AsString(); err == nil && strings.HasPrefix(s, "redis://") && o.Tables == nil {
			r.left = true
			return v.Errorf("%w: %s: no Redis is configured", option.ErrElsewhere, s)
		}
		r.source = v
		return nil
	}
	keys := []option.Key{
		option.String("type", &r.Type, "what is looked up: ip, from, rcpt, header, url and so on"),
		option.Func("map", "list", source, "the list: files, addresses, entries, redis://NAME, or what is asked (external)").Alias("url").Example([]string{"192.0.2.7"}),
		option.String("symbol", &r.Symbol, "the symbol"),
		option.String("description", &r.Doc, "what it means"),
		option.Strings("group", &r.Groups, "groups of the symbol").Alias("groups"),
		option.Float("score", &r.Score, "weight of the symbol"),
		option.Bool("one_shot", &r.OneShot, "count the symbol once"),
		option.String("filter", &r.Filter, "what of the value is looked up"),
		option.Strings("header", &r.Headers, "names of header fields"),
		option.Bool("regexp", &r.regexp, "the list has regular expressions"),
		option.Bool("glob", &r.glob, "the list has globs"),
		option.Bool("multi", &r.multi, "all entries that match count, not only the first"),
		option.Func("action", "action", func(v option.Value) error {
			s, err := v.AsString()
			r.Action = actions.Parse(s)
			return err
		}, "what a match comes to, whatever the score").Example("reject"),
		option.String("message", &r.Message, "text of the reply"),
		option.Strings("symbols", &r.Symbols, "symbols that the list may name"),
		option.Bool("disable_multisymbol", &r.NoSymbols, "the list may name none"),
		option.Bool("dynamic_symbols", &r.Dynamic, "the score multiplies the factors of symbols that the list names"),
		option.String("require_symbols", &r.Require, "expression over symbols without which the rule does not count"),
		option.Enum("extract_from", &r.ExtractFrom, map[string]string{"default": "", "smtp": "smtp", "mime": "mime", "both": "both"}, "which addresses from and rcpt look at"),
		option.Bool("skip_archives", &r.SkipArchives, "leave out names of files in archives"),
		option.Bool("skip_detected", &r.SkipDetected, "leave out what files are by their content"),
		option.Int("min_pos", &r.MinPos, "first hop that counts; negative ones count from the oldest"),
		option.Int("max_pos", &r.MaxPos, "last hop that counts"),
		option.Strings("flags", &r.flags, "what hops have to have: ssl, authenticated; of other types than received, one_shot"),
		option.Strings("nflags", &r.NotFlags, "what hops must not have"),
		option.Bool("artificial", &r.Artificial, "the client itself is a hop"),
		option.String("variable", &r.Variable, "of type mempool: asn, country or ipnet"),
		option.String("target_symbol", &r.Target, "of type symbol_options: the symbol"),
		option.String("selector", &r.Select, "of type selector: the selector"),
		option.String("delimiter", &r.Delimiter, "stands between the values of several selectors"),
		option.Each("rules", r.part, "of type combined: its parts"),
		option.String("expression", &r.Expression, "of type combined: how the parts are joined"),
	}
	keys = append(keys, option.Idle("rules with an action always decide before others", "prefilter")...)
	keys = append(keys, option.Without("it is Lua: use message", "message_func")...)
	keys = append(keys, option.Without("values of several selectors are joined by the delimiter", "combinator")...)
	return &option.Section{
		Name: name, Doc: "a rule", Keys: keys,
		Use:     func() error { return o.use(r, at) },
		Example: map[string]any{"type": "ip", "map": []string{"192.0.2.1"}, "symbols": []string{"EXAMPLE"}},
	}
}

// part is the table of a part of a combined rule.
func (r *reading) part(name string) *option.Section {
	p := &readPart{}
	return &option.Section{
		Name: name, Doc: "a part of a combined rule",
		Keys: []option.Key{
			option.String("selector", &p.Select, "what is looked up"),
			option.Func("map", "list", func(v option.Value) error { p.source = v; return nil }, "the list").Example([]string{"192.0.2.7"}),
			option.String("type", &p.kind, "kind of the list: set, hash, radix, regexp, glob, …; by default by the part's name").Example("set"),
			option.String("description", &p.Part.Doc, "what it is"),
		},
		Example: map[string]any{"selector": "ip", "map": []string{"192.0.2.1"}},
		Use: func() error {
			if r.parts == nil {
				r.parts = map[string]*readPart{}
			}
			r.parts[name] = p
			return nil
		},
	}
}

// use adds the rule that was read, in the place of one of that symbol.
func (o *Options) use(r *reading, at places) error {
	if r.left || r.source != nil && r.source.Upstream() {
		return nil // a family of its own stands for what Rspamd's project lists
	}
	if r.Type == "" { // Rspamd takes no notice of it
		if r.source == nil && len(r.parts) == 0 {
			return nil // it says something of a stock rule, at most
		}
		return option.Elsewhere("the rule has no type")
	}
	if r.Type == Received {
		r.Flags = r.flags
	} else {
		for _, f := range r.flags {
			r.OneShot = r.OneShot || slices.Contains(strings.FieldsFunc(f, func(c rune) bool { return c == ',' || c == ' ' }), "one_shot")
		}
	}
	switch {
	case r.Type == regexpRules:
		return o.ruleList(r, at)
	case r.Type == DNSBL && r.source != nil:
		zone, err := r.source.AsString()
		r.Zone = zone
		if err != nil {
			return err
		}
	case r.source != nil:
		if err := o.list(r, r.kind()); err != nil {
			return err
		}
	}
	if err := o.combine(r); err != nil {
		return err
	}
	if i, there := at.rules[r.Symbol]; there {
		o.Rules[i] = r.Rule
		return nil
	}
	at.rules[r.Symbol] = len(o.Rules)
	o.Rules = append(o.Rules, r.Rule)
	return nil
}

// combine makes the parts of a rule of type combined.
func (o *Options) combine(r *reading) error {
	for name, p := range r.parts {
		kind, err := p.kindOf(name)
		if err != nil {
			return err
		}
		own := reading{source: p.source, Rule: Rule{Symbol: r.Symbol + "." + name}}
		if p.source != nil {
			if err := o.list(&own, kind); err != nil {
				return err
			}
		}
		if r.Parts == nil {
			r.Parts = map[string]Part{}
		}
		r.Parts[name] = Part{Select: p.Select, List: own.List, Doc: p.Part.Doc}
	}
	return nil
}

// kind returns what the list of a rule is by its type and its keys.
func (r *reading) kind() lists.Kind {
	received := r.Type == Received && (r.Filter == "" || r.Filter == "real_ip" || r.Filter == "from_ip")
	switch {
	case r.Type == IP || received || r.Filter == "ip_addr":
		return lists.Nets
	case r.regexp:
		return lists.Regexps
	case r.glob:
		return lists.Globs
	}
	return lists.Keys
}

// kindOf returns what the list of a part is, by Rspamd's guess where it does not
// say.
func (p *readPart) kindOf(name string) (lists.Kind, error) {
	kind := p.kind
	if kind == "" {
		switch {
		case strings.Contains(name, "ip"):
			return lists.Nets, nil
		case strings.Contains(name, "regexp") || strings.Contains(name, "re_"):
			return lists.Regexps, nil
		case strings.Contains(name, "glob"):
			return lists.Globs, nil
		}
		return lists.Keys, nil
	}
	if k, _, ok := lists.KindOf(kind + ";"); ok {
		return k, nil
	}
	return 0, p.source.Errorf("unknown type %q of a list", kind)
}

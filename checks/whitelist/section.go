package whitelist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section whitelist. A rule that has the name
// of a built-in one changes that, the others are added.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "whitelist", Doc: "trusts and distrusts domains, where SPF, DKIM and DMARC tell who they are", Off: &o.Off,
		Keys: append([]option.Key{
			option.Each("rules", o.rule, "one rule"),
			option.Bool("check_local", &o.CheckLocal, "also distrust clients of the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also distrust users that logged in"),
		}, option.Without("symbols have their own limits", "whitelist_single", "score", "group")...),
	}
}

// rule is the table of one rule.
func (o *Options) rule(name string) *option.Section {
	r := Rule{Symbol: name}
	lists := Builtin()
	if o.Lists != nil {
		lists = *o.Lists
	}
	rules := lists.Rules()
	builtIn := slices.IndexFunc(rules, func(b Rule) bool { return b.Symbol == name })
	if builtIn >= 0 {
		r = rules[builtIn]
	}
	return &option.Section{
		Name: name, Doc: "one rule", Drop: func() { o.drop(name, builtIn >= 0) }, Example: map[string]any{"valid_spf": true, "valid_dkim": true, "domains": []string{"example.org"}},
		Keys: append([]option.Key{
			option.Bool("valid_spf", &r.SPF, "SPF must hold").Example(false),
			option.Bool("valid_dkim", &r.DKIM, "a signature must hold").Example(false),
			option.Bool("valid_dmarc", &r.DMARC, "DMARC must hold"),
			option.Func("domains", "list of lines DOMAIN [wl:|bl:|both:][FACTOR], or file with one", func(v option.Value) error { return r.read(v) }, "whom it is about").
				Alias("domain").Example([]string{"example.net both:2"}),
			option.Float("score", &r.Weight, "what a listed domain counts").Example(-2),
			option.String("inverse_symbol", &r.Inverse, "raised by what only pretends").Example("OTHER"),
			option.Float("inverse_score", &r.InverseWeight, "what that counts").Example(2),
			option.Float("inverse_multiplier", &r.InverseFactor, "multiplies the factor of what pretends").Example(2),
			option.Bool("blacklist", &r.Blacklist, "distrust what pretends"),
			option.Bool("strict", &r.Strict, "do both"),
			option.String("description", &r.Doc, "for people"),
		}, option.Idle("symbols are in groups", "group", "groups", "one_shot", "symbol")...),
		Use: func() error {
			if !r.SPF && !r.DKIM && !r.DMARC {
				return fmt.Errorf("one of valid_spf, valid_dkim and valid_dmarc is needed")
			}
			o.put(r)
			return nil
		},
	}
}

// read reads the domains of a rule. Where the list is one of Rspamd's project,
// the built-in domains stay.
func (r *Rule) read(v option.Value) error {
	var lines []string
	if v.IsObject() {
		for domain, item := range v.All() {
			text, err := item.AsString()
			if err != nil {
				return err
			}
			lines = append(lines, domain+" "+text)
		}
	} else {
		var err error
		if lines, err = v.Entries(); err != nil {
			return err
		}
	}
	list, err := ParseDomains(strings.Join(lines, "\n"))
	if err != nil {
		return v.Errorf("%w", err)
	}
	if v.Upstream() {
		for domain, entry := range r.Domains {
			if _, there := list[domain]; !there {
				list[domain] = entry
			}
		}
	}
	r.Domains = list
	return nil
}

// put adds a rule, or puts it in the place of the one of its name.
func (o *Options) put(r Rule) {
	if o.Rules == nil {
		lists := Builtin()
		if o.Lists != nil {
			lists = *o.Lists
		}
		o.Rules = lists.Rules()
	}
	if i := slices.IndexFunc(o.Rules, func(b Rule) bool { return b.Symbol == r.Symbol }); i >= 0 {
		o.Rules[i] = r
		return
	}
	o.Rules = append(o.Rules, r)
}

// drop leaves out a built-in rule.
func (o *Options) drop(name string, builtIn bool) {
	if builtIn && !slices.Contains(o.Without, name) {
		o.Without = append(o.Without, name)
	}
}

// Package whitelist binds trust to identity: a rule lists domains and says
// which of SPF, DKIM and DMARC must hold for a message to be theirs. A message
// that is theirs is trusted, one that only pretends to be is not: for each
// domain the list says which of the two counts.
//
// As in Rspamd 4.1.6, registrable domains are looked up: the envelope sender's
// for SPF (HELO's for the null sender), the signers' for DKIM, the one in From
// for DMARC (and that domain itself). Unlike in Rspamd, a message is not
// distrusted while it is unknown whether the identity holds.
package whitelist

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/symbols"
)

// A Rule is one list of domains and what must hold for them.
type Rule struct {
	Symbol string // raised for a message of a listed domain
	// Inverse is raised for a message that only pretends; "" means Symbol with
	// the opposite sign.
	Inverse string
	// Weight is Symbol's, InverseWeight Inverse's (0: minus Weight).
	Weight, InverseWeight float64
	// SPF, DKIM and DMARC say what must hold; at least one.
	SPF, DKIM, DMARC bool
	Domains          map[string]Entry // by mail.DomainKey
	// Blacklist makes Pretending the mode of entries that have none, Strict
	// makes Both the mode of all.
	Blacklist, Strict bool
	// InverseFactor multiplies the factor of messages that pretend; 0 is 1.
	InverseFactor float64
	Doc           string // of Symbol; "" is made from what must hold
}

// Options is the list of rules.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Rules replaces the rules that Rspamd has by default, over the Lists.
	Rules []Rule
	// Lists are the domains of the default rules; nil means Builtin. With the
	// zero value there are none, and the default rules do nothing.
	Lists *Lists
	// Without names rules, by their Symbol, that are left out.
	Without []string
	// CheckLocal and CheckAuthenticated also distrust local clients and those
	// that logged in for what SPF and DMARC say.
	CheckLocal, CheckAuthenticated bool
}

// Lists are the domains of the default rules.
type Lists struct{ SPF, DKIM, SPFDKIM, DMARC map[string]Entry }

// Rules returns the default rules over the lists.
func (l Lists) Rules() []Rule {
	return []Rule{
		{Symbol: "WHITELIST_SPF", Inverse: "BLACKLIST_SPF", Weight: -1, InverseWeight: 1, SPF: true, Domains: l.SPF},
		{Symbol: "WHITELIST_DKIM", Inverse: "BLACKLIST_DKIM", Weight: -1, InverseWeight: 2, DKIM: true, Domains: l.DKIM},
		{Symbol: "WHITELIST_SPF_DKIM", Inverse: "BLACKLIST_SPF_DKIM", Weight: -3, InverseWeight: 3, SPF: true, DKIM: true, Domains: l.SPFDKIM},
		{Symbol: "WHITELIST_DMARC", Inverse: "BLACKLIST_DMARC", Weight: -7, InverseWeight: 6, DMARC: true, Domains: l.DMARC},
	}
}

func (o Options) rules() []Rule {
	switch {
	case o.Rules != nil:
		return o.Rules
	case o.Lists != nil:
		return o.Lists.Rules()
	}
	return Builtin().Rules()
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("whitelist")
	v.If(o.Rules != nil && o.Lists != nil, "Lists", "they are for the default rules, which Rules replaces")
	names, all := map[string]bool{}, map[string]bool{}
	for i, r := range o.rules() {
		at := valid.At("Rules", i) + "."
		r.validate(v, at)
		for _, s := range []string{r.Symbol, r.Inverse} {
			v.If(all[s], at+"Symbol", "there is another rule with the symbol %s", s)
			all[s] = s != ""
		}
		names[r.Symbol] = true
	}
	for i, name := range o.Without {
		v.If(!names[name], valid.At("Without", i), "there is no rule %q", name)
	}
	return v.Err()
}

func (r *Rule) validate(v *valid.Fields, at string) {
	v.Symbol(at+"Symbol", r.Symbol)
	if r.Inverse != "" {
		v.Symbol(at+"Inverse", r.Inverse)
	}
	v.If(!r.SPF && !r.DKIM && !r.DMARC, at+"DMARC", "one of SPF, DKIM, DMARC must be set")
	v.Factor(at+"Weight", r.Weight)
	v.Factor(at+"InverseWeight", r.InverseWeight)
	v.Factor(at+"InverseFactor", r.InverseFactor)
	for _, d := range slices.Sorted(maps.Keys(r.Domains)) {
		e := r.Domains[d]
		v.If(d != clean(d) || d == "" || e.Mode > Both || !(e.Factor >= 0), valid.Key(at+"Domains", d), "wrong entry")
	}
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "whitelist", Doc: "domains trusted when SPF, DKIM or DMARC prove them", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	rules := compile(o)
	c := &checks.Check{
		Name:     "whitelist",
		Doc:      "domains trusted when SPF, DKIM or DMARC prove them, or distrusted when not",
		Requires: checks.Facts(spf.Fact, dkim.Fact, dmarc.Fact, aliases.Fact, relay.Fact),
	}
	for i := range rules {
		c.Symbols = append(c.Symbols, rules[i].def)
		if rules[i].inverse != rules[i].def {
			c.Symbols = append(c.Symbols, rules[i].inverse)
		}
	}
	rules = slices.DeleteFunc(rules, func(r rule) bool { return len(r.Domains) == 0 })
	c.Run = func(_ context.Context, t *checks.Task) error {
		if len(rules) == 0 {
			return nil
		}
		id := o.identify(t)
		for i := range rules {
			rules[i].judge(t, &id)
		}
		return nil
	}
	f.Checks = []*checks.Check{c}
	return f
}

// A rule is a Rule made ready.
type rule struct {
	Rule
	def, inverse *symbols.Def
}

func compile(o Options) (rules []rule) {
	for _, r := range o.rules() {
		if !slices.Contains(o.Without, r.Symbol) {
			rules = append(rules, r.ready())
		}
	}
	return rules
}

func (o Options) config() any {
	type options Options
	c := options(o)
	c.Rules, c.Lists = nil, nil
	return struct {
		options
		Rules string
	}{c, checks.Digest(o.rules())}
}

func (r Rule) ready() rule {
	var what []string
	groups := []string{"whitelist"}
	add := func(need bool, name, group string) {
		if need {
			what = append(what, name)
			groups = append(groups, group)
		}
	}
	add(r.SPF || r.DMARC, "SPF", "spf")
	add(r.DKIM || r.DMARC, "DKIM", "dkim")
	names := strings.Join(what, " and ")
	if r.DMARC {
		groups = append(groups, "dmarc")
		names = "DMARC"
		if r.SPF || r.DKIM {
			names += " with " + strings.Join(what, " and ")
		}
	}
	if r.Doc == "" {
		r.Doc = "the message is from a trusted domain, as " + names + " proves"
	}
	if r.InverseFactor == 0 {
		r.InverseFactor = 1
	}
	c := rule{Rule: r, def: &symbols.Def{Name: r.Symbol, Groups: groups, Weight: r.Weight, Doc: r.Doc}}
	c.inverse = c.def
	if r.Inverse != "" {
		w := r.InverseWeight
		if w == 0 {
			w = -r.Weight
		}
		doc := "the message pretends to be from a domain that " + names + " would prove"
		c.inverse = &symbols.Def{Name: r.Inverse, Groups: groups, Weight: w, Doc: doc}
	}
	return c
}

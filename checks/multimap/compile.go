package multimap

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A rule is a Rule made ready.
type rule struct {
	Rule
	def        *symbols.Def
	named      map[string]*symbols.Def // those that the list may name
	filter     filter
	selector   *selector.Selector
	parts      map[string]part
	expression *score.Expression // of parts
	require    *score.Expression
	requires   []checks.Requirement
}

// A part is a Part made ready.
type part struct {
	selector *selector.Selector
	list     *lists.List
}

// Validate returns what is wrong with the options: the rule and its field. It names
// the filters that a type has.
func (o Options) Validate() error {
	_, err := o.compile()
	return err
}

// compile makes the rules ready.
func (o Options) compile() ([]*rule, error) {
	v := valid.Of("multimap")
	defs, seen := map[string]*symbols.Def{}, map[string]bool{}
	rules := make([]*rule, 0, len(o.Rules))
	for i := range o.Rules {
		r := &rule{Rule: o.Rules[i]}
		at := valid.At("Rules", i)
		if r.Symbol != "" {
			at = valid.Key("Rules", r.Symbol)
		}
		v.Symbol(at+".Symbol", r.Symbol)
		v.If(seen[r.Symbol], at+".Symbol", "another rule has it too")
		seen[r.Symbol] = true
		v.Factor(at+".Score", r.Score)
		r.validate(v, at)
		if err := r.ready(); err != nil {
			v.Add(at, "%w", err)
		}
		groups := r.Groups
		if groups == nil {
			groups = []string{"multimap"}
		}
		r.def = &symbols.Def{Name: r.Symbol, Groups: groups, Weight: r.Score, Doc: r.doc(), OneShot: r.OneShot || r.Type == Combined, Shared: true}
		if known := defs[r.Symbol]; known == nil {
			defs[r.Symbol] = r.def
		}
		rules = append(rules, r)
	}
	for i, l := range o.RuleLists {
		v.If(l.List == nil, valid.At("RuleLists", i)+".List", "there is none")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	for _, r := range rules {
		if err := r.name(defs); err != nil {
			v.Add(valid.Key("Rules", r.Symbol), "%w", err)
		}
	}
	return rules, v.Err()
}

// name makes the symbols that the rule's list may name.
func (r *rule) name(defs map[string]*symbols.Def) error {
	r.named = map[string]*symbols.Def{}
	add := func(name string, weight float64) {
		if defs[name] == nil {
			defs[name] = &symbols.Def{Name: name, Groups: r.def.Groups, Weight: weight, Doc: "a list names it: " + r.doc(), OneShot: r.OneShot, Shared: true}
		}
		r.named[name] = defs[name]
	}
	for _, s := range r.Symbols {
		add(s, r.Score)
	}
	if r.NoSymbols || len(r.Symbols) > 0 {
		return nil
	}
	weight := 1.0
	if r.Dynamic {
		weight = r.Score
	}
	for _, list := range r.lists() {
		for v := range list.Snapshot().Values() {
			name := parseEntry(v).symbol
			if name == "" || r.named[name] != nil {
				continue
			}
			if len(r.named) == MaxSymbols {
				return fmt.Errorf("the list names more than %d symbols", MaxSymbols)
			}
			add(name, weight)
		}
	}
	return nil
}

// lists returns the lists of the rule.
func (r *rule) lists() (all []*lists.List) {
	if r.List != nil {
		all = append(all, r.List)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		if l := r.Parts[name].List; l != nil {
			all = append(all, l)
		}
	}
	return all
}

func names(types []Type) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range types {
			if !yield(string(t)) {
				return
			}
		}
	}
}

// validate notes what is wrong with the rule's fields, filter and expressions apart.
func (r *Rule) validate(v *valid.Fields, at string) {
	known := []Type{
		IP, From, Rcpt, Helo, Hostname, User, Header, Content, Filename, URL, DNSBL, ASN, Country, Mempool, Received, SymbolOptions, Selector, Combined,
	}
	v.If(!slices.Contains(known, r.Type), at+".Type", "unknown type %q%s", r.Type, nearest.Hint(string(r.Type), names(known)))
	sources := 0
	for _, has := range []bool{r.List != nil, r.Table != nil, r.Zone != "", len(r.Parts) > 0} {
		if has {
			sources++
		}
	}
	v.If(sources != 1, at+".List", "%d sources of lists, there has to be one", sources)
	v.If((r.Zone != "") != (r.Type == DNSBL), at+".Zone", "is for type dnsbl, which looks up nothing else")
	v.If((len(r.Parts) > 0) != (r.Type == Combined), at+".Parts", "is for type combined, which looks up nothing else")
	v.If((len(r.Headers) > 0) != (r.Type == Header), at+".Headers", "is for type header, which needs it")
	v.If((r.Target != "") != (r.Type == SymbolOptions), at+".Target", "is for type symbol_options, which needs it")
	v.If((r.Select != "") != (r.Type == Selector), at+".Select", "is for type selector, which needs it")
	v.If((r.Type == Mempool) != slices.Contains([]string{"asn", "country", "ipnet"}, r.Variable), at+".Variable", "%q: mempool has asn, country, ipnet; other types have none", r.Variable)
	v.If(!slices.Contains([]string{"", "smtp", "mime", "both"}, r.ExtractFrom), at+".ExtractFrom", "%q is none of smtp, mime, both", r.ExtractFrom)
	v.If(r.Table != nil && r.Type == Content, at+".Table", "contents are not asked about")
	if r.List != nil {
		kind := r.List.Definition().Kind
		v.If(kind == lists.Lines, at+".List", "a list of lines has no keys")
	}
	for _, f := range append(slices.Clone(r.Flags), r.NotFlags...) {
		v.If(!slices.Contains([]string{"ssl", "authenticated", "artificial"}, f), at+".Flags", "%q is none of ssl, authenticated, artificial", f)
	}
	for i, s := range r.Symbols {
		v.Symbol(valid.At(at+".Symbols", i), s)
	}
	v.If(r.Action == actions.Greylist, at+".Action", "nobody would keep what is greylisted")
	v.If(r.Expression != "" && r.Type != Combined, at+".Expression", "is for type combined")
	if r.Zone != "" {
		v.Domain(at+".Zone", r.Zone)
	}
}

// ready reads filters, selectors and expressions.
func (r *rule) ready() (err error) {
	names, prefixes := filtersOf(r.Type)
	if r.filter, err = parseFilter(r.Filter, names, prefixes); err != nil {
		return fmt.Errorf("in Filter: %w", err)
	}
	r.requires = checks.Facts(relay.Fact, rdns.Fact, aliases.Fact)
	if r.Type == ASN || r.Type == Country || r.Type == Mempool {
		r.requires = append(r.requires, checks.Facts(asn.Fact)...)
	}
	if r.Type == Selector {
		if r.selector, err = selector.Parse(r.Select, selector.Options{Delimiter: r.Delimiter}); err != nil {
			return fmt.Errorf("in Select: %w", err)
		}
		r.requires = append(r.requires, r.selector.Requires()...)
	}
	if err := r.readyParts(); err != nil {
		return err
	}
	if r.Require != "" {
		if r.require, err = score.ParseExpression(r.Require); err != nil {
			return fmt.Errorf("in Require: %w", err)
		}
	}
	return nil
}

// readyParts reads the parts of a combined rule.
func (r *rule) readyParts() (err error) {
	if r.Type != Combined {
		return nil
	}
	r.parts = map[string]part{}
	for name, p := range r.Parts {
		s, err := selector.Parse(p.Select, selector.Options{})
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", valid.Key("Parts", name), err)
		case p.List == nil || p.List.Definition().Kind == lists.Lines:
			return fmt.Errorf("%s: no list of keys", valid.Key("Parts", name))
		}
		r.parts[name] = part{s, p.List}
		r.requires = append(r.requires, s.Requires()...)
	}
	if r.expression, err = score.ParseExpression(r.Expression); err != nil {
		return fmt.Errorf("in Expression: %w", err)
	}
	var errs []error
	for _, a := range r.expression.Atoms() {
		if _, ok := r.parts[a.Text]; !ok {
			errs = append(errs, fmt.Errorf("in Expression: %q is none of the parts", a.Text))
		}
	}
	return errors.Join(errs...)
}

package multimap

import (
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/symbols"
)

// A class is what divides rules among checks.
type class struct {
	stage checks.Stage
	phase checks.Phase
	dns   bool
	net   bool
}

// class returns when the rule can run.
func (r *rule) class() class {
	c := class{dns: r.Type == DNSBL, net: r.Table != nil, phase: r.phase()}
	switch {
	case r.require != nil || r.Type == SymbolOptions:
		c.stage, c.phase = checks.Classify, checks.Data
	case r.Action != "" && !slices.ContainsFunc(r.requires, late):
		c.stage = checks.Early
	}
	return c
}

// late reports whether a requirement is none that checks before all others meet.
func late(r checks.Requirement) bool {
	return !slices.Contains([]string{relay.Fact.Name, rdns.Fact.Name, aliases.Fact.Name}, r.Name())
}

// phase returns from when on the rule's value is known.
func (r *rule) phase() checks.Phase {
	switch {
	case r.Type == IP || r.Type == DNSBL || r.Type == Hostname || r.Type == ASN || r.Type == Country || r.Type == Mempool:
		return checks.Connect
	case r.Type == Helo || r.Type == User || r.Type == From && r.ExtractFrom == "smtp":
		return checks.MailFrom
	case r.Type == Rcpt && r.ExtractFrom == "smtp":
		return checks.Rcpt
	}
	return checks.Data
}

// with returns the class of rules that have to run together.
func (c class) with(o class) class {
	switch {
	case c.stage == checks.Classify || o.stage == checks.Classify:
		c.stage = checks.Classify
	case c.stage != o.stage:
		c.stage = checks.Main
	}
	if c.phase == checks.Data || o.phase == checks.Data { // the last one, and zero
		c.phase = checks.Data
	} else {
		c.phase = max(c.phase, o.phase)
	}
	c.dns, c.net = c.dns || o.dns, c.net || o.net
	return c
}

// divide puts rules of one class together, and those that can raise one symbol.
func divide(rules []*rule) [][]*rule {
	classes := make([]class, len(rules))
	for i, r := range rules {
		classes[i] = r.class()
	}
	raisers := map[*symbols.Def][]int{}
	for i, r := range rules {
		for _, d := range r.defs() {
			raisers[d] = append(raisers[d], i)
		}
	}
	for again := true; again; {
		again = false
		for _, list := range raisers {
			for _, i := range list[1:] {
				both := classes[list[0]].with(classes[i])
				again = again || both != classes[list[0]] || both != classes[i]
				classes[list[0]], classes[i] = both, both
			}
		}
	}
	var order []class
	parts := map[class][]*rule{}
	for i, r := range rules {
		if parts[classes[i]] == nil {
			order = append(order, classes[i])
		}
		parts[classes[i]] = append(parts[classes[i]], r)
	}
	all := make([][]*rule, len(order))
	for i, c := range order {
		all[i] = parts[c]
	}
	return all
}

// defs returns what the rule can raise.
func (r *rule) defs() []*symbols.Def {
	list := []*symbols.Def{r.def}
	for _, name := range slices.Sorted(maps.Keys(r.named)) {
		if d := r.named[name]; d != r.def {
			list = append(list, d)
		}
	}
	return list
}

// suffix names a check of the class.
func (c class) suffix() string {
	s := ""
	if c.stage != checks.Main {
		s += "-" + c.stage.String()
	}
	if c.phase != checks.Data {
		s += "-" + c.phase.String()
	}
	if c.dns {
		s += "-dns"
	}
	if c.net {
		s += "-net"
	}
	return strings.ToLower(s)
}

package selector

import (
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

// An extraction reads something of a message.
type extraction = func(t *checks.Task) []item

// Extractors lists the names of those that there are, sorted.
func Extractors() []string {
	return []string{
		"asn", "attachments", "authenticated", "country", "digest", "emails", "files", "from", "header", "helo", "id", "ip", "languages", "list", "messageid",
		"queueid", "rcpts", "received", "received_count", "rspamd_hostname", "specific_urls", "specific_urls_filter_map", "symbol", "time", "to", "urls",
		"urls_filtered", "user", "words",
	}
}

// foreign are extractors of Rspamd's that have no meaning here.
func foreign(name string) string {
	switch name {
	case "pool_var", "task_cache":
		return "variables are what Lua modules of Rspamd leave for each other"
	case "request_header":
		return "a scan knows the envelope, not the request that it came with"
	case "scan_result":
		return "selectors run before there is a result"
	case "uid":
		return "scans have no number"
	case "metatokens", "fuzzy_digest", "fuzzy_shingles":
		return "these are numbers of Rspamd's own classifier and storage"
	}
	return ""
}

// plain lists what an extractor without arguments gives.
func texts(list ...string) []item {
	out := make([]item, 0, len(list))
	for _, s := range list {
		if s != "" {
			out = append(out, item{text: s})
		}
	}
	return out
}

// extractor makes the first step.
func (p *parser) extractor(c call) (extraction, typ, error) {
	for _, make := range [...]func(call) (extraction, typ, error){p.envelope, p.content, p.message, p.links} {
		f, t, err := make(c)
		if f != nil || err != nil {
			return f, t, err
		}
	}
	if why := foreign(c.name); why != "" {
		return nil, typ{}, p.errorf(c.at, "there is no extractor %s: %s", c.name, why)
	}
	return nil, typ{}, p.unknown(c.at, "extractor", c.name, slices.Values(Extractors()))
}

// envelope makes the extractors of what came with the message.
func (p *parser) envelope(c call) (extraction, typ, error) {
	one := func(f func(t *checks.Task) string) (extraction, typ, error) {
		return func(t *checks.Task) []item { return texts(f(t)) }, typ{}, p.count(c, 0, 0)
	}
	switch c.name {
	case "ip":
		p.require("relay", checks.Facts(relay.Fact)...)
		return func(t *checks.Task) []item {
			if ip := relay.Of(t).IP; ip.IsValid() {
				return []item{{obj: ip.Unmap()}}
			}
			return nil
		}, typ{of: ips()}, p.count(c, 0, 0)
	case "helo":
		p.require("relay", checks.Facts(relay.Fact)...)
		return one(func(t *checks.Task) string { return relay.Of(t).Helo })
	case "user":
		return one(func(t *checks.Task) string { return t.Envelope().User })
	case "authenticated":
		return one(func(t *checks.Task) string { return strconv.FormatBool(t.Authenticated()) })
	case "queueid":
		return one(func(t *checks.Task) string { return t.Envelope().QueueID })
	case "rspamd_hostname":
		name := p.o.Hostname
		return one(func(*checks.Task) string { return name })
	case "asn":
		p.require("asn", checks.Facts(asn.Fact)...)
		return one(func(t *checks.Task) string {
			if r, ok := asn.Fact.Get(t); ok && r.ASN != 0 {
				return strconv.FormatUint(uint64(r.ASN), 10)
			}
			return ""
		})
	case "country":
		p.require("asn", checks.Facts(asn.Fact)...)
		return one(func(t *checks.Task) string {
			r, _ := asn.Fact.Get(t)
			return r.Country
		})
	case "from", "rcpts":
		return p.party(c)
	case "to":
		return func(t *checks.Task) []item {
			rcpts := t.Message().EnvelopeRcpts()
			if len(rcpts) == 0 {
				rcpts = t.Message().Recipients()
			}
			for i := range rcpts {
				return texts(lowerASCII(rcpts[i].Key()))
			}
			return nil
		}, typ{}, p.count(c, 0, 0)
	}
	return nil, typ{}, nil
}

// party makes from and rcpts.
func (p *parser) party(c call) (extraction, typ, error) {
	if err := p.count(c, 0, 2); err != nil {
		return nil, typ{}, err
	}
	smtp, mime, orig := true, true, false
	for i, a := range c.texts(0) {
		if err := p.oneOf(c, i, "any", "smtp", "mime", "orig", "original"); err != nil {
			return nil, typ{}, err
		}
		switch a {
		case "smtp":
			mime = false
		case "mime":
			smtp = false
		case "orig", "original":
			orig = true
		}
	}
	p.require("aliases", checks.Facts(aliases.Fact)...)
	rcpts := c.name == "rcpts"
	f := func(t *checks.Task) []item {
		who := partiesOf(t, orig)
		env, head := []mail.Address{who.EnvelopeFrom}, who.From
		if rcpts {
			env, head = who.EnvelopeRcpts, who.Recipients
		}
		var list []item
		if smtp {
			list = addressItems(env)
		}
		if mime && len(list) == 0 {
			list = addressItems(head)
		}
		if !rcpts && len(list) > 1 {
			list = list[:1]
		}
		return list
	}
	return f, typ{of: addresses(), list: rcpts}, nil
}

// partiesOf returns the addresses, resolved unless orig.
func partiesOf(t *checks.Task, orig bool) aliases.Addresses {
	if a, ok := aliases.Fact.Get(t); ok && !orig {
		return *a
	}
	m := t.Message()
	return aliases.Addresses{From: m.From(), Recipients: m.Recipients(), EnvelopeFrom: m.EnvelopeFrom(), EnvelopeRcpts: m.EnvelopeRcpts()}
}

// content makes the extractors of the header.
func (p *parser) content(c call) (extraction, typ, error) {
	switch c.name {
	case "header":
		if err := p.count(c, 1, 2); err != nil {
			return nil, typ{}, err
		}
		name, flags := c.text(0, ""), c.text(1, "")
		strong, full := strings.Contains(flags, "strong"), strings.Contains(flags, "full")
		if flags != "" && !strong && !full {
			return nil, typ{}, p.oneOf(c, 1, "full", "strong")
		}
		all := func(t *checks.Task) []item {
			var out []item
			for _, f := range t.Message().Header().All(name) {
				if !strong || f.Name() == name {
					out = append(out, item{text: f.Text(), obj: f})
				}
			}
			return out
		}
		if full {
			return all, typ{of: fields(), list: true}, nil
		}
		return func(t *checks.Task) []item {
			out := all(t)
			return out[:min(len(out), 1)]
		}, typ{}, nil
	case "received":
		if err := p.count(c, 0, 1); err != nil {
			return nil, typ{}, err
		}
		f := func(t *checks.Task) []item {
			list := t.Message().Received()
			out := make([]item, len(list))
			for i := range list {
				out[i].obj = &list[i]
			}
			return out
		}
		return p.withMethod(c, f, typ{of: hops(), list: true})
	case "received_count":
		return func(t *checks.Task) []item { return texts(strconv.Itoa(len(t.Message().Header().All("received")))) }, typ{}, p.count(c, 0, 0)
	case "messageid":
		return func(t *checks.Task) []item {
			ids := mail.ParseMessageIDs(t.Message().Header().Value("message-id"))
			return texts(ids[:min(len(ids), 1)]...)
		}, typ{}, p.count(c, 0, 0)
	case "time":
		return p.time(c)
	case "symbol":
		return p.symbol(c)
	}
	return nil, typ{}, nil
}

// withMethod applies a method that is named by the first argument, if there is one.
func (p *parser) withMethod(c call, f extraction, t typ) (extraction, typ, error) {
	if len(c.args) == 0 {
		return f, t, nil
	}
	step, err := p.method(call{name: c.args[0].text, at: c.args[0].at}, t)
	return func(t *checks.Task) []item { return step(f(t)) }, typ{list: t.list}, err
}

func (p *parser) symbol(c call) (extraction, typ, error) {
	if err := p.count(c, 1, 1); err != nil {
		return nil, typ{}, err
	}
	if p.o.Symbol == nil {
		return nil, typ{}, p.errorf(c.at, "symbols are not known here")
	}
	d := p.o.Symbol(c.args[0].text)
	if d == nil {
		return nil, typ{}, p.errorf(c.args[0].at, "unknown symbol %q", c.args[0].text)
	}
	p.require(d.Name, checks.Defs(d)...)
	return func(t *checks.Task) []item {
		for _, h := range t.Raised(d) {
			return []item{{obj: h}}
		}
		return nil
	}, typ{of: hits()}, nil
}

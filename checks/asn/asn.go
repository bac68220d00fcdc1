// Package asn says which network and country the client is in: the number of
// its autonomous system, the routed prefix, the country of its registry. The
// symbol has no weight; the fact is there for rules, rates and reputations to
// tell networks apart.
//
// As in Rspamd, it asks for a TXT record under asn.rspamd.com (asn6.rspamd.com
// for IPv6). A Source replaces DNS: package checks/asn/maxmind reads GeoLite2
// files.
package asn

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// A Result is what is known about the client's address.
type Result struct {
	ASN     uint32       `json:"asn,omitempty"`     // 0: unknown
	Net     netip.Prefix `json:"net,omitzero"`      // the routed prefix, zero: unknown
	Country string       `json:"country,omitempty"` // two upper-case letters, "": unknown
	// Failed tells that the look-up failed; the rest is then empty.
	Failed bool `json:"failed,omitempty"`
}

// known reports whether r tells anything.
func (r Result) known() bool { return r.ASN != 0 || r.Net.IsValid() || r.Country != "" }

// text is the option of ASN, in Rspamd's form.
func (r Result) text() string {
	var parts []string
	if r.ASN != 0 {
		parts = append(parts, "asn:"+strconv.FormatUint(uint64(r.ASN), 10))
	}
	if r.Net.IsValid() {
		parts = append(parts, "ipnet:"+r.Net.String())
	}
	if r.Country != "" {
		parts = append(parts, "country:"+r.Country)
	}
	return strings.Join(parts, ", ")
}

// Fact is the fact of the look-up. The host may seed it.
var Fact = checks.Fact[Result]{Name: "asn"}

// A Source knows addresses without DNS. For an address that it does not know it
// returns the zero Result; an error means that the look-up failed. It must be
// safe for concurrent use.
type Source interface {
	Lookup(ip netip.Addr) (Result, error)
}

// The zones that are asked by default.
const (
	DefaultZone4 = "asn.rspamd.com"
	DefaultZone6 = "asn6.rspamd.com"
)

// Options says where the answer comes from.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Source, if set, is asked instead of DNS. If it has a method Digest()
	// string, the digest counts as configuration and stands for what the Source
	// knows.
	Source Source `json:"-"`
	// Zone4 and Zone6 are the DNS zones for IPv4 and IPv6 addresses; "" means
	// the default, "-" turns the look-up off.
	Zone4, Zone6 string
	// CheckLocal also looks up clients of the host's own networks.
	CheckLocal bool
}

// The symbols.
var (
	found = &symbols.Def{
		Name: "ASN", Groups: []string{"asn"},
		Doc: "the client's autonomous system, routed prefix and country, for information",
	}
	failed = &symbols.Def{
		Name: "ASN_FAIL", Groups: []string{"asn"}, NoAnswer: true,
		Doc: "nobody could tell the client's autonomous system",
	}
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("asn")
	for _, z := range []struct{ field, zone, preset string }{{"Zone4", o.Zone4, DefaultZone4}, {"Zone6", o.Zone6, DefaultZone6}} {
		switch z.zone {
		case "", "-", z.preset:
			continue
		}
		v.Domain(z.field, z.zone)
		v.If(o.Source != nil, z.field, "nobody asks it where Source is set")
	}
	return v.Err()
}

func (o Options) withDefaults() Options {
	if o.Zone4 == "" {
		o.Zone4 = DefaultZone4
	}
	if o.Zone6 == "" {
		o.Zone6 = DefaultZone6
	}
	return o
}

func (o Options) config() any {
	source := ""
	if o.Source != nil {
		source = fmt.Sprintf("%T", o.Source)
		if d, ok := o.Source.(interface{ Digest() string }); ok {
			source = d.Digest()
		}
	}
	return struct {
		Options
		Source string
	}{o, source}
}

// New returns the family.
func New(o Options) *checks.Family {
	o = o.withDefaults()
	f := &checks.Family{Name: "asn", Doc: "the client's autonomous system, network and country", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	f.Checks = []*checks.Check{{
		Name:     "asn",
		Doc:      "the client's autonomous system, network and country",
		Symbols:  []*symbols.Def{found, failed},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact),
		Needs:    checks.Needs{DNS: o.Source == nil, Queries: 1, Phase: checks.Connect},
		Run:      o.run,
	}}
	return f
}

func (o *Options) run(ctx context.Context, t *checks.Task) error {
	if r, ok := Fact.Get(t); ok {
		raise(t, r, symbols.Evidence{}, "")
		return nil
	}
	c := relay.Of(t)
	if !c.IP.IsValid() || c.Local && !o.CheckLocal {
		return nil
	}
	var r Result
	var ev symbols.Evidence
	var why string
	if o.Source != nil {
		var ok bool
		r, ok = checks.Observe(t, "source", func() Result {
			r, err := o.Source.Lookup(c.IP)
			if err != nil {
				t.Log().Debug("source failed", "err", err)
				return Result{Failed: true}
			}
			return r
		})
		r.Failed = r.Failed || !ok
		why = c.IP.String()
	} else {
		r, ev, why = o.ask(ctx, t, c.IP)
	}
	Fact.Set(t, r)
	raise(t, r, ev, why)
	return nil
}

// ask asks DNS; why says what failed.
func (o *Options) ask(ctx context.Context, t *checks.Task, ip netip.Addr) (r Result, ev symbols.Evidence, why string) {
	zone := o.Zone6
	if ip = ip.Unmap(); ip.Is4() {
		zone = o.Zone4
	}
	if zone == "-" {
		return r, ev, ""
	}
	q := resolver.Question{Name: resolver.ReverseLabels(ip) + "." + zone, Type: resolver.TypeTXT}
	a, err := t.Resolver().Lookup(ctx, q.Name, q.Type)
	ev.Query = q.String()
	switch {
	case err == nil:
		ev.Answer = a.Texts()[0]
		r, _ = ParseAnswer(ev.Answer)
		ev.Answer = strings.ToValidUTF8(ev.Answer[:min(len(ev.Answer), maxAnswer)], "\uFFFD")
	case unasked(err):
	case resolver.IsTemporary(err):
		ev.Answer = err.Error()
		return Result{Failed: true}, ev, q.Name + ":" + kind(err)
	}
	return r, ev, ""
}

func raise(t *checks.Task, r Result, ev symbols.Evidence, why string) {
	var evs []symbols.Evidence
	if ev.Query != "" {
		evs = []symbols.Evidence{ev}
	}
	switch {
	case r.Failed:
		h := symbols.Hit{Def: failed, Factor: 1, Evidence: evs}
		if why != "" {
			h.Options = []string{why}
		}
		t.HitAt(h)
	case r.known():
		t.HitAt(symbols.Hit{Def: found, Factor: 1, Options: []string{r.text()}, Evidence: evs})
	}
}

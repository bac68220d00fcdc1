package reputation

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/keyhash"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// kinds are what rules can be of, with Rspamd's name for the symbol.
func kinds() map[Kind]string {
	return map[Kind]string{IP: "SENDER_REP", DKIM: "DKIM_SCORE", SPF: "SPF_REP", URL: "URL_SCORE", Generic: "", ASN: "", From: "", RDNS: "", Helo: ""}
}

// validate tells what is wrong with a rule.
func (r Rule) validate(at string, v *valid.Fields) {
	field := func(name string) string { return at + "." + name }
	if _, ok := kinds()[r.Kind]; !ok {
		v.Add(field("Kind"), "%q is none of asn, dkim, from, generic, helo, ip, rdns, spf, url", r.Kind)
		return
	}
	v.Symbol(field("Symbol"), r.withDefaults().Symbol)
	for name, w := range map[string]float64{"Weight": r.Weight, "HamWeight": r.HamWeight} {
		v.If(!(math.Abs(w) <= actions.Limit), field(name), "%v is no weight", w)
	}
	v.If(r.LowerBound > 1<<30, field("LowerBound"), "%d is too large", r.LowerBound)
	for name, f := range map[string]*float64{
		"MinScore": r.MinScore, "MaxScore": r.MaxScore, "MaxAdjustment": r.MaxAdjustment,
		"Scores.ASN": r.Scores.ASN, "Scores.Country": r.Scores.Country, "Scores.IP": r.Scores.IP,
	} {
		v.If(f != nil && !(math.Abs(*f) <= actions.Limit), field(name), "no score")
	}
	v.If(r.MinScore != nil && r.MaxScore != nil && *r.MinScore > *r.MaxScore, field("MinScore"), "is above MaxScore")
	d := r.withDefaults()
	v.If(!*d.Inbound && !*d.Outbound, field("Inbound"), "no mail counts, as Outbound is off too")
	for name, ok := range map[string]bool{
		"Scores":        r.Kind == IP || r.Scores == Scores{},
		"ExemptNets":    r.Kind == IP || r.ExemptNets == nil,
		"CountryPrefix": r.Kind == IP || r.CountryPrefix == "",
		"IPPrefix":      r.Kind == IP || r.IPPrefix == "",
		"ASNPrefix":     r.Kind == IP || r.Kind == ASN || r.ASNPrefix == "",
		"IPv4Bits":      r.Kind == IP || r.IPv4Bits == 0,
		"IPv6Bits":      r.Kind == IP || r.IPv6Bits == 0,
		"MaxAdjustment": r.Kind == DKIM || r.MaxAdjustment == nil,
		"MaxURLs":       r.Kind == URL || r.MaxURLs == 0,
		"Select":        (r.Kind == Generic) == (r.Select != ""),
		"Delimiter":     r.Kind == Generic || r.Delimiter == "",
		"Windows":       r.Zone == "" || r.Windows == nil,
		"Expire":        r.Zone == "" || r.Expire == 0,
	} {
		v.If(!ok, field(name), "does not fit a rule of %s", r.Kind)
	}
	v.Number(field("IPv4Bits"), int64(r.IPv4Bits), 0, 32)
	v.Number(field("IPv6Bits"), int64(r.IPv6Bits), 0, 128)
	v.Number(field("MaxURLs"), int64(r.MaxURLs), 0, maxValues)
	v.Words(field("ExemptNets"), r.ExemptNets)
	r.validateKeys(field, v)
}

// validateKeys is about keys and the store.
func (r Rule) validateKeys(field func(string) string, v *valid.Fields) {
	v.If(r.Backend != "" && r.Backend != Redis && r.Backend != DNS, field("Backend"), "%q is neither redis nor dns", r.Backend)
	v.If(r.Backend == DNS && r.Zone == "" || r.Backend == Redis && r.Zone != "", field("Zone"), "does not fit the backend %s", r.Backend)
	if r.Zone != "" {
		v.Domain(field("Zone"), r.Zone)
	}
	v.If(len(r.Prefix) > 128, field("Prefix"), "is longer than 128 bytes")
	v.If(r.Hash.Sum != "" && keyhash.Sum(r.Hash.Sum) == nil, field("Hash.Sum"), "%q is no hash", r.Hash.Sum)
	v.If(r.Hash.Encoding != "" && keyhash.Encoding(r.Hash.Encoding) == nil, field("Hash.Encoding"), "%q is no encoding", r.Hash.Encoding)
	v.Number(field("Hash.Length"), int64(r.Hash.Length), 0, 1<<10)
	v.If(r.Expire < 0, field("Expire"), "%v is negative", r.Expire)
	o := storage.Observation{Series: "x"}
	for i, w := range r.withDefaults().Windows {
		o.Windows = append(o.Windows, storage.Window{Name: w.Name, Span: w.Span})
		v.If(!(math.Abs(w.Factor) <= actions.Limit), valid.At(field("Windows"), i), "%v is no factor", w.Factor)
	}
	if err := o.Check(); err != nil {
		v.Add(field("Windows"), "%v", err)
	}
	for name, list := range map[string][]string{"Exclude": r.Exclude, "Trusted": r.Trusted} {
		v.Words(field(name), list)
		if _, err := networks(list); err != nil && r.byNetwork(name) {
			v.Add(field(name), "%v", err)
		}
	}
}

// byNetwork tells whether a list of the rule is one of networks.
func (r Rule) byNetwork(list string) bool {
	if list == "Exclude" {
		return r.Kind == IP
	}
	return r.Kind != DKIM && r.Kind != URL && r.Kind != SPF
}

func networks(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range list {
		if ip, err := netip.ParseAddr(s); err == nil {
			all = append(all, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is no network", s)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func or[T any](p *T, preset T) *T {
	if p == nil {
		return &preset
	}
	return p
}

func (r Rule) withDefaults() Rule {
	r.Symbol = cmp.Or(r.Symbol, kinds()[r.Kind])
	r.Split = or(r.Split, r.Kind == IP || r.Kind == SPF)
	r.LowerBound = cmp.Or(r.LowerBound, 10)
	r.Inbound, r.Outbound = or(r.Inbound, true), or(r.Outbound, r.Kind != IP)
	r.Scores = Scores{ASN: or(r.Scores.ASN, 0.4), Country: or(r.Scores.Country, 0.01), IP: or(r.Scores.IP, 1)}
	r.ASNPrefix, r.CountryPrefix, r.IPPrefix = cmp.Or(r.ASNPrefix, "a:"), cmp.Or(r.CountryPrefix, "c:"), cmp.Or(r.IPPrefix, "i:")
	r.IPv4Bits, r.IPv6Bits = cmp.Or(r.IPv4Bits, 32), cmp.Or(r.IPv6Bits, 64)
	r.MaxAdjustment, r.MaxURLs = or(r.MaxAdjustment, 2), cmp.Or(r.MaxURLs, 10)
	r.Delimiter = cmp.Or(r.Delimiter, ":")
	if r.Zone == "" {
		r.Prefix = cmp.Or(r.Prefix, "RR:")
	}
	r.Hash.Encoding = cmp.Or(r.Hash.Encoding, "base32")
	r.Expire = cmp.Or(r.Expire, 10*24*time.Hour)
	if r.Windows == nil {
		r.Windows = []Window{{Name: "1m", Span: 30 * 24 * time.Hour}}
	}
	r.Windows = slices.Clone(r.Windows)
	for i := range r.Windows {
		r.Windows[i].Factor = cmp.Or(r.Windows[i].Factor, 1)
	}
	return r
}

// A rule is a Rule made ready. It is immutable.
type rule struct {
	Rule
	spam, ham   *symbols.Def // the same unless the rule is split
	post        *symbols.Def // of DKIM: what changes R_DKIM_ALLOW
	select_     *selector.Selector
	excludeNets []netip.Prefix
	trustedNets []netip.Prefix
	excluded    map[string]bool
	trusted     map[string]bool
	exempt      map[string]bool
	names       []string // of the windows
	windows     []storage.Window
}

func compile(r Rule) (*rule, error) {
	c := &rule{Rule: r, excluded: folded(r.Exclude), trusted: folded(r.Trusted), exempt: folded(r.ExemptNets)}
	if r.byNetwork("Exclude") {
		c.excludeNets, _ = networks(r.Exclude)
	}
	if r.byNetwork("Trusted") {
		c.trustedNets, _ = networks(r.Trusted)
	}
	for _, w := range r.Windows {
		c.names = append(c.names, w.Name)
		c.windows = append(c.windows, storage.Window{Name: w.Name, Span: w.Span})
	}
	c.spam = r.def("", r.Weight, "the reputation of the message's "+r.subject()+", good below 0 and bad above")
	c.ham = c.spam
	if *r.Split {
		c.spam = r.def("_SPAM", r.Weight, "the message's "+r.subject()+" has a bad reputation")
		c.ham = r.def("_HAM", r.HamWeight, "the message's "+r.subject()+" has a good reputation")
		c.ham.Lowers = true
	}
	if r.Kind == DKIM && *r.MaxAdjustment != 0 {
		c.post = r.def("_POST", *r.MaxAdjustment, "what the reputation of the signing domains changes of R_DKIM_ALLOW")
	}
	if r.Kind == Generic {
		var err error
		if c.select_, err = selector.Parse(r.Select, selector.Options{Delimiter: r.Delimiter}); err != nil {
			return nil, fmt.Errorf("reputation: %s: %w", r.Symbol, err)
		}
	}
	return c, nil
}

func (r Rule) def(suffix string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: r.Symbol + suffix, Groups: []string{"reputation"}, Weight: weight, Doc: doc}
}

// subject says in words what the rule keeps the reputation of.
func (r Rule) subject() string {
	switch r.Kind {
	case IP:
		return "client"
	case DKIM:
		return "signing domains"
	case SPF:
		return "SPF record"
	case URL:
		return "links"
	case ASN:
		return "client's network"
	case From:
		return "sender's domain"
	case RDNS:
		return "client's name"
	case Helo:
		return "client's greeting"
	}
	return r.Select
}

func folded(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[strings.ToLower(mail.DomainKey(s))] = true
		set[strings.ToLower(s)] = true
	}
	return set
}

// requires are what the rule reads of other checks.
func (r *rule) requires() []checks.Requirement {
	all := checks.Facts(relay.Fact)
	switch r.Kind {
	case IP, ASN:
		all = append(all, checks.Facts(asn.Fact)...)
	case DKIM:
		all = append(all, checks.Defs(dkim.Trace, dkim.Allow)...)
	case SPF:
		all = append(append(all, checks.Facts(spf.Fact)...), checks.Defs(spf.Allow)...)
	case RDNS:
		all = append(all, checks.Facts(rdns.Fact)...)
	case Generic:
		all = append(all, r.select_.Requires()...)
	}
	return all
}

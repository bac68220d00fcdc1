package mxcheck

import (
	"fmt"
	"net/netip"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// An Outcome is what a domain's MX hosts turned out to be.
type Outcome string

// The outcomes.
const (
	Good           Outcome = "good"            // accepts connections
	White          Outcome = "white"           // excluded by name
	Invalid        Outcome = "invalid"         // what answers is not SMTP
	Refused        Outcome = "refused"         // connections are refused
	TimeoutConnect Outcome = "timeout-connect" // no connection in time
	TimeoutRead    Outcome = "timeout-read"    // connects and says nothing in time
	Error          Outcome = "error"           // greets with an error; counts as good
	None           Outcome = "none"            // no MX and no address
	Null           Outcome = "null"            // takes no mail (RFC 7505)
	Broken         Outcome = "broken"          // MX hosts without address
	DNSFail        Outcome = "dns-fail"        // DNS failed
	Unreachable    Outcome = "unreachable"     // local and bogus addresses only
	Skip           Outcome = "skip"            // the addresses are not to be connected to
	Bad            Outcome = "bad"             // a bad MX host's name
	IPBad          Outcome = "ip-bad"          // a bad MX host's address
	InFlight       Outcome = "in-flight"       // another scan is about to find out
	StoreError     Outcome = "store-error"     // the store failed

	unknown Outcome = "" // there was no look-up
)

// A row of the table: what follows the source's prefix, the weight, and what
// it says of %s, the domain.
type row struct {
	name   string
	weight float64
	doc    string
}

// rows is the table from which each source gets its symbols. Names that begin
// with MX_A_ are about domains without MX.
var rows = []row{
	{"MX_GOOD", -0.1, "%s has an MX that takes connections"},
	{"MX_WHITE", -0.1, "the operator trusts %s or its MX"},
	{"MX_INVALID", 3, "what answers at the MX of %s does not speak SMTP"},
	{"MX_REFUSED", 3, "the MX of %s refuses connections"},
	{"MX_TIMEOUT_CONNECT", 2, "the MX of %s can't be reached"},
	{"MX_TIMEOUT_READ", 0.1, "the MX of %s sends no greeting in time"},
	{"MX_ERROR", 0, "the MX of %s greets with an SMTP error"},
	{"MX_NONE", 4, "%s has neither MX nor address"},
	{"MX_NULL", 6, "%s takes no mail (null MX)"},
	{"MX_BROKEN", 4, "%s has an MX, but none with an address"},
	{"MX_DNS_FAIL", 0, "DNS fails for the MX of %s"},
	{"MX_LOCAL_ONLY", 3, "the MX of %s has only addresses of loopback or private networks"},
	{"MX_LOCAL_MIX", 3, "the MX of %s has addresses of loopback or private networks among others"},
	{"MX_BOGON_ONLY", 8, "the MX of %s has only addresses that no host can have"},
	{"MX_BOGON_MIX", 5, "the MX of %s has addresses that no host can have, among others"},
	{"MX_SKIP", 0, "the MX of %s is one that no connection is to be made to"},
	{"MX_BAD", 6, "the MX of %s is on the operator's list of bad names"},
	{"MX_IP_BAD", 6, "the MX of %s is on the operator's list of bad networks"},
	{"MX_INFLIGHT", 0, "another scan is just connecting to the MX of %s"},
	{"MX_REDIS_ERROR", 0, "the store failed, so the MX of %s was not connected to"},
	{"MX_A_GOOD", 0, "%s has no MX, but its own address takes connections"},
	{"MX_A_REFUSED", 3, "%s has no MX, and its own address refuses connections"},
	{"MX_A_TIMEOUT_CONNECT", 2.5, "%s has no MX, and its own address can't be reached"},
	{"MX_A_TIMEOUT_READ", 0.1, "%s has no MX, and its own address sends no greeting in time"},
	{"MX_A_ERROR", 0, "%s has no MX, and its own address greets with an SMTP error"},
	{"MX_A_INVALID", 3, "%s has no MX, and what answers at its own address does not speak SMTP"},
}

// defs holds the symbols of a source by name without prefix.
type defs map[string]*symbols.Def

func makeDefs(prefix, whose string) defs {
	d := make(defs, len(rows))
	for _, r := range rows {
		d[r.name] = &symbols.Def{Name: prefix + r.name, Groups: []string{"mx"}, Weight: r.weight, OneShot: true, Doc: fmt.Sprintf(r.doc, whose)}
	}
	d["MX_DNS_FAIL"].NoAnswer = true
	return d
}

var bySource = map[Source]defs{
	Envelope: makeDefs("", "the envelope sender's domain"),
	ReplyTo:  makeDefs("REPLYTO_", "the domain in Reply-To"),
	From:     makeDefs("MIME_FROM_", "the domain in From"),
}

// allDefs returns the symbols in the order of the table.
func allDefs() []*symbols.Def {
	var all []*symbols.Def
	for _, s := range [...]Source{Envelope, From, ReplyTo} {
		for _, r := range rows {
			all = append(all, bySource[s][r.name])
		}
	}
	return all
}

// name returns the symbol of an outcome without prefix, "" for none.
func (v *Verdict) name() string {
	with := func(tail string) string {
		if v.Implicit {
			return "MX_A_" + tail
		}
		return "MX_" + tail
	}
	switch v.Outcome {
	case Good:
		return with("GOOD")
	case Refused:
		return with("REFUSED")
	case TimeoutConnect:
		return with("TIMEOUT_CONNECT")
	case TimeoutRead:
		return with("TIMEOUT_READ")
	case Error:
		return with("ERROR")
	case Invalid:
		return with("INVALID")
	}
	return map[Outcome]string{
		White: "MX_WHITE", None: "MX_NONE", Null: "MX_NULL", Broken: "MX_BROKEN", DNSFail: "MX_DNS_FAIL",
		Skip: "MX_SKIP", Bad: "MX_BAD", IPBad: "MX_IP_BAD", InFlight: "MX_INFLIGHT", StoreError: "MX_REDIS_ERROR",
	}[v.Outcome]
}

// owners returns the symbol of a verdict, or none for an unknown source.
func owners(v Verdict) []*symbols.Def {
	if d := bySource[v.Source][v.name()]; d != nil {
		return []*symbols.Def{d}
	}
	return nil
}

// raise raises what a verdict says.
func raise(t *checks.Task, v Verdict) {
	d := bySource[v.Source]
	if d == nil { // a seed with an unknown source
		return
	}
	kind := "_ONLY"
	if v.Public {
		kind = "_MIX"
	}
	if len(v.Local) > 0 {
		t.Hit(d["MX_LOCAL"+kind], texts(v.Local)...)
	}
	if len(v.Bogon) > 0 {
		t.Hit(d["MX_BOGON"+kind], texts(v.Bogon)...)
	}
	option := v.Domain
	switch {
	case v.Key != "":
		option = v.Key
	case v.Host != "":
		option = v.Host
	}
	factor := v.Factor
	if factor == 0 {
		factor = 1
	}
	def := d[v.name()]
	switch {
	case def == nil:
	case v.Outcome == Error:
		t.Hit(def, option, v.Code)
		good := Verdict{Outcome: Good, Implicit: v.Implicit}
		t.Hit(d[good.name()], option)
	default:
		t.HitFactor(def, factor, option)
	}
}

func texts(ips []netip.Addr) []string {
	s := make([]string, len(ips))
	for i, ip := range ips {
		s[i] = ip.String()
	}
	return s
}

// Package authheader writes what a scan found out about a message's sender as
// an Authentication-Results field (RFC 8601), as the routine of that name of
// Rspamd's milter headers does: DKIM for each signature, SPF, DMARC, ARC, the
// client's name and the login.
//
// Of makes the field's content of the facts of a scan, for checks that need
// it, such as one that seals with ARC. Checks returns a check that has the
// host add the field, and remove those in the message that pretend to be the
// host's own (RFC 8601 section 5).
package authheader

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/valid"
)

// Options says how the header is written.
type Options struct {
	// Off leaves the family out.
	Off bool
	// ServID names the server, its authserv-id; "" means the envelope's
	// MTAName, else "localhost".
	ServID string
	// NoUser leaves out who logged in.
	NoUser bool
	// Local also writes the header for local and authenticated clients, which
	// the check leaves out by default.
	Local bool
}

// Facts lists the facts that Of reads; the check that calls it must require
// them.
func Facts() []checks.AnyFact {
	return []checks.AnyFact{spf.Fact, dkim.Fact, dmarc.Fact, arc.Fact, rdns.Fact, relay.Fact}
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("authheader")
	v.If(strings.ContainsFunc(o.ServID, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ';' }), "ServID", "%q is no authserv-id", o.ServID)
	return v.Err()
}

// New returns the family that adds the header.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "authheader", Doc: "adds the results as Authentication-Results", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	f.Checks = []*checks.Check{{
		Name:     "authheader",
		Doc:      "adds the results as Authentication-Results",
		Requires: checks.Facts(Facts()...),
		Always:   true,
		Run: func(_ context.Context, t *checks.Task) error {
			o.add(t, o.Local || relay.Foreign(t))
			return nil
		},
	}}
	return f
}

// Add has the host add the header, and remove those that pretend to be its own;
// the check that calls it must require Facts. Options.Off and Local do not count.
func (o Options) Add(t *checks.Task) { o.add(t, true) }

func (o Options) add(t *checks.Task, write bool) {
	h := Of(t, o)
	const name = "Authentication-Results"
	fields := t.Message().Header().All(name)
	for i := len(fields) - 1; i >= 0; i-- { // from the last, so that positions hold
		if old, _ := authres.Parse(fields[i].Value()); idn.Same(old.ServID, h.ServID) {
			t.Edit(actions.HeaderEdit{Remove: true, Name: name, Index: i + 1})
		}
	}
	if write {
		t.Edit(actions.HeaderEdit{Name: name, Value: h.Folded(), Index: 1})
	}
}

// Of returns the header of the scan as it stands. It leaves out what the scan
// did not look at.
func Of(t *checks.Task, o Options) authres.Header {
	h := authres.Header{ServID: cmp.Or(o.ServID, t.Envelope().MTAName, "localhost")}
	if sigs, ok := dkim.Fact.Get(t); ok {
		h.Results = append(h.Results, signatures(sigs)...)
	}
	if r, ok := spf.Fact.Get(t); ok {
		h.Results = append(h.Results, sender(t, h.ServID, r))
	}
	if r, ok := dmarc.Fact.Get(t); ok {
		h.Results = append(h.Results, policy(r))
	}
	if r, ok := arc.Fact.Get(t); ok {
		h.Results = append(h.Results, chain(t, r))
	}
	if r, ok := reverse(t); ok {
		h.Results = append(h.Results, r)
	}
	if t.Authenticated() {
		h.Results = append(h.Results, o.login(t))
	}
	return h
}

// result makes a result; a code that is none is left out when it is written.
func result(method, code string, ps ...authres.Property) authres.Result {
	r, err := authres.ParseResult(method + "=" + code)
	if err != nil {
		return authres.Result{}
	}
	for _, p := range ps {
		if p.Value != "" {
			r.Properties = append(r.Properties, p)
		}
	}
	return r
}

func property(ptype, name, value string) authres.Property {
	return authres.Property{Type: ptype, Name: name, Value: value}
}

func signatures(sigs []dkim.Signature) (rs []authres.Result) {
	for _, s := range sigs {
		r := result("dkim", string(s.Status), property("header", "d", s.Domain), property("header", "s", s.Selector), property("header", "b", s.Value))
		if s.Status != "pass" {
			r.Comment = s.Reason
		}
		rs = append(rs, r)
	}
	if len(rs) == 0 {
		rs = append(rs, result("dkim", "none"))
	}
	return rs
}

// sender writes SPF's result with a comment in the manner of RFC 7208 section
// 9.1.
func sender(t *checks.Task, servID string, r spf.Result) authres.Result {
	p := property("smtp", "mailfrom", t.Message().EnvelopeFrom().Addr)
	if p.Value == "" {
		p.Name, p.Value = "helo", relay.Of(t).Helo
	}
	out := result("spf", string(r.Status), p)
	ip := "unknown"
	if c := relay.Of(t); c.IP.IsValid() {
		ip = c.IP.String()
	}
	says := map[string]string{
		"pass": "domain of %s designates %s as permitted sender", "fail": "domain of %s does not designate %s as permitted sender",
		"softfail": "domain of %s discourages use of %s as permitted sender", "neutral": "domain of %s says nothing about %s",
		"none": "domain of %s has no record to check %s by", "permerror": "domain of %s has a record that can't be used for %s",
		"temperror": "domain of %s could not be looked up for %s",
	}[string(r.Status)]
	if says != "" && p.Value != "" {
		out.Comment = servID + ": " + fmt.Sprintf(says, p.Value, ip)
	}
	return out
}

// policy writes DMARC's result. The record's domain stands in header.from
// where the author's is not known, as in Rspamd.
func policy(r dmarc.Result) authres.Result {
	out := result("dmarc", string(r.Status), property("header", "from", cmp.Or(r.From, r.Domain)))
	if r.Status == "fail" || r.Status == "permerror" || r.Status == "temperror" {
		out.Reason = r.Reason
	}
	if r.Policy != "" {
		out.Comment = "policy=" + r.Policy
		if r.Disposition != "" && r.Disposition != r.Policy {
			out.Comment += " disposition=" + r.Disposition
		}
	}
	return out
}

// chain writes ARC's result (RFC 8617 section 10.1 and 10.2).
func chain(t *checks.Task, r arc.Result) authres.Result {
	out := result("arc", string(r.Status))
	if c := relay.Of(t); c.IP.IsValid() {
		out.Properties = append(out.Properties, property("smtp", "remote-ip", c.IP.String()))
	}
	switch {
	case r.Status == "fail":
		out.Comment = r.Reason
	case r.Status == "pass" && len(r.Sets) > 0:
		last := r.Sets[len(r.Sets)-1]
		out.Comment = fmt.Sprintf("%s:s=%s:i=%d", last.Domain, last.Selector, len(r.Sets))
		if r.OldestPass > 0 {
			out.Properties = append(out.Properties, property("header", "oldest-pass", fmt.Sprint(r.OldestPass)))
		}
	}
	return out
}

// reverse writes the result for the client's name (RFC 8601 section 2.7.3)
// where it is known: the server's own look-up, which went both ways, counts as
// a pass, a name that was only looked up says nothing.
func reverse(t *checks.Task) (authres.Result, bool) {
	c := relay.Of(t)
	if !c.IP.IsValid() {
		return authres.Result{}, false
	}
	ip := property("policy", "iprev", c.IP.String())
	if c.Name != "" {
		ip.Comment = c.Name
		return result("iprev", "pass", ip), true
	}
	switch r, ok := rdns.Fact.Get(t); {
	case !ok || len(r.Names) > 0:
		return authres.Result{}, false
	case r.Failed:
		return result("iprev", "temperror", ip), true
	}
	return result("iprev", "permerror", ip), true
}

func (o Options) login(t *checks.Task) authres.Result {
	out := result("auth", "pass")
	if !o.NoUser {
		out.Properties = append(out.Properties, property("smtp", "auth", t.Envelope().User))
	}
	if a := t.Message().EnvelopeFrom().Addr; a != "" {
		out.Properties = append(out.Properties, property("smtp", "mailfrom", a))
	}
	return out
}

// Package dmarcreport writes DMARC aggregate reports (RFC 9990): once a day the
// owner of a domain learns from which addresses how many messages came in the
// domain's name, and what SPF, DKIM and DMARC found.
//
// An After notes each evaluated message in a store, as a row that is counted:
// equal messages are one row. A Sender makes the reports of a day
// that is over, one for each published policy, asks DNS whether foreign
// addresses want them, and hands them to the host's Send, which mails them.
// What could not be sent is kept and tried again until it expires, two days
// after it was noted; rows are deleted only when Send took the report.
//
// The store's keys begin with "dmarc:" and the day. No process needs to know
// of another: several scanners may note into one store, and several Senders
// may run; each report is made by one of them.
package dmarcreport

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// Defaults and bounds.
const (
	// DefaultRows is how many rows of a policy are noted a day, as Rspamd's
	// max_entries.
	DefaultRows = 1000
	// MaxRows is the most that Options.Rows can be.
	MaxRows = 100000
	// MaxPolicies is how many policies are noted a day.
	MaxPolicies = 10000
	// Expiry is how long what was noted is kept.
	Expiry = 48 * time.Hour

	maxSignatures = 16
	maxText       = 255 // bytes of a name in a row
)

// Options says what is noted.
type Options struct {
	// Exclude names domains about which nothing is reported. Only, unless it is
	// empty, names the only domains about which something is. Subdomains count.
	Exclude, Only []string `json:",omitempty"`
	// Rows is how many rows of a policy are noted a day; 0 means DefaultRows.
	Rows int
	// Store is where the rows are kept; it is required.
	Store storage.KV `json:"-"`
	// Sender, if set, sends the reports in the background, from an hour after
	// a day's end (UTC) on. Its Store is by default this one, its Resolver the
	// Scanner's.
	Sender *Sender `json:"-"`
}

// Validate returns what is missing or wrong.
func (o *Options) Validate() error {
	switch {
	case o.Store == nil:
		return errors.New("dmarcreport: Store: none")
	case o.Rows < 0 || o.Rows > MaxRows:
		return fmt.Errorf("dmarcreport: Rows: %d is not between 0 and %d", o.Rows, MaxRows)
	case o.Sender != nil && !o.Sender.complete():
		return errSettings
	}
	return nil
}

// After returns the work that notes rows: an element of winnow.Options.After.
// Mail whose SPF, DKIM, DMARC or ARC check did not come to its end is not
// noted. Options that are not valid are an error of winnow.New.
func After(o Options) winnow.After {
	if o.Rows == 0 {
		o.Rows = DefaultRows
	}
	return winnow.After{
		Name:  "dmarc_report",
		Doc:   "notes messages for DMARC's aggregate reports",
		Reads: []checks.AnyFact{dmarc.Fact, spf.Fact, dkim.Fact, arc.Fact, relay.Fact},
		Start: o.start,
		Run:   o.note,
	}
}

func (o Options) start(ctx context.Context, env *checks.Env) error {
	if o.Sender != nil {
		mine := *o.Sender
		if mine.Store == nil {
			mine.Store = o.Store
		}
		if mine.Resolver == nil {
			mine.Resolver = env.Resolver
		}
		o.Sender = &mine
	}
	if err := o.Validate(); err != nil {
		return err
	}
	if o.Sender != nil {
		o.Sender.start(ctx, env)
	}
	return nil
}

func (o Options) note(ctx context.Context, r *winnow.Result) error {
	res, ok := dmarc.Fact.From(r)
	ip, _ := r.Message().Client()
	if client, relayed := relay.Fact.From(r); relayed {
		ip = client.IP
	}
	if !ok || !ip.IsValid() || !o.wants(res) {
		return nil
	}
	row := rowOf(res)
	row.SourceIP = ip.Unmap().WithZone("")
	if chain, _ := arc.Fact.From(r); chain.SoftensDMARC && res.Status == "fail" {
		row.Disposition, row.Override, row.Comment = "none", "trusted_forwarder", "arc=pass"
	}
	if s, ok := spf.Fact.From(r); ok {
		row.SPFDomain, row.SPFResult, row.NullSender = name(s.Domain), string(s.Status), s.Identity == "helo"
	}
	signatures, _ := dkim.Fact.From(r)
	for _, s := range signatures[:min(len(signatures), maxSignatures)] {
		if !s.Ignored {
			row.Signatures = append(row.Signatures, Signature{name(s.Domain), name(s.Selector), string(s.Status)})
		}
	}
	l := ledger{store: o.Store, day: r.Time}
	return l.add(ctx, policyOf(res), row, o.Rows)
}

// wants reports whether messages with this result are reported: there is a
// record that asks for it, a result that says something, and a domain that
// may stand in the name of a file.
func (o Options) wants(res dmarc.Result) bool {
	switch res.Status {
	case "pass", "fail", "temperror":
	default:
		return false
	}
	if res.Record == nil || !slices.ContainsFunc(res.Record.Aggregate, func(u dmarc.URI) bool { _, ok := mailbox(u); return ok }) {
		return false
	}
	return dkimsig.ValidDomain(res.Domain) && !within(res.Domain, o.Exclude) && (len(o.Only) == 0 || within(res.Domain, o.Only))
}

// within reports whether a domain or one above it is listed.
func within(domain string, list []string) bool {
	return slices.ContainsFunc(list, func(d string) bool {
		d = mail.DomainKey(d)
		return domain == d || strings.HasSuffix(domain, "."+d)
	})
}

// A Policy is a published policy: what a report is about, and whom it is for.
type Policy struct {
	Domain         string // where the record is
	P, SP, NP      string `json:",omitempty"`
	ADKIM, ASPF    string // "r" or "s"
	FailureOptions string `json:",omitempty"`
	Testing        bool   `json:",omitempty"`
	Walked         bool   `json:",omitempty"` // found by the tree walk
	Aggregate      []dmarc.URI
}

// A Row is what messages have in common that are counted together.
type Row struct {
	SourceIP    netip.Addr
	Disposition string // "none", "pass" (an enforcing policy), "quarantine" or "reject"
	DKIM, SPF   bool   // aligned, and passes
	// Override says why Disposition is not the policy, by one of the types of
	// RFC 9990, and Comment explains it; both are "" where Disposition is the
	// policy.
	Override, Comment    string `json:",omitempty"`
	HeaderFrom           string
	Signatures           []Signature `json:",omitempty"`
	SPFDomain, SPFResult string      `json:",omitempty"`
	NullSender           bool        `json:",omitempty"` // SPFDomain is that of HELO
}

// A Signature is the result of one DKIM signature.
type Signature struct{ Domain, Selector, Result string }

func policyOf(res dmarc.Result) Policy {
	r := res.Record
	mode := map[bool]string{false: "r", true: "s"}
	p := Policy{
		Domain: res.Domain, P: r.Policy, SP: r.Subdomains, NP: r.Nonexistent, ADKIM: mode[r.StrictDKIM], ASPF: mode[r.StrictSPF],
		FailureOptions: r.FailureOptions, Testing: r.Testing, Walked: res.Walked, Aggregate: r.Aggregate,
	}
	if p.P == "" {
		p.P = "none"
	}
	return p
}

func rowOf(res dmarc.Result) Row {
	row := Row{Disposition: "none", DKIM: res.DKIMAligned, SPF: res.SPFAligned, HeaderFrom: name(res.From)}
	switch {
	case res.Status == "pass" && res.Policy != "none":
		row.Disposition = "pass"
	case res.Status == "fail":
		row.Disposition = res.Disposition
	}
	switch {
	case res.Override == "sampled_out" && res.Record.Testing:
		row.Override = "policy_test_mode"
	case res.Override == "sampled_out":
		row.Override, row.Comment = "other", "sampled_out"
	}
	return row
}

// name cuts what somebody else wrote.
func name(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(strings.ToLower(s), "?")
}

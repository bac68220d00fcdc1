// Package mxcheck asks whether a bounce or an answer could be delivered: for
// the domains of the envelope sender, Reply-To and From it looks for the MX
// hosts, what kind of addresses these have, and, if the operator gives it a
// dialer, whether they accept a connection.
//
// It works as Rspamd 4.1.6's mx_check; like that one it has to be asked for, with
// standard.Options.MX. Each
// domain is looked at once, for the first source that names it. MX and address
// records come from the scan's resolver, which caches them; what a connection
// told is kept in the Scanner's store by address, in Rspamd's keys and values
// (rmx:i:ADDRESS), where a lock keeps scans from connecting to one address at
// the same time. Without a store every scan connects.
package mxcheck

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/wildcard"
	"github.com/winnowmail/winnow/mail"
)

// Options says what is looked at.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Dial makes the connections, (*net.Dialer).DialContext for one. Without
	// it none is made, and what would need one is MX_SKIP.
	// The configuration digest knows only whether there is one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `json:"-"`

	ConnectTimeout time.Duration // 0: 2 s
	// VerifyGreeting waits for the server's greeting; else an open
	// connection is good enough. ReadTimeout bounds that (0: 5 s), SendQuit
	// says good-bye.
	VerifyGreeting, SendQuit bool
	ReadTimeout              time.Duration
	Port                     uint16 // 0: 25

	// IPv6 also looks at IPv6 addresses, NoIPv4 leaves out IPv4 ones.
	// PreferIPv4 puts IPv4 first if both are looked at.
	IPv6, NoIPv4, PreferIPv4 bool
	// MaxRecords bounds the MX hosts of a domain and the addresses of a host;
	// 0 means 3.
	MaxRecords int

	// The domains that are not looked at.
	NoEnvelope, NoFrom, NoReplyTo bool
	// Local and authenticated mail is not looked at unless these say so.
	CheckLocal, CheckAuthenticated bool

	// Names are patterns: * stands for any text, ? for one character. If both a
	// bad list and an excluding one match, the bad one counts.
	ExcludeDomains, ExcludeMXs []string
	BadMXs                     []BadName
	ExcludeIPs                 []netip.Prefix
	BadIPs                     []BadNet

	// How long the outcome of a connection is kept: a good one and a slow
	// greeting (0: 1 day), a refused one and one that is not SMTP (0: 4 h), a
	// timeout (0: 2 h).
	Expire, ExpireInvalid, ExpireTimeout time.Duration

	// RejectNull rejects mail of domains that say they take none (RFC 7505).
	RejectNull        bool
	RejectNullMessage string

	// Loopback lets connections go to loopback addresses: for tests.
	Loopback bool
}

// A BadName is a pattern of MX hosts and how much it counts, 0 meaning 1.
type BadName struct {
	Pattern string
	Factor  float64
}

// A BadNet is a network of MX hosts and how much it counts, 0 meaning 1.
type BadNet struct {
	Net    netip.Prefix
	Factor float64
}

func (o Options) withDefaults() Options {
	orDuration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	orDuration(&o.ConnectTimeout, 2*time.Second)
	orDuration(&o.ReadTimeout, 5*time.Second)
	orDuration(&o.Expire, 24*time.Hour)
	orDuration(&o.ExpireInvalid, 4*time.Hour)
	orDuration(&o.ExpireTimeout, 2*time.Hour)
	if o.Port == 0 {
		o.Port = 25
	}
	if o.MaxRecords == 0 {
		o.MaxRecords = 3
	}
	if o.RejectNullMessage == "" {
		o.RejectNullMessage = "The sender's domain takes no mail (null MX)"
	}
	return o
}

// A Source says where a domain stands.
type Source string

// The sources, the one that counts for a domain first.
const (
	Envelope Source = "envelope" // the sender, or HELO if that is empty
	ReplyTo  Source = "reply-to"
	From     Source = "from"
)

// A Verdict is what came out for one domain.
type Verdict struct {
	Domain  string
	Source  Source
	Outcome Outcome
	// Implicit tells that the domain has no MX and its own address counts
	// (RFC 5321 section 5.1).
	Implicit bool    `json:",omitempty"`
	Host     string  `json:",omitempty"` // the MX host
	Code     string  `json:",omitempty"` // the reply code of an Error
	Key      string  `json:",omitempty"` // what of a list matched
	Factor   float64 `json:",omitempty"` // of a bad list's entry, 0: 1
	// Local and Bogon are the addresses that no other host can be reached at;
	// Public tells that there are others.
	Local  []netip.Addr `json:",omitempty"`
	Bogon  []netip.Addr `json:",omitempty"`
	Public bool         `json:",omitempty"`
}

// Greylist reports whether the outcome may be a passing state, for which Rspamd
// delays the mail.
func (v Verdict) Greylist() bool {
	switch v.Outcome {
	case Invalid, None, Broken, Refused, Null, TimeoutConnect, TimeoutRead:
		return true
	}
	return false
}

// Fact is the fact of the verdicts. The host may seed it.
var Fact = checks.Fact[[]Verdict]{Name: "mx"}

// maxDomains bounds the domains of one message.
const maxDomains = 4

// check is the check's configuration.
type check struct {
	Options
	excludeDomains, excludeMXs wildcard.Set
	badMXs                     []wildcard.Set
}

// New returns the family.
func New(o Options) *checks.Family {
	o = o.withDefaults()
	f := &checks.Family{Name: "mx_check", Doc: "the mail exchangers of the sender's domain", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	c := &check{Options: o, excludeDomains: wildcard.New(o.ExcludeDomains), excludeMXs: wildcard.New(o.ExcludeMXs)}
	for _, b := range o.BadMXs {
		c.badMXs = append(c.badMXs, wildcard.New([]string{b.Pattern}))
	}
	ch := &checks.Check{
		Name:     "mx",
		Doc:      "whether the sender's domains can receive mail",
		Symbols:  allDefs(),
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact, aliases.Fact),
		Run:      c.run,
	}
	families := 2
	if o.NoIPv4 || !o.IPv6 {
		families = 1
	}
	queries := maxDomains * (1 + o.MaxRecords*families)
	ch.Needs = checks.Needs{DNS: true, Store: true, Net: o.Dial != nil, Queries: queries}
	f.Checks = []*checks.Check{ch}
	return f
}

func (c *check) run(ctx context.Context, t *checks.Task) error {
	verdicts, seeded := Fact.Get(t)
	if !seeded {
		if t.Authenticated() && !c.CheckAuthenticated || relay.Of(t).Local && !c.CheckLocal {
			return nil
		}
		verdicts = c.verdicts(ctx, t)
		Fact.Set(t, verdicts)
	}
	for _, v := range verdicts {
		raise(t, v)
		if v.Outcome == Null && c.RejectNull && !t.Authenticated() && !relay.Of(t).Local {
			t.PreResult(actions.PreResult{Action: actions.Reject, Message: c.RejectNullMessage}, owners(v)...)
		}
	}
	return nil
}

// verdicts looks at the message's domains.
func (c *check) verdicts(ctx context.Context, t *checks.Task) []Verdict {
	var list []*lookup
	for _, v := range c.domains(t) {
		l := &lookup{Verdict: v}
		if c.excludeDomains.Match(v.Domain) {
			l.Outcome, l.Key = White, v.Domain
		}
		list = append(list, l)
	}
	c.resolve(ctx, t.Resolver(), list)
	c.connect(ctx, t, list)
	out := make([]Verdict, 0, len(list))
	for _, l := range list {
		if l.Outcome != unknown {
			out = append(out, l.Verdict)
		}
	}
	return out
}

// domains returns the domains to look at, each for its first source.
func (c *check) domains(t *checks.Task) []Verdict {
	var list []Verdict
	add := func(source Source, domain string) {
		domain = mail.DomainKey(domain)
		known := func(v Verdict) bool { return v.Domain == domain }
		if len(list) < maxDomains && isHostName(domain) && !slices.ContainsFunc(list, known) {
			list = append(list, Verdict{Domain: domain, Source: source})
		}
	}
	addAll := func(source Source, addrs []mail.Address) {
		for _, a := range addrs {
			add(source, a.Domain)
		}
	}
	if !c.NoEnvelope {
		if from := aliases.EnvelopeFrom(t); from.Domain != "" {
			add(Envelope, from.Domain)
		} else {
			add(Envelope, relay.Of(t).Helo)
		}
	}
	if !c.NoReplyTo {
		addAll(ReplyTo, t.Message().ReplyTo())
	}
	if !c.NoFrom {
		addAll(From, aliases.From(t))
	}
	return list
}

// isHostName reports whether s is a name that DNS can be asked for: no address
// literal, and no garbage.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c == '[', c == ']', c == ':', c == '/', c == '@', c == 0x7f:
			return false
		}
	}
	_, err := netip.ParseAddr(s)
	return err != nil
}

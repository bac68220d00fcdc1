// Package reputation remembers what mail came from where: of clients, networks,
// signing domains, SPF records, links and whatever a selector gives it keeps moving
// averages of the scores of their messages, and lets these count for the next
// message. It is Rspamd 4.1.6's module reputation with its formula, windows and
// keys in the store, so that both can share one Redis. A list in DNS can take the
// store's place; it is only read.
//
// The family is off unless standard.Options.Reputation is set. What it finds out
// counts among the other rules; when the verdict is final, the score without the
// rule's own share is added to the averages, unless a pre-result decided. Without
// an answer of the store no reputation counts.
package reputation

import (
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Rules are whose reputations count; nil means Default, a list that is not nil
	// and empty means none.
	Rules []Rule
}

// A Kind is what a rule keeps the reputation of.
type Kind string

// The kinds. IP, DKIM, SPF, URL and Generic are Rspamd's.
const (
	IP      Kind = "ip"      // the client, its network by the number of its ASN, its country
	DKIM    Kind = "dkim"    // registered domains of DKIM signatures, good ones apart from others
	SPF     Kind = "spf"     // the record by which SPF passed
	URL     Kind = "url"     // registered domains of links and addresses in the text
	Generic Kind = "generic" // what Select gives
	ASN     Kind = "asn"     // the client's network alone
	From    Kind = "from"    // the domain of the envelope's sender
	RDNS    Kind = "rdns"    // the registered domain of the client's name
	Helo    Kind = "helo"    // the client's greeting
)

// A Backend is where reputations are, by Rspamd's names: Redis stands for the
// Scanner's store, whichever it is.
type Backend string

// The backends.
const (
	Redis Backend = "redis"
	DNS   Backend = "dns"
)

// A Rule keeps reputations of one kind.
type Rule struct {
	Kind Kind
	// Symbol is raised with the reputation as its factor, from -1, good, to 1; ""
	// means Rspamd's name for the kind (SENDER_REP, DKIM_SCORE, SPF_REP, URL_SCORE),
	// and the other kinds need one. A rule that is Split raises Symbol and "_HAM" or
	// "_SPAM"; nil means that IP and SPF are.
	Symbol string
	Split  *bool
	// Weight is that of Symbol, or of the one with "_SPAM"; HamWeight that of the
	// other one, which lowers the score whatever the sign of its weight.
	Weight, HamWeight float64
	// LowerBound is how many messages a reputation needs to count; 0 means 10, a
	// negative one that it counts from the first on.
	LowerBound int
	// MinScore and MaxScore bound the factor; nil means no bound.
	MinScore, MaxScore *float64
	// Inbound and Outbound say which mail counts: that of users and the own networks
	// is outbound. nil means all, and of IP inbound only.
	Inbound, Outbound *bool
	// Exclude are what has no reputation: networks of clients for IP, else values as
	// they are looked up (registered domains, SPF digests).
	Exclude []string
	// Trusted are for which the rule does not count at all: networks of clients,
	// registered domains of any signature (DKIM) or link (URL), domains of senders
	// (SPF).
	Trusted []string

	// Of IP: how much each part counts, the numbers of networks and codes of
	// countries that have no reputation, and how many bits of addresses count (0
	// means 32 and 64).
	Scores             Scores
	ExemptNets         []string
	IPv4Bits, IPv6Bits int
	// The prefixes of IP stand before values in keys, and behind them, without a
	// colon, in names of DNS; "" means "a:", "c:" and "i:".
	ASNPrefix, CountryPrefix, IPPrefix string
	// MaxAdjustment is how much the reputation of signing domains changes what
	// R_DKIM_ALLOW adds, at most, by a symbol with "_POST" behind its name; nil means 2.
	MaxAdjustment *float64
	// MaxURLs is how many domains of URL count, the most frequent first; 0 means 10.
	MaxURLs int
	// Select is the selector of Generic; Delimiter stands between the values of
	// several, "" meaning ":".
	Select, Delimiter string

	// Backend is where the reputations are; "" means DNS where Zone, the list in DNS,
	// is set, else the store.
	Backend Backend
	Zone    string
	// Prefix begins keys; "" means "RR:", and for a Zone nothing. Hash says how a
	// value becomes a key.
	Prefix string
	Hash   Hash
	// Windows are what the store's reputations average over; nil means a month, named
	// "1m". Several count equally.
	Windows []Window
	// Expire is how long the store keeps a reputation after its last message; 0 means
	// 10 days.
	Expire time.Duration
}

// Scores are how much the parts of IP count; nil means 0.4, 0.01 and 1.
type Scores struct{ ASN, Country, IP *float64 }

// A Hash says how a value becomes a key: Sum is "" (not at all), blake2, sha512,
// sha384, sha256, sha1 or md5; Encoding is base32, which "" means, hex or base64. Of
// the key the first Length bytes are kept, 0 meaning all; without a Sum of the value.
type Hash struct {
	Sum, Encoding string
	Length        int
}

// A Window is a time over which a reputation averages.
type Window struct {
	Name   string // is part of a field's name in the store
	Span   time.Duration
	Factor float64 // of the average; 0 means 1
}

// Default returns the rules of Rspamd's documentation: clients, SPF records and
// signing domains.
func Default() []Rule {
	return []Rule{
		{Kind: IP, Symbol: "IP_REPUTATION", Weight: 4, HamWeight: -1},
		{Kind: SPF, Symbol: "SPF_REPUTATION", Weight: 2, HamWeight: -1},
		{Kind: DKIM, Symbol: "DKIM_REPUTATION", Weight: 1},
	}
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("reputation")
	seen := map[string]bool{}
	for i, r := range o.Rules {
		r.validate(valid.At("Rules", i), v)
		name := r.withDefaults().Symbol
		v.If(seen[name], valid.At("Rules", i)+".Symbol", "%s is the symbol of another rule", name)
		seen[name] = true
	}
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "reputation", Doc: "knows what mail came from where", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	if o.Rules == nil {
		o.Rules = Default()
	}
	stored := &checks.Check{Name: "reputation", Doc: "looks up reputations in the store, and adds the message to them", Needs: checks.Needs{Store: true}}
	listed := &checks.Check{Name: "reputation_dns", Doc: "looks up reputations in DNS lists"}
	var inStore, inDNS []*rule
	for _, r := range o.Rules {
		made, err := compile(r.withDefaults())
		if err != nil {
			f.Err = err
			return f
		}
		c, to := stored, &inStore
		if r.Zone != "" {
			c, to = listed, &inDNS
		}
		*to = append(*to, made)
		c.Symbols = append(c.Symbols, made.symbols()...)
		c.Requires = merged(c.Requires, made.requires())
	}
	if len(inStore) > 0 {
		stored.Run = lookUp(inStore)
		f.Checks = append(f.Checks, stored)
	}
	if len(inDNS) > 0 {
		listed.Needs = checks.Needs{DNS: true, Queries: maxValues * len(inDNS)}
		listed.Run = ask(inDNS)
		f.Checks = append(f.Checks, listed)
	}
	return f
}

// merged adds requirements that are not there yet.
func merged(all, more []checks.Requirement) []checks.Requirement {
	has := map[string]bool{}
	for _, r := range all {
		has[r.Name()] = true
	}
	for _, r := range more {
		if !has[r.Name()] {
			has[r.Name()] = true
			all = append(all, r)
		}
	}
	return all
}

// symbols are those that the rule raises.
func (r *rule) symbols() []*symbols.Def {
	all := []*symbols.Def{r.spam}
	if r.ham != r.spam {
		all = append(all, r.ham)
	}
	if r.post != nil {
		all = append(all, r.post)
	}
	return all
}

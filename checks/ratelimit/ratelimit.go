// Package ratelimit puts mail off that comes faster than its limits allow: leaky
// buckets, to which every message adds its recipients and which lose them at a
// rate. It is Rspamd 4.1.6's ratelimit, with its names, rates and keys in the
// store: daemons of both kinds that share a Redis share their buckets.
//
// A message takes from all its buckets at once when it is looked at, before the
// other checks: if one has no room nothing is taken and the message is put off.
// What is put off in the end, by whomever, gives back what it took. So limits are
// exact whatever number of clients and machines there are.
//
// Options.Users are limits of what the site's users send. The one that reaches
// theirs first tells Options.Notice, as an account that was broken into does.
//
// Without limits the family does nothing, and without a store neither. A store
// that fails puts nothing off; Result.Incomplete then names the check.
package ratelimit

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Limits are the limits; none is none.
	Limits []Limit
	// Users are limits of what each of the site's users sends.
	Users Users
	// Symbol, if set, is raised by what exceeds a limit in place of putting it off.
	Symbol string
	// InfoSymbol is raised by what is put off; "" means RATELIMITED.
	InfoSymbol string
	// Dynamic lets the rate and the burst of each bucket grow with good mail and
	// shrink with bad, by Factors.
	Dynamic bool
	Factors Factors
	// Expire is how long a bucket is kept after its last message; 0 means 2 days.
	Expire time.Duration
	// ExemptRcpts are recipients that do not count, as addresses or local parts;
	// nil means postmaster and mailer-daemon. A message to these alone has no
	// limit, except those of Users.
	ExemptRcpts []string
	// ExemptNetworks and ExemptUsers are clients and users without limits.
	ExemptNetworks []netip.Prefix
	ExemptUsers    []string
	// BounceSenders are the local parts of senders of bounces; nil means
	// Rspamd's: the null sender, postmaster, mailer-daemon, null,
	// fetchmail-daemon and mdaemon.
	BounceSenders []string
	// FoldPlus counts "user+tag" as "user", in senders, recipients and users.
	FoldPlus bool
	// Message makes the text of the reply; nil means Rspamd's: Ratelimit "name"
	// exceeded. A bucket's own Message comes first. The configuration digest does
	// not know it.
	Message func(Limited) string `json:"-"`
	// Notice is told of the first message that exceeds a limit of Users, or one
	// with Notify: once for each incident, on whichever machine it is. It is called
	// before Scan returns, by several goroutines at once, and not in replays.
	Notice func(context.Context, Incident) `json:"-"`
}

// A Limit is what Rspamd calls a rate.
type Limit struct {
	// Name says what has a bucket of its own: words joined by "_", of from, to,
	// ip, rip (not of the own networks), user, bounce (only mail of
	// Options.BounceSenders), asn, digest (the content), attachments and files
	// (their content and names). A message that lacks one of them has no such limit.
	Name string
	// Buckets all have to have room.
	Buckets []Bucket
	// Selector, if set, says what has a bucket of its own in place of Name, which
	// then is any name: each of the texts. Limits whose burst, rate and text are
	// the same share a bucket. It may ask the packages relay and aliases. The
	// configuration digest does not know it.
	Selector func(*checks.Task) []string `json:"-"`
	// Select is the same as a selector in Rspamd's language (package selector), whose
	// several parts are joined by ":". At most one of the two is set.
	Select string
	// EachRcpt gives each recipient its own bucket for the word "to", to which a
	// message adds one; else the first has it, and gets all that is added.
	EachRcpt bool
	// Notify tells Options.Notice.
	Notify bool
}

// A Bucket is one of the rates of a limit.
type Bucket struct {
	// Burst is what it holds, above 0, and Rate what it loses in a second.
	Burst, Rate float64
	// PerMessage adds one for each message, whatever the number of recipients
	// (Rspamd's skip_recipients).
	PerMessage bool
	// Symbol, if set, is raised in place of putting the message off.
	Symbol string
	// Message is the text of the reply, "" for that of the options.
	Message string
	// NoSoftReject raises the symbols and does not put the message off.
	NoSoftReject bool
	// Factors, if any is set, make this bucket dynamic.
	Factors Factors
}

// Factors are what the rate and the burst of a bucket are multiplied with by a
// good and by a bad message, and the bounds [1/Max, Max] of the products. 0 means
// that of the options, and there 1.01, 0.99, 1.02, 0.98, 5 and 10.
type Factors struct {
	HamRate, SpamRate, HamBurst, SpamBurst float64
	MaxRate, MaxBurst                      float64
}

// Limited is a limit that a message exceeds.
type Limited struct {
	Limit  string // its name
	Value  string // what has the bucket
	Key    string // the bucket's name in the store
	Bucket Bucket
	Level  float64 // what was in the bucket
	N      float64 // what the message would have added
	First  bool    // it is the first since there was room

	notify bool
}

// An Incident is the beginning of a time in which a limit is exceeded. It is over
// when no message has exceeded it for as long as a full bucket takes to empty.
type Incident struct {
	Limited
	Time time.Time
	User string // who logged in, or whom bounces come back to; "": unknown
}

// newSymbol makes a symbol with an operator's name.
func newSymbol(name string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"ratelimit"}, Doc: "the message exceeds a limit of rates; the options name the limit and its bucket"}
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("ratelimit")
	names := make(map[string]bool, len(o.Limits))
	for i, l := range o.Limits {
		l.validate(v, valid.At("Limits", i))
		v.If(names[l.Name], valid.At("Limits", i)+".Name", "%q is there twice", l.Name)
		names[l.Name] = true
	}
	o.Users.validate(v)
	v.If(o.Expire < 0, "Expire", "%v is negative", o.Expire)
	o.Factors.validate(v, "Factors")
	v.Networks("ExemptNetworks", o.ExemptNetworks)
	v.Words("ExemptRcpts", o.ExemptRcpts)
	v.Words("ExemptUsers", o.ExemptUsers)
	for _, s := range []struct{ field, name string }{{"Symbol", o.Symbol}, {"InfoSymbol", o.InfoSymbol}} {
		if s.name != "" {
			v.Symbol(s.field, s.name)
		}
	}
	return v.Err()
}

func (l Limit) validate(v *valid.Fields, field string) {
	v.If(l.Name == "", field+".Name", "missing")
	v.If(l.Selector != nil && l.Select != "", field+".Select", "it is not asked beside Selector")
	if l.Select != "" {
		if _, err := l.parsed(); err != nil {
			v.Add(field+".Select", "%v", err)
		}
	}
	if !l.own() && l.Name != "" {
		if word, ok := unknownWord(l.Name); ok {
			v.Add(field+".Name", "%q has the word %q, which is none of %s", l.Name, word, wordList())
		}
	}
	v.If(l.EachRcpt && !slices.Contains(wordsOf(l.Name), "to"), field+".EachRcpt", "%q has no word to", l.Name)
	v.If(len(l.Buckets) == 0, field+".Buckets", "missing")
	validateBuckets(v, field+".Buckets", l.Buckets)
}

// own tells that a selector, and not the name, says what has a bucket.
func (l Limit) own() bool { return l.Selector != nil || l.Select != "" }

// parsed reads Select.
func (l Limit) parsed() (*selector.Selector, error) {
	return selector.Parse(l.Select, selector.Options{Delimiter: ":"})
}

func validateBuckets(v *valid.Fields, field string, list []Bucket) {
	for i, b := range list {
		at := valid.At(field, i)
		v.If(!(b.Burst > 0) || b.Burst > 1e12, at+".Burst", "%v is not above 0", b.Burst)
		v.If(!(b.Rate >= 0) || b.Rate > 1e12, at+".Rate", "%v is no rate", b.Rate)
		if b.Symbol != "" {
			v.Symbol(at+".Symbol", b.Symbol)
		}
		b.Factors.validate(v, at+".Factors")
	}
}

func (f Factors) validate(v *valid.Fields, field string) {
	for _, n := range []struct {
		name  string
		value float64
	}{{"HamRate", f.HamRate}, {"SpamRate", f.SpamRate}, {"HamBurst", f.HamBurst}, {"SpamBurst", f.SpamBurst}} {
		v.If(!(n.value >= 0) || n.value > 1000, field+"."+n.name, "%v is not between 0 and 1000", n.value)
	}
	v.If(f.MaxRate != 0 && !(f.MaxRate >= 1 && f.MaxRate <= 1e6), field+".MaxRate", "%v is not between 1 and 1000000", f.MaxRate)
	v.If(f.MaxBurst != 0 && !(f.MaxBurst >= 1 && f.MaxBurst <= 1e6), field+".MaxBurst", "%v is not between 1 and 1000000", f.MaxBurst)
}

// or fills what is 0.
func (f Factors) or(g Factors) Factors {
	for _, p := range []struct{ field, preset *float64 }{
		{&f.HamRate, &g.HamRate}, {&f.SpamRate, &g.SpamRate}, {&f.HamBurst, &g.HamBurst}, {&f.SpamBurst, &g.SpamBurst},
		{&f.MaxRate, &g.MaxRate}, {&f.MaxBurst, &g.MaxBurst},
	} {
		if *p.field == 0 {
			*p.field = *p.preset
		}
	}
	return f
}

func (o Options) withDefaults() Options {
	if o.Expire == 0 {
		o.Expire = storage.DefaultLasts
	}
	if o.ExemptRcpts == nil {
		o.ExemptRcpts = []string{"postmaster", "mailer-daemon"}
	}
	if o.BounceSenders == nil {
		o.BounceSenders = []string{"", "postmaster", "mailer-daemon", "null", "fetchmail-daemon", "mdaemon"}
	}
	o.Factors = o.Factors.or(Factors{1.01, .99, 1.02, .98, 5, 10})
	return o
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "ratelimit", Doc: "puts mail off that comes faster than its limits", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	r := &rule{Options: o.withDefaults(), defs: map[string]*symbols.Def{}}
	r.limits = compile(append(slices.Clone(o.Limits), r.Users.limits(r)...))
	if r.Users.Distinct.Recipients > 0 {
		f.Checks = []*checks.Check{r.distinctCheck()}
	}
	if len(r.limits) == 0 {
		return f
	}
	c := &checks.Check{
		Name: "ratelimit_check", Doc: "takes from the buckets of the message's limits", Stage: checks.Early, Priority: 5,
		Requires: checks.Facts(relay.Fact, aliases.Fact),
		Needs:    checks.Needs{Store: true}, Symbols: r.symbols(), Run: r.run,
	}
	if slices.ContainsFunc(r.limits, func(l compiled) bool { return l.asn }) {
		// Who asks for the client's network waits for the answer.
		c.Stage, c.Priority, c.Requires = checks.Main, 0, append(c.Requires, checks.Facts(asn.Fact)...)
	}
	f.Checks = append(f.Checks, c)
	return f
}

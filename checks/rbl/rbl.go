// Package rbl asks DNS lists about a message: block lists of addresses
// (DNSBL), lists of trusted servers (DNSWL), lists of domains in URLs (SURBL,
// URIBL, DBL) and lists of hashed mail addresses are all data for one engine.
//
// A list is a zone in DNS. A value of the message, reversed if it is an address
// and hashed if the list hides what it has, is looked up under the zone (RFC
// 5782): an A record in 127.0.0.0/8 means that the list has the value, and its
// address says as what. A List says what to ask about and which symbols the
// answers raise; Default holds those of Rspamd 4.1.6.
//
// Everything that doesn't depend on another answer is asked at once. Only
// questions that a white list may spare wait for the white lists.
//
// Lists sometimes refuse to answer, and say so with an answer that a naive
// client takes for a listing, or are given up and list the whole world. See
// Health for what is done about it.
package rbl

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options is what the operator may choose.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Lists replaces Default; More adds to it.
	Lists, More []List
	// Without names lists that are left out.
	Without []string
	// Keys are the secrets that labels in braces stand for in zones: with
	// "dqs" here, zone "{dqs}.zen.dq.spamhaus.net" is asked under the key.
	// The secrets are in no symbol, option, evidence, log or transcript.
	Keys map[string]string `json:"-"`
	// Known are domains that lists of names are not asked about, because they
	// are on no list, or wrongly on one. Nil means Known(); NoKnown means that
	// there are none.
	Known   []string
	NoKnown bool
	// MaxQueries bounds the questions of one scan; 0 means 256. Where a
	// message gives more, each list gets the same share of them.
	MaxQueries int
	// NoMonitoring turns off the health checks, and no list is ever taken out
	// of use.
	NoMonitoring bool
	// Interval is the time between health checks, 0 means 5 minutes. Pause is
	// how long a list that refused to answer is left alone, 0 means an hour.
	Interval, Pause time.Duration
	// OnState, if set, is called when the state of a list changes. It must not
	// block.
	OnState func(State) `json:"-"`
}

// Defaults of Options.
const (
	DefaultMaxQueries = 256
	DefaultInterval   = 5 * time.Minute
	DefaultPause      = time.Hour
)

func (o Options) withDefaults() Options {
	if o.Lists == nil {
		o.Lists = Default()
	}
	o.Lists = slices.Concat(o.Lists, o.More)
	o.More = nil
	if o.MaxQueries == 0 {
		o.MaxQueries = DefaultMaxQueries
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	if o.Pause == 0 {
		o.Pause = DefaultPause
	}
	if o.Known == nil && !o.NoKnown {
		o.Known = Known()
	}
	return o
}

// An engine holds the lists made ready for use.
type engine struct {
	opt    Options
	lists  []*list
	known  map[string]bool
	white  map[string]bool // labels that white lists are asked about
	health *health
}

// New returns the family: one check for what is known of the client when it
// connects, and one for the rest.
func New(o Options) *checks.Family {
	e, all, err := newEngine(o)
	f := &checks.Family{Name: "rbl", Doc: "DNS lists of addresses, domains, URLs and mail addresses", Config: o.config(), Err: err}
	if o.Off || f.Err != nil {
		return f
	}
	f.Switches = e.switches()
	o = e.opt
	client, message := half{e, true}, half{e, false}
	clientDefs := e.early(all)
	if len(clientDefs) > 0 {
		f.Checks = append(f.Checks, &checks.Check{
			Name:     "rbl-client",
			Doc:      "DNS lists of addresses, asked about the client",
			Symbols:  clientDefs,
			Requires: checks.Facts(relay.Fact, rdns.Fact),
			Needs:    checks.Needs{DNS: true, Queries: client.most(), Phase: checks.Connect},
			Run:      func(ctx context.Context, t *checks.Task) error { client.run(ctx, t); return nil },
		})
	}
	f.Checks = append(f.Checks, &checks.Check{
		Name:     "rbl",
		Doc:      "DNS lists of addresses, domains, URLs and mail addresses",
		Symbols:  slices.DeleteFunc(all.all, func(d *symbols.Def) bool { return slices.Contains(clientDefs, d) }),
		Requires: e.requires(),
		Needs:    checks.Needs{DNS: true, Queries: o.MaxQueries},
		Secrets:  e.secrets(),
		Run:      func(ctx context.Context, t *checks.Task) error { message.run(ctx, t); return nil },
		Start:    func(ctx context.Context, env *checks.Env) error { return e.health.start(ctx, env) },
	})
	return f
}

// Validate returns what is wrong with the options: the list and its field.
func (o Options) Validate() error {
	_, _, err := newEngine(o)
	return err
}

// config returns the options without the secrets: only the names of the keys
// count.
func (o Options) config() any {
	o = o.withDefaults()
	lists, known := checks.Digest(o.Lists), checks.Digest(o.Known)
	o.Lists, o.Known = nil, nil
	return struct {
		Options
		Lists, Known string
		Keys         []string
	}{o, lists, known, slices.Sorted(maps.Keys(o.Keys))}
}

// validate notes what is wrong with the options other than the lists.
func (o Options) validate(v *valid.Fields) {
	v.Words("Known", o.Known)
	v.If(o.NoKnown && len(o.Known) > 0, "NoKnown", "Known has some")
	v.Number("MaxQueries", int64(o.MaxQueries), 0, 10000)
	v.If(o.Interval < 0, "Interval", "%v is negative", o.Interval)
	v.If(o.Pause < 0, "Pause", "%v is negative", o.Pause)
}

func newEngine(o Options) (*engine, *defs, error) {
	v := valid.Of("rbl")
	o.validate(v)
	given := len(o.Lists)
	if o.Lists == nil {
		given = len(Default())
	}
	o = o.withDefaults()
	e := &engine{opt: o, known: map[string]bool{}, white: map[string]bool{}}
	all := newDefs()
	symbols, names := map[string]bool{}, map[string]bool{}
	for i, l := range o.Lists {
		at := valid.At("Lists", i) + "."
		if i >= given {
			at = valid.At("More", i-given) + "."
		}
		v.If(names[l.name()] && l.Symbol != "", at+"Name", "another list is %q too", l.name())
		v.If(symbols[l.Symbol], at+"Symbol", "another list has %q too", l.Symbol)
		if symbols[l.Symbol] {
			continue
		}
		symbols[l.Symbol], names[l.name()] = l.Symbol != "", true
		if slices.Contains(o.Without, l.name()) {
			continue
		}
		c, field, err := compile(l, o.Keys, all)
		if err != nil {
			v.Add(at+field, "%w (list %q)", err, l.name())
			continue
		}
		e.lists = append(e.lists, c)
		if l.White {
			for w := range maps.Keys(c.asks) {
				e.white[w.label()] = true
			}
		}
	}
	for i, name := range o.Without {
		v.If(!names[name], valid.At("Without", i), "there is no list %q", name)
	}
	for _, d := range o.Known {
		e.known[mail.DomainKey(d)] = true
	}
	e.health = newHealth(o, e.lists)
	return e, all, v.Err()
}

// switches are the names of Rspamd's functions: one for each list, SYMBOL_CHECK.
func (e *engine) switches() map[string][]*symbols.Def {
	all := map[string][]*symbols.Def{}
	for _, l := range e.lists {
		name := l.Symbol + "_CHECK"
		for _, own := range l.defs {
			for _, d := range append(slices.Clip(own), l.fail) {
				if d != nil && !slices.Contains(all[name], d) {
					all[name] = append(all[name], d)
				}
			}
		}
	}
	return all
}

// requires are what the message's half reads.
func (e *engine) requires() []checks.Requirement {
	list := checks.Facts(relay.Fact, rdns.Fact, dkim.Fact, aliases.Fact)
	for _, l := range e.lists {
		for _, r := range l.requires {
			if !slices.ContainsFunc(list, func(o checks.Requirement) bool { return o.Name() == r.Name() }) {
				list = append(list, r)
			}
		}
	}
	return list
}

// secrets returns the zones that hold keys, and what is asked instead.
func (e *engine) secrets() map[string]string {
	all := map[string]string{}
	for _, l := range e.lists {
		labels := strings.Split(l.zone, ".")
		masked := false
		for i, label := range labels {
			if name, ok := placeholder(label); ok {
				labels[i], masked = e.opt.Keys[name], true
			}
		}
		if masked {
			all[l.zone] = strings.Join(labels, ".")
		}
	}
	return all
}

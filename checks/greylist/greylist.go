// Package greylist puts suspicious mail off once: whoever sends it again after
// a while, as mail servers do and much abuse does not, gets through. It is
// Rspamd 4.1.6's greylist, with its times, keys and values in the store, so that
// a site can go from one to the other with what is known kept.
//
// Only mail whose action is more than "no action" and less than "reject" is put
// off. A message is known again by its content and recipients, or by its sender,
// recipients and the client's network; beyond Rspamd by the domain whose DKIM
// signature verified, which large senders keep when they change the client, and
// a client from which mail has passed before is not put off again.
//
// The family is off unless standard.Options.Greylist is set, and needs a store.
// A store that fails puts off nothing.
package greylist

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Timeout is how long mail is put off; 0 means 5 minutes. Expire is how long
	// a message is known, from its last coming on; 0 means a day.
	Timeout, Expire time.Duration
	// HostExpire is how long a client from which mail passed is trusted, from
	// the last time on; 0 means 36 days, a negative one that none is.
	HostExpire time.Duration
	// Message is the text of the reply; "" means "Try again later". ReportTime
	// adds when the wait ends.
	Message    string
	ReportTime bool
	// Action is the action of mail that is put off: actions.SoftReject, which ""
	// means, or actions.Greylist for hosts that tell the two apart (Exim's
	// clients of Rspamd do). Both are replied with 451.
	Action actions.Action
	// MinScore is the score from which on mail is put off, whatever its action;
	// nil means by action alone.
	MinScore *float64
	// IPv4Bits and IPv6Bits are how many bits of the client's address count; 0
	// means 19 and 64.
	IPv4Bits, IPv6Bits int
	// MaxBody is how many bytes of the body count; 0 means 10 KiB.
	MaxBody int
	// NoDKIM does not know mail again by its signature.
	NoDKIM bool
	// CheckLocal and CheckAuthenticated also put off mail from the own networks
	// and of users.
	CheckLocal, CheckAuthenticated bool
	// Networks, Hosts and Symbols are not put off: clients by address, by name
	// or registered domain of the name, and messages that raise a symbol.
	Networks []netip.Prefix
	Hosts    []string
	Symbols  []string
}

// Found is the symbol of the family. Its options are "greylisted", when the wait
// ends, and why ("new record", "too early" when both keys are young, else "body",
// "meta" or "dkim"); or "pass" and by what the message was known.
var Found = &symbols.Def{
	Name: "GREYLIST", Groups: []string{"greylist"},
	Doc: "the message is put off until it comes again, or has come again after the wait",
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("greylist")
	v.If(o.Timeout < 0, "Timeout", "%v is negative", o.Timeout)
	v.If(o.Expire < 0, "Expire", "%v is negative", o.Expire)
	v.If(o.Timeout >= 0 && o.Expire >= 0 && o.withDefaults().Expire <= o.withDefaults().Timeout, "Expire", "mail is forgotten before it may come again")
	v.If(o.Action != "" && o.Action != actions.SoftReject && o.Action != actions.Greylist, "Action", "%q puts nothing off", o.Action)
	v.If(o.MinScore != nil && (*o.MinScore != *o.MinScore || *o.MinScore > actions.Limit || *o.MinScore < -actions.Limit), "MinScore", "no score")
	v.Number("IPv4Bits", int64(o.IPv4Bits), 0, 32)
	v.Number("IPv6Bits", int64(o.IPv6Bits), 0, 128)
	v.Number("MaxBody", int64(o.MaxBody), 0, 1<<30)
	v.Networks("Networks", o.Networks)
	v.Domains("Hosts", o.Hosts)
	for i, s := range o.Symbols {
		v.Symbol(valid.At("Symbols", i), s)
	}
	return v.Err()
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field  *time.Duration
		preset time.Duration
	}{{&o.Timeout, 5 * time.Minute}, {&o.Expire, 24 * time.Hour}, {&o.HostExpire, 36 * 24 * time.Hour}} {
		if *d.field == 0 {
			*d.field = d.preset
		}
	}
	for _, d := range []struct {
		field  *int
		preset int
	}{{&o.IPv4Bits, 19}, {&o.IPv6Bits, 64}, {&o.MaxBody, 10 << 10}} {
		if *d.field == 0 {
			*d.field = d.preset
		}
	}
	if o.Message == "" {
		o.Message = "Try again later"
	}
	if o.Action == "" {
		o.Action = actions.SoftReject
	}
	return o
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "greylist", Doc: "puts suspicious mail off until it comes again", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	o = o.withDefaults()
	f.Checks = []*checks.Check{{
		Name: "greylist_check", Doc: "looks whether the message is known", Stage: checks.Early, Priority: 5,
		Provides: []checks.AnyFact{known}, Requires: checks.Facts(relay.Fact), Needs: checks.Needs{Store: true}, Run: o.look,
	}, {
		Name: "greylist_save", Doc: "puts off what is suspicious and not known", Stage: checks.Late, Priority: 5,
		Symbols:  []*symbols.Def{Found},
		Requires: append(checks.Facts(known, relay.Fact, dkim.Fact, mxcheck.Fact), checks.AllSymbols()),
		Needs:    checks.Needs{Store: true}, Run: o.save,
	}}
	return f
}

// A record is what the store knows of a message.
type record struct {
	Asked bool   // the store answered
	Pass  string // by what it is known for long enough; "" if it is not
	Early string // by what it is known for too short a time; "" if it is not
	Until time.Time
}

// known is the fact that the two checks share.
var known = checks.Fact[record]{Name: "greylist"}

// skips reports whether the message is nothing that is put off.
func (o Options) skips(t *checks.Task) bool {
	client := relay.Of(t)
	if !o.CheckLocal && client.Local || !o.CheckAuthenticated && t.Authenticated() || t.Store() == nil {
		return true
	}
	return slices.ContainsFunc(o.Networks, func(p netip.Prefix) bool { return p.Contains(client.IP) })
}

// look asks for what is known of the message and its client.
func (o Options) look(ctx context.Context, t *checks.Task) error {
	if o.skips(t) {
		return nil
	}
	keys := []string{o.bodyKey(t), o.metaKey(t)}
	if host := o.hostKey(t); host != "" {
		keys = append(keys, host)
	}
	values, err := t.Store().GetMany(ctx, keys)
	if err != nil {
		return nil // Result.Incomplete names the check, and nothing is put off.
	}
	r := record{Asked: true}
	o.judge(t, &r, "body", values[0])
	o.judge(t, &r, "meta", values[1])
	if r.Pass == "" && len(values) > 2 && values[2] != nil {
		r.Pass = "host"
	}
	known.Set(t, r)
	return nil
}

// judge adds what the value of a key says.
func (o Options) judge(t *checks.Task, r *record, name string, value []byte) {
	since, ok := stamp(value)
	switch until := since.Add(o.Timeout); {
	case !ok:
	case !t.Now().Before(until):
		r.Pass = cmp.Or(r.Pass, name)
	case r.Early != "":
		r.Early = "too early"
	default:
		r.Early, r.Until = name, until
	}
}

// stamp reads a value: seconds since 1970, as Rspamd writes them.
func stamp(value []byte) (time.Time, bool) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	return time.Unix(n, 0), err == nil
}

// save decides about the message when its action is known.
func (o Options) save(ctx context.Context, t *checks.Task) error {
	score, action := t.Verdict()
	r, ok := known.Get(t)
	switch {
	case t.DecidedBy() != nil || action == actions.Reject || action == actions.Discard:
		return nil
	case !ok || !r.Asked, o.MinScore != nil && score < *o.MinScore, o.trusted(t):
		t.Waive(actions.Greylist)
		return nil
	case action == actions.NoAction && !o.wanted(t, score):
		return nil
	}
	if r.Pass == "" && o.trustedHost(t) {
		r.Pass = "meta"
	}
	if r.Pass == "" && r.Early == "" {
		o.bySignature(ctx, t, &r)
	}
	switch {
	case r.Pass != "":
		t.Waive(actions.Greylist)
		t.Hit(Found, "pass", r.Pass)
		o.pass(ctx, t)
	case r.Early != "":
		o.putOff(t, r.Until, r.Early)
	case o.remember(ctx, t):
		o.putOff(t, t.Now().Add(o.Timeout), "new record")
	default: // it would be put off for ever
		t.Waive(actions.Greylist)
	}
	return nil
}

// wanted reports whether a message without an action is put off all the same:
// because of its score, or because its sender's MX does not answer now.
func (o Options) wanted(t *checks.Task, score float64) bool {
	if o.MinScore != nil && score >= *o.MinScore {
		return true
	}
	mx, _ := mxcheck.Fact.Get(t)
	return slices.ContainsFunc(mx, mxcheck.Verdict.Greylist)
}

// trusted reports whether a symbol says that the message needs no delay.
func (o Options) trusted(t *checks.Task) bool {
	if len(o.Symbols) == 0 {
		return false
	}
	raised := t.Names()
	return slices.ContainsFunc(o.Symbols, func(s string) bool { return slices.Contains(raised, s) })
}

// trustedHost reports whether the client's name is one of Hosts.
func (o Options) trustedHost(t *checks.Task) bool {
	host := mail.DomainKey(relay.Of(t).Name)
	if host == "" {
		return false
	}
	return slices.ContainsFunc(o.Hosts, func(h string) bool {
		h = mail.DomainKey(h)
		return h == host || h == publicsuffix.ESLDOrSelf(host)
	})
}

// putOff asks for the delay.
func (o Options) putOff(t *checks.Task, until time.Time, why string) {
	end := until.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	t.Hit(Found, "greylisted", end, why)
	message := o.Message
	if o.ReportTime {
		message = fmt.Sprintf("%s: %s", message, end)
	}
	t.PreResult(actions.PreResult{Action: o.Action, Message: message, Check: "greylist"}, Found)
}

// remember notes the message and reports whether the store has it.
func (o Options) remember(ctx context.Context, t *checks.Task) bool {
	return o.write(ctx, t, o.keys(t), strconv.FormatInt(t.Now().Unix(), 10), o.Expire)
}

// pass prolongs what is known of a message that came again in time, and trusts
// its client.
func (o Options) pass(ctx context.Context, t *checks.Task) {
	long := strconv.FormatInt(t.Now().Add(-o.Timeout).Unix(), 10)
	if !o.write(ctx, t, o.keys(t), long, o.Expire) {
		return
	}
	if host := o.hostKey(t); host != "" {
		o.write(ctx, t, []string{host}, long, o.HostExpire)
	}
}

func (o Options) write(ctx context.Context, t *checks.Task, keys []string, value string, expire time.Duration) bool {
	values := make([]storage.Value, len(keys))
	for i, key := range keys {
		values[i] = storage.Value{Key: key, Data: []byte(value)}
	}
	return storage.SetMany(ctx, t.Store(), values, expire) == nil // else Result.Incomplete names the check
}

// Release lets a message of a sender to recipients, by a client, through at once
// when it comes again, as an operator may want. The addresses are those of the
// envelope.
func Release(ctx context.Context, store storage.KV, o Options, client netip.Addr, from string, rcpts ...string) error {
	o = o.withDefaults()
	key := o.envelopeKey(from, rcpts, client)
	if err := store.Set(ctx, key, []byte("0"), o.Expire); err != nil {
		return fmt.Errorf("greylist: %w", err)
	}
	return nil
}

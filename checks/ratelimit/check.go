package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Found is the symbol of what is put off, unless the options name another. Its
// options are the limits that are exceeded, with their buckets: "name(key)".
var Found = newSymbol("RATELIMITED")

// A rule is the family's check.
type rule struct {
	Options
	limits []compiled // with those of Users
	defs   map[string]*symbols.Def
}

// compiled is a limit with the words of its name.
type compiled struct {
	Limit
	words []word
	asn   bool // it asks for the client's network, beside the facts of relay and aliases
}

func compile(limits []Limit) []compiled {
	known := words()
	list := make([]compiled, len(limits))
	for i, l := range limits {
		list[i].Limit = l
		switch {
		case l.Selector != nil:
		case l.Select != "":
			s, _ := l.parsed() // Validate read it
			list[i].Selector = s.Eval
			list[i].asn = slices.ContainsFunc(s.Requires(), func(n checks.Requirement) bool {
				_, is := n.Fact.(checks.Fact[asn.Result])
				return is
			})
		default:
			for _, w := range wordsOf(l.Name) {
				list[i].words = append(list[i].words, known[w])
				list[i].asn = list[i].asn || w == "asn"
			}
		}
	}
	return list
}

// symbols makes those that the options name.
func (r *rule) symbols() []*symbols.Def {
	r.InfoSymbol = cmp.Or(r.InfoSymbol, Found.Name)
	names := []string{r.InfoSymbol}
	if r.Symbol != "" {
		names[0] = r.Symbol
	}
	for _, l := range r.limits {
		for _, b := range l.Buckets {
			if b.Symbol != "" {
				names = append(names, b.Symbol)
			}
		}
	}
	var list []*symbols.Def
	for _, name := range names {
		if r.defs[name] != nil {
			continue
		}
		d := Found
		if name != Found.Name {
			d = newSymbol(name)
		}
		r.defs[name] = d
		list = append(list, d)
	}
	return list
}

// A claim is one bucket of a message.
type claim struct {
	storage.Claim
	limit  *Limit
	bucket *Bucket
	value  string
}

func (r *rule) run(ctx context.Context, t *checks.Task) error {
	if t.Store() == nil || r.exempt(t) {
		return nil
	}
	list := r.claims(t)
	if len(list) == 0 {
		return nil
	}
	claims := make([]storage.Claim, len(list))
	for i := range list {
		claims[i] = list[i].Claim
	}
	buckets, err := t.Store().TakeAll(ctx, claims, t.Now())
	if err != nil || len(buckets) != len(claims) {
		return nil // Result.Incomplete names the check, and nothing is put off.
	}
	taken := true
	var exceeded []Limited
	for i, b := range buckets {
		if taken = taken && (b.OK || list[i].Over); !b.OK {
			exceeded = append(exceeded, list[i].limited(b))
		}
	}
	for i := range exceeded {
		if taken { // it was added all the same
			exceeded[i].Level -= exceeded[i].N
		}
	}
	if len(exceeded) > 0 {
		r.report(t, exceeded)
	}
	r.settle(t, list, exceeded, taken)
	return nil
}

// exempt reports whether the message has no limits at all.
func (r *rule) exempt(t *checks.Task) bool {
	ip := relay.Of(t).IP
	if slices.ContainsFunc(r.ExemptNetworks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return true
	}
	user := keyed(r.fold(t.Envelope().User))
	return user != "" && slices.ContainsFunc(r.ExemptUsers, func(u string) bool { return keyed(r.fold(u)) == user })
}

// counted is how many recipients count, and whether others are exempt.
func (r *rule) counted(t *checks.Task) (n int, others bool) {
	for _, a := range t.Message().EnvelopeRcpts() {
		if r.exemptRcpt(a) {
			others = true
		} else {
			n++
		}
	}
	return n, others
}

func (r *rule) exemptRcpt(a mail.Address) bool {
	key := a.Key()
	return slices.ContainsFunc(r.ExemptRcpts, func(e string) bool { return strings.EqualFold(e, a.User) || keyed(e) == key })
}

// claims are the buckets of the message, each once.
func (r *rule) claims(t *checks.Task) []claim {
	var list []claim
	seen := map[string]bool{}
	n, others := r.counted(t)
	for i := range r.limits {
		l := &r.limits[i]
		users := i >= len(r.Options.Limits)
		if !users && others && (n == 0 || t.Exact()) {
			continue
		}
		adds := float64(max(1, n))
		if users { // whom mail is for does not matter
			adds = float64(max(1, len(t.Envelope().Rcpts)))
		}
		for _, value := range r.values(l, t) {
			for j := range l.Buckets {
				c := r.claim(&l.Limit, &l.Buckets[j], value, adds)
				if !seen[c.Name] {
					seen[c.Name] = true
					list = append(list, c)
				}
			}
		}
	}
	return list
}

// values are what has a bucket of its own in a limit.
func (r *rule) values(l *compiled, t *checks.Task) []string {
	if l.Selector != nil {
		return l.Selector(t)
	}
	all := []string{""}
	names := wordsOf(l.Name)
	for i, word := range l.words {
		values := word(r, t)
		if names[i] == "to" && l.EachRcpt {
			values = nil
			for _, a := range recipients(t) {
				if !r.exemptRcpt(a) && a.Addr != "" {
					values = append(values, r.fold(a.Key()))
				}
			}
		}
		var longer []string
		for _, before := range all {
			for _, v := range values {
				if i > 0 {
					v = before + ":" + v
				}
				longer = append(longer, v)
			}
		}
		all = longer
	}
	return all
}

func (r *rule) claim(l *Limit, b *Bucket, value string, adds float64) claim {
	id := burstID(*b)
	if l.Selector != nil {
		id += ":" + plain(b.Rate)
	}
	if b.PerMessage || l.EachRcpt {
		adds = 1
	}
	label := fmt.Sprintf("%s %s %s %s", plain(b.Burst), plain(b.Rate), l.Name, value)
	return claim{limit: l, bucket: b, value: value, Claim: storage.Claim{Name: keyOf(id + ":" + value), Draw: storage.Draw{
		Rate: b.Rate, Burst: b.Burst, N: adds, Lasts: r.Expire, Fixed: !r.dynamic(b),
		Over: b.Symbol != "" || b.NoSoftReject || r.Symbol != "", Label: label[:min(len(label), storage.MaxLabel)],
	}}}
}

func (r *rule) dynamic(b *Bucket) bool { return r.Dynamic || b.Factors != Factors{} }

func (c *claim) limited(b storage.Bucket) Limited {
	return Limited{
		Limit: c.limit.Name, Value: c.value, Key: c.Name, Bucket: *c.bucket, Level: b.Level, N: c.N, First: b.First, notify: c.limit.Notify,
	}
}

// report raises the symbols of what is exceeded, and puts the message off.
func (r *rule) report(t *checks.Task, exceeded []Limited) {
	off := false
	hits := map[string][]string{}
	var order []string
	for _, l := range exceeded {
		name := cmp.Or(l.Bucket.Symbol, r.Symbol, r.InfoSymbol)
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
		hits[name] = append(hits[name], fmt.Sprintf("%s(%s)", l.Limit, l.Key))
		if !off && l.Bucket.Symbol == "" && r.Symbol == "" && !l.Bucket.NoSoftReject {
			off = true
			t.PreResult(actions.PreResult{Action: actions.SoftReject, Message: r.message(l), Check: "ratelimit"})
		}
	}
	for _, name := range order {
		t.Hit(r.defs[name], hits[name]...)
	}
}

func (r *rule) message(l Limited) string {
	if l.Bucket.Message == "" && r.Message != nil {
		return r.Message(l)
	}
	return cmp.Or(l.Bucket.Message, fmt.Sprintf("Ratelimit %q exceeded", l.Limit))
}

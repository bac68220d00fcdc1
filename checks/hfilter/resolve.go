package hfilter

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// maxMX is how many mail servers of one host are looked up.
const maxMX = 5

// maxQueries is how many questions one host takes at most.
const maxQueries = 3 + 2*maxMX

// A verdict names the symbols that one kind of host gets.
type verdict struct {
	notFQDN, noAddress, deadMX *symbols.Def
	otherIP                    *symbols.Def // nil: any address will do
}

func (v verdict) symbols() []*symbols.Def {
	list := []*symbols.Def{v.notFQDN, v.noAddress, v.deadMX}
	if v.otherIP != nil {
		list = append(list, v.otherIP)
	}
	return list
}

// judge looks up host: it should have the address ip, or at least some address,
// or else a mail server that has one.
//
// A question without an answer, whatever the reason, says nothing about the
// host. SERVFAIL for the mail servers alone, after the questions for addresses
// were answered, tells that the domain's servers are broken, not the resolver:
// it counts as a missing record. Rspamd 4.1.6 (checks.Task.Exact) takes every
// SERVFAIL for one.
func (v verdict) judge(ctx context.Context, t *checks.Task, host string, ip netip.Addr) {
	host = mail.DomainKey(host)
	if !isFQDN(host) {
		t.Hit(v.notFQDN, host)
		return
	}
	found := read(resolver.LookupAll(ctx, t.Resolver(), addressQuestions(host)...), t.Exact())
	if v.otherIP != nil && !found.failed && !found.has(ip) {
		t.HitAt(symbols.Hit{
			Def: v.otherIP, Factor: 1, Options: []string{host},
			Evidence: []symbols.Evidence{{Query: found.question(host), Answer: found.text()}},
		})
	}
	if found.none() {
		v.judgeMX(ctx, t, host)
	}
}

// judgeMX looks at the mail servers of a host without address.
func (v verdict) judgeMX(ctx context.Context, t *checks.Task, host string) {
	q := resolver.Question{Name: host, Type: resolver.TypeMX}
	a, err := t.Resolver().Lookup(ctx, q.Name, q.Type)
	if isNone(err) {
		t.HitAt(symbols.Hit{
			Def: v.noAddress, Factor: 1, Options: []string{host},
			Evidence: []symbols.Evidence{{Query: q.String(), Answer: err.Error()}},
		})
		return
	}
	if err != nil {
		return
	}
	var names []string
	var questions []resolver.Question
	refuses := false // RFC 7505
	records := a.OfType(resolver.TypeMX)
	slices.SortFunc(records, func(a, b resolver.Record) int { // servers give them in any order
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), strings.Compare(a.Host, b.Host))
	})
	for _, r := range records {
		switch {
		case len(names) == maxMX:
		case r.Host == ".":
			refuses = true
		default:
			names = append(names, r.Host)
			questions = append(questions, addressQuestions(r.Host)...)
		}
	}
	if refuses {
		v.dead(t, q, ".")
	}
	replies := resolver.LookupAll(ctx, t.Resolver(), questions...)
	for i, name := range names {
		if read(replies[2*i:2*i+2], t.Exact()).none() {
			v.dead(t, q, name)
		}
	}
}

// dead raises the symbol of a mail server without address.
func (v verdict) dead(t *checks.Task, q resolver.Question, name string) {
	t.HitAt(symbols.Hit{
		Def: v.deadMX, Factor: 1, Options: []string{name},
		Evidence: []symbols.Evidence{{Query: q.String(), Answer: name}},
	})
}

// addresses are what is known of a host's addresses.
type addresses struct {
	ips    []netip.Addr
	failed bool // a question got no answer: there may be more
	silent bool // so that it is not known whether there are any
}

func addressQuestions(host string) []resolver.Question {
	return []resolver.Question{{Name: host, Type: resolver.TypeA}, {Name: host, Type: resolver.TypeAAAA}}
}

// isNone reports whether err tells that there is no such record, or that the
// servers of the domain are broken.
func isNone(err error) bool {
	e, ok := errors.AsType[*resolver.Error](err)
	return ok && e.Kind == resolver.KindServFail || resolver.IsNotFound(err)
}

// read takes the addresses from replies; exact means that SERVFAIL counts as a
// missing record.
func read(replies []resolver.Reply, exact bool) (a addresses) {
	for _, r := range replies {
		a.failed = a.failed || resolver.IsTemporary(r.Err)
		a.silent = a.silent || resolver.IsTemporary(r.Err) && !(exact && isNone(r.Err))
		for _, rec := range r.Answer.Records {
			if rec.IP.IsValid() {
				a.ips = append(a.ips, rec.IP.Unmap())
			}
		}
	}
	return a
}

// none reports whether there is no address.
func (a addresses) none() bool { return !a.silent && len(a.ips) == 0 }

func (a addresses) has(ip netip.Addr) bool {
	for _, x := range a.ips {
		if x == ip.Unmap() {
			return true
		}
	}
	return false
}

func (addresses) question(host string) string { return host + " A, AAAA" }

// maxShown bounds the addresses that evidence shows.
const maxShown = 8

func (a addresses) text() string {
	var list []string
	for _, ip := range a.ips[:min(len(a.ips), maxShown)] {
		list = append(list, ip.String())
	}
	if len(a.ips) > maxShown {
		list = append(list, "…")
	}
	return strings.Join(list, " ")
}

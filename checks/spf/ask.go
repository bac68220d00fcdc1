package spf

import (
	"context"
	"errors"

	"github.com/winnowmail/winnow/resolver"
)

// An asker asks each question of an evaluation once.
type asker struct {
	ctx      context.Context
	resolver resolver.Resolver
	known    map[resolver.Question]resolver.Reply
	noDNS    bool // the resolver has no DNS to ask
}

func (a *asker) ask1(name string, qtype uint16) resolver.Reply {
	return a.ask(resolver.Question{Name: name, Type: qtype})[0]
}

// ask returns the replies in the order of the questions; those not yet known go
// out together. A name that DNS can't hold counts as one that does not exist.
func (a *asker) ask(questions ...resolver.Question) []resolver.Reply {
	if a.known == nil {
		a.known = map[resolver.Question]resolver.Reply{}
	}
	var open []resolver.Question
	for i, q := range questions {
		valid := validName(q.Name) // as it is: Canonical makes some bytes four
		q.Name = resolver.Canonical(q.Name)
		questions[i] = q
		if _, ok := a.known[q]; ok {
			continue
		}
		a.known[q] = resolver.Reply{Err: &resolver.Error{Name: q.Name, Type: q.Type, Kind: resolver.KindNXDomain}}
		if valid {
			open = append(open, q)
		}
	}
	if len(open) > 0 {
		for i, r := range resolver.LookupAll(a.ctx, a.resolver, open...) {
			a.known[open[i]] = r
			a.noDNS = a.noDNS || errors.Is(r.Err, resolver.ErrNoDNS)
		}
	}
	replies := make([]resolver.Reply, len(questions))
	for i, q := range questions {
		replies[i] = a.known[q]
	}
	return replies
}

// lookAhead asks the questions of a record's terms together before their turn
// comes, up to the first term that decides without DNS. That changes how long
// an evaluation takes, not its result.
func (e *evaluation) lookAhead(rec *record, domain string, included bool) {
	left := e.Limits.Lookups - max(e.lookups, e.ahead)
	var questions []resolver.Question
	decided := false
	for i := range rec.terms {
		t := &rec.terms[i]
		if matched, local := e.matchLocal(t, included); local {
			if decided = matched; decided {
				break
			}
			continue
		}
		if left <= len(questions) {
			break // the rest is beyond the limit
		}
		if q, ok := e.question(t, domain); ok {
			questions = append(questions, q)
		}
	}
	if !decided && rec.redirect != nil && left > len(questions) && !rec.redirect.uses("p") {
		if name, ok := e.expandDomain(rec.redirect, domain); ok {
			questions = append(questions, resolver.Question{Name: name, Type: resolver.TypeTXT})
		}
	}
	if len(questions) > 1 {
		e.ahead += len(questions)
		e.ask(questions...)
	}
}

// question returns the first question of a term that asks DNS, if it follows
// from what is known already.
func (e *evaluation) question(t *term, domain string) (resolver.Question, bool) {
	if t.kind == kindPTR {
		return resolver.Question{Name: resolver.Reverse(e.IP), Type: resolver.TypePTR}, true
	}
	if t.target != nil && t.target.uses("p") {
		return resolver.Question{}, false
	}
	name, ok := e.target(t, domain)
	q := resolver.Question{Name: name}
	switch t.kind {
	case kindInclude:
		q.Type = resolver.TypeTXT
	case kindMX:
		q.Type = resolver.TypeMX
	case kindExists:
		q.Type = resolver.TypeA
	default:
		q.Type = e.addressType()
	}
	return q, ok
}

package rbl

import (
	"context"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
)

// A request is one question of one list, for one value or for several.
type request struct {
	list  *list
	name  string
	items []item
	reply *resolver.Reply // nil as long as it was not asked
}

// run asks and raises.
func (h half) run(ctx context.Context, t *checks.Task) {
	if !t.Asks() {
		return
	}
	e := h.engine
	out := e.health.outOfUse(t)
	s := newSubject(t, h)
	requests := e.resolve(ctx, t, e.requests(s, out.lists))
	white := verdicts{}
	first := make([]*request, 0, len(requests))
	var second []*request
	for _, r := range requests {
		if e.waits(r) {
			second = append(second, r)
		} else {
			first = append(first, r)
		}
	}
	ask(ctx, t, first)
	for _, r := range first {
		if r.list.White {
			white.read(r)
		}
	}
	for _, r := range second {
		r.items = slices.DeleteFunc(r.items, func(i item) bool { return white.spare(i) && !(t.Exact() && i.isIPv6()) })
	}
	ask(ctx, t, slices.DeleteFunc(second, func(r *request) bool { return len(r.items) == 0 }))
	for _, r := range requests {
		h.raise(t, r)
	}
	if out.live {
		e.health.learn(t, h, requests)
	}
}

// waits reports whether a white list may make the request needless.
func (e *engine) waits(r *request) bool {
	if r.list.White || r.list.IgnoreWhite {
		return false
	}
	return slices.ContainsFunc(r.items, func(i item) bool { return e.white[i.what.label()] })
}

// verdicts are the values that white lists know, with what was asked, as
// options say it.
type verdicts map[string]bool

func (v verdicts) read(r *request) {
	for _, ip := range answers(r.reply.Answer) {
		o := r.list.interpret(ip)
		for _, i := range r.items {
			for _, c := range o.codes {
				if r.list.white[r.list.def(c, i.what)] {
					v[i.option()] = true
				}
			}
			if len(r.list.codes) == 0 && o.unknown {
				v[i.option()] = true
			}
		}
	}
}

func (v verdicts) spare(i item) bool { return len(v) > 0 && v[i.option()] }

// ask asks all questions at once.
func ask(ctx context.Context, t *checks.Task, requests []*request) {
	if len(requests) == 0 {
		return
	}
	questions := make([]resolver.Question, len(requests))
	for i, r := range requests {
		questions[i] = resolver.Question{Name: r.name, Type: resolver.TypeA}
	}
	replies := resolver.LookupAll(ctx, t.Resolver(), questions...)
	for i := range replies {
		requests[i].reply = &replies[i]
	}
}

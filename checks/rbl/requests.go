package rbl

import (
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
)

// requests returns the questions for a message, list by list, no more than
// Options.MaxQueries and the scan allow. out names lists not to ask.
func (e *engine) requests(s *subject, out []string) []*request {
	all := make([]*request, 0, s.half.usual())
	counts := make([]int, 0, len(e.lists))
	for _, l := range e.lists {
		if slices.Contains(out, l.Symbol) || l.ExcludeUsers && s.t.Authenticated() || l.ExcludeLocal && s.client.Local {
			continue
		}
		before := len(all)
		all = e.ofList(s, l, all)
		counts = append(counts, len(all)-before)
	}
	most := e.opt.MaxQueries
	if left := dnsscan.Left(s.t.Resolver()); left >= 0 && (most < 0 || left < most) {
		most = left
	}
	fair := share(counts, most)
	if len(counts) == 0 || fair >= slices.Max(counts) {
		return all
	}
	kept, at := all[:0], 0
	for _, n := range counts {
		kept = append(kept, all[at:at+min(n, fair)]...)
		at += n
	}
	return kept
}

// share returns the largest number that each list may ask so that all
// together ask at most total; negative total is no bound.
func share(counts []int, total int) int {
	fair := 0
	for _, n := range counts {
		fair = max(fair, n)
	}
	sum := func(limit int) (sum int) {
		for _, n := range counts {
			sum += min(n, limit)
		}
		return sum
	}
	low := 0
	if total < 0 || sum(fair) <= total {
		return fair
	}
	for low < fair {
		if mid := (low + fair + 1) / 2; sum(mid) <= total {
			low = mid
		} else {
			fair = mid - 1
		}
	}
	return low
}

// ofList appends the questions of one list. Values that make the same question
// share it.
func (e *engine) ofList(s *subject, l *list, all []*request) []*request {
	start := len(all)
	var byName map[string]*request // nil while there are only a few
	find := func(name string) *request {
		if byName != nil {
			return byName[name]
		}
		for _, r := range all[start:] {
			if r.name == name {
				return r
			}
		}
		return nil
	}
	s.items(l, func(i item) {
		if !l.exempt && e.isKnown(l, i) {
			return
		}
		name := i.key
		if !l.ResolveIP || i.what == From || i.what == Received {
			if name = l.labels(i.key); name != "" {
				name = s.name(name, l.suffix)
			}
		} else if !dnsname.Askable(name) {
			name = ""
		}
		if name == "" {
			return
		}
		if r := find(name); r != nil {
			if !slices.Contains(r.items, i) {
				r.items = append(r.items, i)
			}
			return
		}
		r := s.request()
		r.list, r.name = l, name
		r.items = append(r.items, i)
		all = append(all, r)
		if byName != nil {
			byName[name] = r
		} else if n := all[start:]; len(n) > 16 {
			byName = make(map[string]*request, 4*len(n))
			for _, r := range n {
				byName[r.name] = r
			}
		}
	})
	return all
}

// isKnown reports whether a value is a known domain, or a mail address at one.
func (e *engine) isKnown(l *list, i item) bool {
	if len(e.known)+len(l.known) == 0 {
		return false
	}
	v := strings.ToLower(i.value)
	if e.known[v] || l.known[v] {
		return true
	}
	if l.DomainOnly || i.what != Emails && i.what != ReplyTo {
		return false
	}
	// The user may hold the delimiter, the domain is what the list knows.
	for {
		_, after, ok := strings.Cut(v, l.Delimiter)
		if !ok {
			return false
		}
		if v = after; e.known[v] || l.known[v] {
			return true
		}
	}
}

// resolve replaces the requests of lists that are asked about a name's
// addresses by requests about these addresses.
func (e *engine) resolve(ctx context.Context, t *checks.Task, requests []*request) []*request {
	var names []*request
	var questions []resolver.Question
	for _, r := range requests {
		if r.resolves() {
			names = append(names, r)
			questions = append(questions, resolver.Question{Name: r.name, Type: resolver.TypeA}, resolver.Question{Name: r.name, Type: resolver.TypeAAAA})
		}
	}
	if len(names) == 0 {
		return requests
	}
	replies := resolver.LookupAll(ctx, t.Resolver(), questions...)
	out := slices.DeleteFunc(requests, (*request).resolves)
	for i, r := range names {
		for _, reply := range replies[2*i : 2*i+2] {
			out = r.list.addresses(r, reply, out)
		}
	}
	return out
}

func (r *request) resolves() bool {
	return r.list.ResolveIP && r.items[0].what != From && r.items[0].what != Received
}

// maxAddresses bounds the addresses taken of one name and family.
const maxAddresses = 16

// addresses adds requests for the addresses that a name was found to have, no
// more than the list's limit for all names.
func (l *list) addresses(r *request, reply resolver.Reply, out []*request) []*request {
	ips := reply.Answer.IPs()
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		if ip = ip.Unmap(); !l.takes(ip) {
			continue
		}
		name, n := l.question(resolver.ReverseLabels(ip)), 0
		i := slices.IndexFunc(out, func(o *request) bool {
			if o.list == l {
				n++
			}
			return o.list == l && o.name == name
		})
		if i < 0 && n >= l.limit {
			return out
		}
		if i < 0 {
			out, i = append(out, &request{list: l, name: name}), len(out)
		}
		for _, it := range r.items {
			it.value = ip.String() + ":" + it.value
			if !slices.Contains(out[i].items, it) {
				out[i].items = append(out[i].items, it)
			}
		}
	}
	return out
}

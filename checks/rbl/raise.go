package rbl

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// raise raises those symbols of one request that belong to the half, each once
// for a value.
func (h half) raise(t *checks.Task, r *request) {
	if len(r.items) == 0 {
		return
	}
	if r.reply.Err != nil {
		if why := failure(r.reply.Err); why != "" && h.owns(r.list) {
			r.fail(t, why, "")
		}
		return
	}
	var raised []*symbols.Def
	for _, ip := range answers(r.reply.Answer) {
		o := r.list.interpret(ip)
		answer := netip.AddrFrom4(ip).String()
		for _, i := range r.items {
			if !h.raises(r.list, i.what) {
				continue
			}
			for _, c := range o.codes {
				r.hit(t, &raised, r.list.def(c, i.what), i, "", answer)
			}
			switch unknown := r.list.def(len(r.list.codes), i.what); {
			case !o.unknown || unknown == nil:
			case len(r.list.codes) == 0:
				r.hit(t, &raised, unknown, i, "", answer)
			default:
				r.hit(t, &raised, unknown, i, answer, answer)
			}
		}
		if o.blocked && len(o.codes) == 0 && h.owns(r.list) {
			r.fail(t, "refused with "+answer, answer)
		}
	}
}

// maxAnswers bounds the listings taken from one answer. Lists give one for each
// reason, a handful at most.
const maxAnswers = 32

// answers returns the listings in an answer, sorted: servers change the order.
func answers(a resolver.Answer) [][4]byte {
	var all [][4]byte
	for _, r := range a.Records {
		if r.Type != resolver.TypeA || len(all) >= maxAnswers {
			continue
		}
		if b, ok := listing(r.IP); ok && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b [4]byte) int { return bytes.Compare(a[:], b[:]) })
	return all
}

// hit raises d for a value, unless another answer did; raised holds the
// symbols of the request so far, in the order of its items.
func (r *request) hit(t *checks.Task, raised *[]*symbols.Def, d *symbols.Def, i item, unknown, answer string) {
	option := i.option()
	if unknown != "" {
		option += ":" + unknown
	}
	if slices.Contains(*raised, d) && slices.ContainsFunc(t.Raised(d), func(h symbols.Hit) bool { return h.Options[0] == option }) {
		return
	}
	*raised = append(*raised, d)
	t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: []string{option}, Evidence: r.evidence(answer)})
}

func (r *request) evidence(answer string) []symbols.Evidence {
	return []symbols.Evidence{{Query: resolver.Question{Name: r.name, Type: resolver.TypeA}.String(), Answer: answer}}
}

// fail raises the symbol for a failed question, once for a value.
func (r *request) fail(t *checks.Task, why, answer string) {
	var said []string
	for _, i := range r.items {
		if slices.Contains(said, i.value) {
			continue
		}
		said = append(said, i.value)
		t.HitAt(symbols.Hit{Def: r.list.fail, Factor: 1, Options: []string{i.value + ":" + why}, Evidence: r.evidence(answer)})
	}
}

// failure returns Rspamd's words for an error of DNS. It returns "" for errors
// that say nothing against the list: there is no such record, or no question
// was sent.
func failure(err error) string {
	e, ok := errors.AsType[*resolver.Error](err)
	if !ok || resolver.IsNotFound(err) {
		return ""
	}
	switch e.Kind {
	case resolver.KindNoDNS, resolver.KindBudget, resolver.KindCanceled, resolver.KindUnknown:
		return ""
	case resolver.KindTimeout:
		return "query timed out"
	case resolver.KindRefused:
		return "query refused"
	case resolver.KindNetwork:
		return "network error"
	}
	return "server fail"
}

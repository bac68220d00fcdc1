package rbl

import (
	"maps"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A half is one of the two checks. The client's half runs when the client
// connects, and raises those symbols that only speak of the client. The
// message's half raises the rest. Where one half needs an answer that the other
// asked for, to heed a white list or to raise a failure, it asks again: a scan
// sends each question only once.
type half struct {
	engine *engine
	client bool
}

// ofClient reports whether something is known as soon as the client connects.
func (w What) ofClient() bool { return w == From || w == RDNS }

// wants reports whether the half asks the list about w.
func (h half) wants(l *list, w What) bool {
	if h.client {
		return w.ofClient() && (l.early || l.White)
	}
	return !l.only || l.White
}

// raises reports whether the half raises what the list answers about w.
func (h half) raises(l *list, w What) bool { return h.client == (l.early && w.ofClient()) }

// owns reports whether the half raises the list's failures and counts its
// messages.
func (h half) owns(l *list) bool { return h.client == l.only }

// clientOnly reports whether nothing of the list is left for the message.
func (l *list) clientOnly() bool {
	return l.early && !slices.ContainsFunc(l.labelled(), func(w What) bool { return !w.ofClient() })
}

// usual is about how many questions the half asks of most messages.
func (h half) usual() int {
	if h.client {
		return 8
	}
	return 32
}

// most returns how many questions the client's half can ask.
func (h half) most() int {
	n := 0
	for _, l := range h.engine.lists {
		for w := range l.asks {
			if h.wants(l, w) {
				n++
			}
		}
	}
	return n
}

// early decides for which lists the client's half raises symbols, and returns
// these: a list must have symbols of its own for the client, which no list of
// the message's half shares.
func (e *engine) early(all *defs) []*symbols.Def {
	for _, l := range e.lists {
		own, rest := l.split()
		l.early = len(own) > 0 && !l.ResolveIP && !slices.ContainsFunc(own, func(d *symbols.Def) bool { return slices.Contains(rest, d) })
	}
	for changed := true; changed; {
		changed = false
		message := map[*symbols.Def]bool{}
		for _, l := range e.lists {
			for _, d := range l.defsOf(false) {
				message[d] = true
			}
		}
		for _, l := range e.lists {
			if l.early && slices.ContainsFunc(l.defsOf(true), func(d *symbols.Def) bool { return message[d] }) {
				l.early, changed = false, true
			}
		}
	}
	early := map[*symbols.Def]bool{}
	for _, l := range e.lists {
		l.only = l.clientOnly()
		for _, d := range l.defsOf(true) {
			early[d] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all.all), func(d *symbols.Def) bool { return !early[d] })
}

// split returns the symbols of what is known of the client and those of the
// rest, failures apart.
func (l *list) split() (client, rest []*symbols.Def) {
	for _, w := range l.labelled() {
		for _, d := range l.defs[l.Prefixes[w]] {
			if d != nil && w.ofClient() {
				client = append(client, d)
			} else if d != nil {
				rest = append(rest, d)
			}
		}
	}
	return client, rest
}

// defsOf returns the symbols that the client's or the message's half raises for
// the list.
func (l *list) defsOf(client bool) []*symbols.Def {
	own, rest := l.split()
	if !l.early {
		own, rest = nil, append(own, rest...)
	}
	if l.clientOnly() {
		own = append(own, l.fail)
	} else {
		rest = append(rest, l.fail)
	}
	if client {
		return own
	}
	return rest
}

// labelled returns all that the list is asked about, selectors included.
func (l *list) labelled() []What {
	all := slices.Sorted(maps.Keys(l.asks))
	if l.asks[Images] || l.asks[ContentURLs] || l.asks[NumericURLs] {
		all = append(all, URLs) // what their hits are raised for
	}
	for _, s := range l.Selectors {
		all = append(all, What(s.Label))
	}
	return all
}

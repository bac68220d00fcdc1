package rbl

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
)

// A Health says what is known about a list.
//
// At start and in intervals each list is asked for an entry that it must have
// and one that it must not have (RFC 5782 section 5). A list that has the
// latter is taken out of use until a later check finds it mended; one that
// lacks the former, or can't be asked, is only reported, for many a good list
// has no test entry. A list that refuses to answer, in a health check or in a
// scan, is left alone for Options.Pause. One that hits more than nine of ten
// messages is reported: it may have been given up, or the wrong address is
// asked about.
type Health string

// The states. Lists are in use in all but Broken and Refusing.
const (
	Unchecked Health = "unchecked" // not asked yet
	Good      Health = "good"
	Doubtful  Health = "doubtful" // lacks its test entry, or can't be asked
	Greedy    Health = "greedy"   // hits nearly every message
	Broken    Health = "broken"   // lists what no list may list
	Refusing  Health = "refusing" // has this resolver blocked
)

// A State is the health of one list.
type State struct {
	List   string // its Symbol
	Zone   string // keys left out
	Health Health
	Reason string // for people
	// Until is when a list that refuses will be asked again.
	Until time.Time
}

// InUse reports whether scans ask the list.
func (s State) InUse() bool { return s.Health != Broken && s.Health != Refusing }

// health watches over the lists of one Scanner.
type health struct {
	opt   Options
	lists []*list

	mu     sync.Mutex
	log    *slog.Logger
	states []State
	scans  []tally // by list
}

// tally counts messages that a list was asked about and that it hit.
type tally struct{ asked, hit int }

// A list is called greedy when it hits more than greedyShare percent of the
// messages, and at least greedySample were asked about.
const (
	greedySample = 100
	greedyShare  = 90
)

func newHealth(o Options, lists []*list) *health {
	h := &health{opt: o, lists: lists, log: slog.New(slog.DiscardHandler), scans: make([]tally, len(lists))}
	for _, l := range lists {
		h.states = append(h.states, State{List: l.Symbol, Zone: l.zone, Health: Unchecked})
	}
	return h
}

// observed is what a scan sees of the lists; live is false in a replay.
type observed struct {
	lists []string
	live  bool
}

// outOfUse returns the lists that the scan leaves out.
func (h *health) outOfUse(t *checks.Task) observed {
	if h.opt.NoMonitoring {
		return observed{}
	}
	live := false
	lists, _ := checks.Observe(t, "lists out of use", func() []string {
		live = true
		return h.out(t.Now())
	})
	return observed{lists, live}
}

func (h *health) out(now time.Time) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, s := range h.states {
		if s.Health == Broken || s.Health == Refusing && now.Before(s.Until) {
			out = append(out, s.List)
		}
	}
	return out
}

// set changes a list's state, warns about one that is not good, and calls
// Options.OnState.
func (h *health) set(i int, health Health, reason string, until time.Time) {
	h.mu.Lock()
	s := &h.states[i]
	same := s.Health == health && s.Reason == reason
	s.Health, s.Reason, s.Until = health, reason, until
	told, log := *s, h.log
	h.mu.Unlock()
	if same {
		return
	}
	if health != Good && health != Unchecked {
		log.Warn("DNS list", "list", told.List, "zone", told.Zone, "health", string(health), "reason", reason, "used", told.InUse())
	}
	if h.opt.OnState != nil {
		h.opt.OnState(told)
	}
}

// learn updates the lists' health from what a scan saw.
func (h *health) learn(t *checks.Task, of half, requests []*request) {
	asked, hit := make([]bool, len(h.lists)), make([]bool, len(h.lists))
	for _, r := range requests {
		i := slices.Index(h.lists, r.list)
		if len(r.items) == 0 || r.reply.Err != nil && !resolver.IsNotFound(r.reply.Err) {
			continue
		}
		asked[i] = of.owns(r.list)
		for _, ip := range answers(r.reply.Answer) {
			if o := r.list.interpret(ip); o.blocked {
				h.set(i, Refusing, "answers that it is not to be asked", t.Now().Add(h.opt.Pause))
			} else if len(o.codes) > 0 || o.unknown {
				hit[i] = true
			}
		}
	}
	for i := range h.lists {
		if asked[i] {
			h.count(i, hit[i])
		}
	}
}

// count adds a message to a list's tally.
func (h *health) count(i int, hit bool) {
	h.mu.Lock()
	n := &h.scans[i]
	n.asked++
	if hit {
		n.hit++
	}
	greedy, full := n.hit*100 > n.asked*greedyShare, n.asked >= greedySample
	state := h.states[i].Health
	if full {
		*n = tally{}
	}
	h.mu.Unlock()
	switch {
	case !full:
	case greedy && (state == Good || state == Unchecked || state == Doubtful):
		h.set(i, Greedy, "hits more than 90 of 100 messages", time.Time{})
	case !greedy && state == Greedy:
		h.set(i, Good, "", time.Time{})
	}
}

// start begins the health checks.
func (h *health) start(ctx context.Context, env *checks.Env) error {
	h.mu.Lock()
	h.log = env.Log
	h.mu.Unlock()
	if h.opt.NoMonitoring || len(h.lists) == 0 {
		return nil
	}
	env.Go("health of DNS lists", func() {
		timer := time.NewTimer(h.opt.Interval)
		defer timer.Stop()
		for h.round(ctx, env) {
			timer.Reset(h.opt.Interval)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		}
	})
	return nil
}

// probeTimeout bounds one round of health checks.
const probeTimeout = 30 * time.Second

// round checks every list once, except those that are left alone for having
// refused; it returns false when there is no DNS to ask.
func (h *health) round(ctx context.Context, env *checks.Env) bool {
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	paused := h.paused(env.Now())
	var questions []resolver.Question
	for i, l := range h.lists {
		listed, unlisted := l.testPoints()
		for _, key := range []string{listed, unlisted} {
			q := resolver.Question{Name: l.probe(key), Type: resolver.TypeA}
			if paused[i] {
				q.Name = ""
			}
			questions = append(questions, q)
		}
	}
	asked := slices.DeleteFunc(slices.Clone(questions), func(q resolver.Question) bool { return q.Name == "" })
	replies := resolver.LookupAll(limited, env.Resolver, asked...)
	if ctx.Err() != nil {
		return true // closing
	}
	take := func(q resolver.Question) (r resolver.Reply) {
		if q.Name != "" {
			r, replies = replies[0], replies[1:]
		}
		return r
	}
	for i, l := range h.lists {
		listed, unlisted := take(questions[2*i]), take(questions[2*i+1])
		if failedFor(unlisted.Err, resolver.KindNoDNS) {
			return false
		}
		if !l.NoMonitoring && !paused[i] {
			h.judge(i, l, listed, unlisted, env.Now())
		}
	}
	return true
}

// paused reports for each list whether it is left alone for having refused.
func (h *health) paused(now time.Time) []bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	paused := make([]bool, len(h.states))
	for i, s := range h.states {
		paused[i] = s.Health == Refusing && now.Before(s.Until)
	}
	return paused
}

func failedFor(err error, kind resolver.Kind) bool {
	e, ok := err.(*resolver.Error)
	return ok && e.Kind == kind
}

// judge draws the conclusion from the two answers of a health check.
func (h *health) judge(i int, l *list, listed, unlisted resolver.Reply, now time.Time) {
	h.mu.Lock()
	state := h.states[i]
	h.mu.Unlock()
	for _, ip := range append(answers(listed.Answer), answers(unlisted.Answer)...) {
		if l.interpret(ip).blocked {
			h.set(i, Refusing, "answers that it is not to be asked", now.Add(h.opt.Pause))
			return
		}
	}
	wants, _ := l.testPoints()
	switch {
	case len(answers(unlisted.Answer)) > 0:
		h.set(i, Broken, "lists "+l.probe(l.unlistedKey()), time.Time{})
	case state.Health == Refusing && now.Before(state.Until), state.Health == Greedy:
	case unlisted.Err != nil && !resolver.IsNotFound(unlisted.Err), listed.Err != nil && !resolver.IsNotFound(listed.Err):
		h.set(i, Doubtful, "can't be asked", time.Time{})
	case wants != "" && len(answers(listed.Answer)) == 0:
		h.set(i, Doubtful, "does not list "+l.probe(wants), time.Time{})
	default:
		h.set(i, Good, "", time.Time{})
	}
}

// testPoints returns the keys of the health check, "" where there is none.
func (l *list) testPoints() (listed, unlisted string) {
	addresses := (l.asks[From] || l.asks[Received] || l.ResolveIP) && !l.NoIP
	switch {
	case addresses && l.NoIPv4:
		listed = resolver.ReverseLabels(netip.MustParseAddr("::ffff:7f00:2"))
		unlisted = resolver.ReverseLabels(netip.MustParseAddr("::ffff:7f00:1"))
	case addresses:
		listed, unlisted = "2.0.0.127", "1.0.0.127"
	case l.Hash.Sum != "":
		unlisted = "invalid"
	default:
		listed, unlisted = "test", "invalid"
	}
	for _, own := range []struct {
		set string
		key *string
	}{{l.Listed, &listed}, {l.Unlisted, &unlisted}} {
		switch own.set {
		case "":
		case "-":
			*own.key = ""
		default:
			*own.key = own.set
		}
	}
	return listed, unlisted
}

func (l *list) unlistedKey() string { _, key := l.testPoints(); return key }

// probe returns the question for a key of the health check, "" for none.
func (l *list) probe(key string) string {
	if key == "" || l.NoMonitoring {
		return ""
	}
	return l.question(key)
}

package winnow

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A Scanner scans messages under one configuration. It is immutable and safe
// for concurrent use. To reload a configuration, make a new Scanner that shares
// families, resolver and store (Live). A tenant gets a Scanner that With
// derives.
type Scanner struct {
	*engine
	site    *rules // what holds without settings
	cache   ruleCache
	digest  string
	account *account
}

// An engine is what a Scanner shares with those that are derived from it.
type engine struct {
	opt      Options
	plan     *checks.Plan
	families []string              // by check, whose it is
	stores   []ownStore            // of Options.Stores
	shares   map[*checks.Check]int // DNS questions that each check may ask in one scan
	labels   map[*symbols.Def]label
	maxSize  int64 // bytes of a message that are parsed
	patience time.Duration
	stop     context.CancelFunc // ends what Start began, and the spares
	spares   *spares
	afters   []*afterWorker
	// afterLife ends when Close does not wait for After values any more.
	afterLife context.Context
	giveUp    context.CancelFunc

	begun  []*checks.Family // what ending ends
	ending sync.Once
	wait   func(name string, f func()) // Close waits for f to return

	gate atomic.Pointer[gate] // admits messages; under a Live that of the first
}

// New makes a Scanner. It validates everything: names, weights, expressions,
// thresholds, the order of the checks. Errors wrap ErrOptions; whatever was
// started before the error is ended.
func New(o Options) (*Scanner, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	plan, err := checks.NewPlan(o.Families, o.Checks...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if err := maskSecrets(&o, plan); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	stores, err := ownStores(plan, o.Stores)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	s := &Scanner{account: &account{}, cache: ruleCache{most: mostRules}, engine: &engine{
		opt: o, plan: plan, families: familiesOf(plan), stores: stores, shares: shares(plan, o.DNS),
		maxSize:  mail.Parse(nil, mail.Envelope{}, o.Limits).Limits().Size,
		patience: patienceOf(o.Timeout),
	}}
	s.gate.Store(&gate{bounds: o.Admission})
	if s.site, err = s.siteRules(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	s.labels = labels(s.site.metric)
	if s.digest, err = s.configDigest(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if err := s.newAfters(o.After); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return s, nil
}

// familiesOf tells for each check the family it is of; a check that has none
// goes by its own name.
func familiesOf(plan *checks.Plan) []string {
	names := make([]string, len(plan.Checks()))
	of := make(map[*checks.Check]string, len(names))
	for _, f := range plan.Families() {
		for _, c := range f.Checks {
			of[c] = f.Name
		}
	}
	for i, c := range plan.Checks() {
		names[i] = cmp.Or(of[c], c.Name)
	}
	return names
}

// maskSecrets makes the resolver know what the checks' masked domains stand
// for.
func maskSecrets(o *Options, plan *checks.Plan) error {
	all := map[string]string{}
	for _, c := range plan.Checks() {
		for shown, asked := range c.Secrets {
			if known, ok := all[shown]; ok && known != asked {
				return fmt.Errorf("check %s: another check has another secret for %s", c.Name, shown)
			}
			all[shown] = asked
		}
	}
	if o.DNS.Resolver != nil {
		o.DNS.Resolver = resolver.Mask(o.DNS.Resolver, all)
	}
	return nil
}

// shares allots the DNS questions of a scan to the checks in list order.
func shares(plan *checks.Plan, o resolver.Options) map[*checks.Check]int {
	var askers []*checks.Check
	var wants []int
	for _, c := range plan.Checks() {
		if c.Needs.DNS {
			askers, wants = append(askers, c), append(wants, c.Needs.Queries)
		}
	}
	m := make(map[*checks.Check]int, len(askers))
	for i, n := range dnsscan.SharesOf(o, wants) {
		m[askers[i]] = n
	}
	return m
}

// patienceOf is how long one check that needs nothing but the message may
// hold up the others.
func patienceOf(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return time.Second
	}
	return max(timeout/8, time.Millisecond)
}

// Plan returns the checks in force with their order.
func (s *Scanner) Plan() *checks.Plan { return s.plan }

// Metric returns the scoring in force.
func (s *Scanner) Metric() *score.Compiled { return s.site.metric }

// local reports whether mail from ip is the host's own.
func (s *Scanner) local(ip netip.Addr) bool {
	if !ip.IsValid() {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || slices.ContainsFunc(s.opt.LocalNetworks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func randomSeed() uint64 { return rand.Uint64() }

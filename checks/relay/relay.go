package relay

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A Strategy says how the Received header is found that names the client.
type Strategy string

// The strategies, named as Rspamd's.
const (
	// Authenticated takes the newest hop without authentication, where the
	// client logged in.
	Authenticated Strategy = "authenticated"
	// Count takes the hop at the position Rule.Count.
	Count Strategy = "count"
	// HostnameMap takes the first hop from a name that is not in Rule.Names,
	// where the connected client's is; it goes on from server to server.
	HostnameMap Strategy = "hostname_map"
	// IPMap takes the first hop from an address that is not in Rule.Networks,
	// where the connected client's is.
	IPMap Strategy = "ip_map"
	// Fetched takes the first hop from outside to a provider whose servers are in
	// Rule.Names, for mail that was fetched from a mailbox there and handed in by
	// a local client or a user.
	Fetched Strategy = "fetched"
	// LocalHops takes the first hop from outside the host's own networks,
	// where the connected client is inside.
	LocalHops Strategy = "local"
)

// A Rule names one kind of relay.
type Rule struct {
	// Symbol is raised, with weight 0, when the rule finds the client.
	Symbol   string
	Strategy Strategy
	// Count is, for the strategy Count, the position of the hop: 1 is the
	// newest Received header. Where the connection is known and is not what
	// the newest header tells of, it counts as one before them, and as in
	// Rspamd 4.1.6 the position is then one less.
	Count int
	// Users are, for Authenticated, the users that relay; nil means all.
	Users []string
	// Names are, for HostnameMap, the names of relays; for Fetched domains of
	// providers, in which, and below which, their servers are.
	Names []string
	// Networks are, for IPMap, the addresses of relays; for Fetched those of the
	// providers' servers that reverse DNS does not tell, if any.
	Networks []netip.Prefix
}

// Options are the relays through which mail comes in. Without a rule the
// client is the one connected, or the one that the host seeds.
type Options struct {
	// Off leaves the family out.
	Off   bool
	Rules []Rule
	// Without names rules, by their Symbol, that are left out.
	Without []string `json:",omitempty"`
}

// A rule is a Rule made ready.
type rule struct {
	Rule
	def          *symbols.Def
	users, names map[string]bool
}

// Validate returns what is wrong with the options: a rule has no symbol, two
// have the same, a strategy is not known or lacks what it works with.
func (o Options) Validate() error {
	v := valid.Of("external_relay")
	seen := map[string]bool{}
	for i, r := range o.Rules {
		at := valid.At("Rules", i) + "."
		v.Symbol(at+"Symbol", r.Symbol)
		v.If(seen[r.Symbol] && r.Symbol != "", at+"Symbol", "there is another rule with the symbol %s", r.Symbol)
		seen[r.Symbol] = true
		r.validate(v, at)
	}
	for i, name := range o.Without {
		v.If(!seen[name], valid.At("Without", i), "there is no rule %q", name)
	}
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "external_relay", Doc: "the client before the host's own relays", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	rules := compile(o)
	c := &checks.Check{
		Name:     "relay",
		Doc:      "the client before the host's own relays",
		Provides: []checks.AnyFact{Fact},
		Stage:    checks.Early,
		Priority: 20, // before all that judges the client
		Always:   true,
		Run:      func(_ context.Context, t *checks.Task) error { return run(t, rules) },
	}
	for _, r := range rules {
		c.Symbols = append(c.Symbols, r.def)
	}
	if len(rules) == 0 {
		c.Needs.Phase = checks.Connect
	}
	f.Checks = []*checks.Check{c}
	return f
}

func compile(o Options) []rule {
	var rules []rule
	for _, r := range o.Rules {
		if slices.Contains(o.Without, r.Symbol) {
			continue
		}
		def := &symbols.Def{
			Name: r.Symbol, Groups: []string{"external_relay"},
			Doc: "the client was found in a Received header of the host's own relays",
		}
		rules = append(rules, rule{r, def, set(r.Users), set(r.Names)})
	}
	return rules
}

// validate notes what is wrong with a rule, whose place is at.
func (r *Rule) validate(v *valid.Fields, at string) {
	uses := func(strategy Strategy, field string, set, needed bool, others ...Strategy) {
		v.If(r.Strategy == strategy && needed && !set, at+field, "missing")
		v.If(r.Strategy != strategy && set && !slices.Contains(others, r.Strategy), at+field, "means nothing to the strategy %q", r.Strategy)
	}
	switch r.Strategy {
	case Authenticated, Count, HostnameMap, IPMap, LocalHops, Fetched:
	default:
		v.Add(at+"Strategy", "unknown strategy %q", r.Strategy)
		return
	}
	v.If(r.Count < 0, at+"Count", "%d is no position", r.Count)
	uses(Count, "Count", r.Count > 0, true)
	uses(Authenticated, "Users", len(r.Users) > 0, false)
	uses(HostnameMap, "Names", len(r.Names) > 0, true, Fetched)
	v.If(r.Strategy == Fetched && len(r.Names) == 0, at+"Names", "missing")
	uses(IPMap, "Networks", len(r.Networks) > 0, true, Fetched)
	v.Words(at+"Users", r.Users)
	if r.Strategy == Fetched {
		v.Domains(at+"Names", r.Names)
	}
	v.Words(at+"Names", r.Names)
	v.Networks(at+"Networks", r.Networks)
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[strings.ToLower(mail.AddressKey(s))] = true
	}
	return m
}

// run applies the rules one after the other; each sees the client that the
// one before found.
func run(t *checks.Task, rules []rule) error {
	if _, seeded := Fact.Get(t); seeded || len(rules) == 0 {
		return nil
	}
	c := connected(t)
	found := false
	for i := range rules {
		hop := rules[i].find(t, c)
		if hop == nil || !hop.Seen.IP.IsValid() {
			continue
		}
		fetched, taken := c.Fetched, c.Taken
		if rules[i].Strategy == Fetched {
			fetched, taken = true, position(t.Message(), hop)
		}
		c, found = ClientOf(t, hop), true
		c.Fetched, c.Taken = fetched, taken
		t.HitField(rules[i].def, hop.Field)
	}
	if found {
		Fact.Set(t, c)
	}
	return nil
}

// position is which Received field of a message a hop is, from 1 on.
func position(m *mail.Message, hop *mail.Received) int {
	return 1 + slices.IndexFunc(m.Received(), func(r mail.Received) bool { return r.Field == hop.Field })
}

// find returns the hop that a rule chooses, nil for none.
func (r *rule) find(t *checks.Task, c Client) *mail.Received {
	hops := t.Message().Hops()
	switch r.Strategy {
	case Authenticated:
		return r.findUnauthenticated(t.Envelope().User, hops)
	case Count:
		return r.findPosition(hops)
	case HostnameMap:
		return r.findName(t, c.Name, hops)
	case IPMap:
		return r.findAddress(c.IP, hops)
	case LocalHops:
		if c.Local {
			return findOutside(t, hops)
		}
	case Fetched:
		return r.findFetched(t, c)
	}
	return nil
}

func (r *rule) findUnauthenticated(user string, hops []mail.Received) *mail.Received {
	if user == "" || r.Users != nil && !r.users[strings.ToLower(mail.AddressKey(user))] {
		return nil
	}
	for i := range hops {
		if !hops[i].Authenticated {
			return &hops[i]
		}
	}
	return nil
}

func (r *rule) findPosition(hops []mail.Received) *mail.Received {
	n := r.Count
	if len(hops) > 0 && hops[0].Artificial {
		n--
	}
	if n < 1 || n > len(hops) {
		return nil
	}
	return &hops[n-1]
}

// findName goes from relay to relay by the name that each saw. A name that the
// client only said counts in the host's own networks, where reverse DNS may not
// know it.
func (r *rule) findName(t *checks.Task, name string, hops []mail.Received) *mail.Received {
	if !r.names[mail.DomainKey(name)] {
		return nil
	}
	for i := range hops {
		h := &hops[i]
		if mail.DomainKey(h.By) != mail.DomainKey(name) {
			continue
		}
		if !h.Seen.IP.IsValid() {
			return nil
		}
		name = ""
		if c := ClientOf(t, h); c.Name != "" {
			name = c.Name
		} else if c.Local {
			name = h.Said.Helo
		}
		if !r.names[mail.DomainKey(name)] {
			return h
		}
	}
	return nil
}

func (r *rule) findAddress(ip netip.Addr, hops []mail.Received) *mail.Received {
	if !r.contains(ip) {
		return nil
	}
	for i := range hops {
		h := &hops[i]
		if handedOver(h) {
			continue
		}
		if !r.contains(h.Seen.IP) {
			return h
		}
	}
	return nil
}

// handedOver reports whether a server took the message from a program of its
// own. Behind any other hop without an address anybody may have written the
// older ones.
func handedOver(h *mail.Received) bool { return h.From == "" && !h.Seen.IP.IsValid() }

func (r *rule) contains(ip netip.Addr) bool {
	for _, p := range r.Networks {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// findOutside returns the newest hop from outside, else the oldest.
func findOutside(t *checks.Task, hops []mail.Received) (last *mail.Received) {
	for i := range hops {
		h := &hops[i]
		switch {
		case handedOver(h):
			continue
		case !h.Seen.IP.IsValid():
			return last
		}
		if last = h; !t.IsLocal(h.Seen.IP.Unmap()) {
			return h
		}
	}
	return last
}

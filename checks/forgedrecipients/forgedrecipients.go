// Package forgedrecipients compares the people of the envelope with those of
// the header. A difference is usual for lists, forwarding and blind copies;
// composites take that into account.
package forgedrecipients

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	forgedSender = def("FORGED_SENDER", 0.3, "From and the envelope sender differ")
	forgedRcpts  = def("FORGED_RECIPIENTS", 2, "header and envelope have recipients that the other does not know")
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

// maxRcpts is how many recipients of each side are compared, as Rspamd 4.1.6.
const maxRcpts = 99

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "forged_recipients", Doc: "envelope against header", Checks: []*checks.Check{{
		Name:    "forgedrecipients",
		Doc:     "envelope against header, before aliases are resolved",
		Symbols: []*symbols.Def{forgedSender, forgedRcpts}, Requires: checks.Facts(relay.Fact),
		Run: run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	m := t.Message()
	env, header := m.EnvelopeRcpts(), m.Recipients()
	if len(env) == 0 || len(header) == 0 {
		return nil
	}
	if len(env) > maxRcpts+1 || len(header) > maxRcpts+1 {
		env, header = env[:min(len(env), maxRcpts)], header[:min(len(header), maxRcpts)]
	}
	sender := m.EnvelopeFrom()
	// Who fetched a message is nobody whom the sender wrote to.
	if opts := unmatched(t, env, header, sender); opts != nil && !relay.Of(t).Fetched {
		t.Hit(forgedRcpts, opts...)
	}
	if sender.Addr == "" {
		return nil
	}
	from := ""
	if fs := m.From(); len(fs) > 0 {
		from = fs[0].Addr
		if fs[0].Same(&sender) {
			return nil
		}
	}
	t.HitField(forgedSender, m.Header().Get("From"), from, sender.Addr)
	return nil
}

// unmatched lists the recipients that only one side has; it is nil unless both
// sides have such recipients. A recipient in the domain of one of the other
// side does not count, for an alias explains it, and neither does a copy to
// oneself.
func unmatched(t *checks.Task, env, header []mail.Address, sender mail.Address) []string {
	self := map[string]bool{}
	user := strings.ToLower(mail.AddressKey(t.Envelope().User))
	for _, s := range [...]string{user, strings.ToLower(mail.AddressKey(t.Message().Header().Text("Delivered-To")))} {
		if s != "" {
			self[s] = true
		}
	}
	envAddrs, envDomains := set(env)
	headerAddrs, headerDomains := map[string]bool{}, map[string]bool{}
	opts := newOptions(len(header) + len(env))
	for i := range header {
		addr, domain := header[i].Key(), header[i].DomainKey()
		switch {
		case addr != "" && envAddrs[addr]:
			headerAddrs[addr] = true
		case self[addr]:
		case addr != "" && envDomains[domain]:
			headerDomains[domain] = true
		default:
			opts.add("m:" + header[i].Addr)
		}
	}
	inHeader := len(opts.list)
	for i := range env {
		addr := env[i].Key()
		if !headerAddrs[addr] && addr != user && addr != sender.Key() && !headerDomains[env[i].DomainKey()] {
			opts.add("s:" + env[i].Addr)
		}
	}
	if inHeader == 0 || len(opts.list) == inHeader {
		return nil
	}
	return opts.list
}

// options is a list without repetitions.
type options struct {
	list []string
	seen map[string]bool
}

func newOptions(n int) *options { return &options{seen: make(map[string]bool, n)} }

func (o *options) add(s string) {
	if !o.seen[s] {
		o.seen[s] = true
		o.list = append(o.list, s)
	}
}

func set(as []mail.Address) (addrs, domains map[string]bool) {
	addrs, domains = make(map[string]bool, len(as)), make(map[string]bool, len(as))
	for i := range as {
		if as[i].Addr != "" {
			addrs[as[i].Key()] = true
			domains[as[i].DomainKey()] = true
		}
	}
	return addrs, domains
}

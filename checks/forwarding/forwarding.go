// Package forwarding recognizes mail that another server forwarded: by the
// traces that the big providers leave, by sender rewriting (SRS), and by a
// trace header that names another recipient.
//
// At most one symbol fires, the most specific one; Fact holds its name.
package forwarding

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Fact says that the message was forwarded and by what: the name of the symbol.
// It is absent for mail that was not forwarded.
var Fact = checks.Fact[string]{Name: "forwarding"}

var (
	google = def("FWD_GOOGLE", "envelope sender has Google's mark of a forwarded message")
	yandex = def("FWD_YANDEX", "came from a Yandex server that says it forwards")
	mailru = def("FWD_MAILRU", "came from a Mail.ru server that says it forwards")
	srs    = def("FWD_SRS", "envelope sender was rewritten (SRS) for this recipient")
	sieve  = def("FWD_SIEVE", "envelope sender was rewritten (SRS) and a Sieve script redirected the message")
	cpanel = def("FWD_CPANEL", "envelope sender was rewritten (SRS) by a cPanel forwarder")
	other  = def("FORWARDED", "the newest trace header that names a recipient names another one than the envelope")
)

func def(name, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"forwarding"}, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "forwarding", Doc: "services that forwarded the message", Checks: []*checks.Check{{
		Name:     "forwarding",
		Doc:      "recognizes forwarded mail",
		Symbols:  []*symbols.Def{google, yandex, mailru, srs, sieve, cpanel, other},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact),
		Stage:    checks.Early,
		Priority: 12,
		Always:   true,
		Run:      run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	d, field, options := detect(t.Message(), strings.ToLower(relay.Of(t).Name))
	if d == nil {
		return nil
	}
	Fact.Set(t, d.Name)
	t.HitField(d, field, options...)
	return nil
}

// detect judges by the name that the server knew the client by: the one that
// reverse DNS tells is not there yet.
func detect(m *mail.Message, client string) (d *symbols.Def, field *mail.Field, options []string) {
	rcpts := m.EnvelopeRcpts()
	if len(rcpts) == 0 {
		return nil, nil, nil
	}
	if sender := m.EnvelopeFrom(); sender.Valid {
		if d, f, o := bySender(m, client, sender, rcpts); d != nil {
			return d, f, o
		}
	}
	if len(rcpts) > 1 || len(m.Recipients()) == 0 {
		return nil, nil, nil
	}
	if addr, f := otherRecipient(m, rcpts[0]); addr != "" {
		return other, f, []string{addr}
	}
	return nil, nil, nil
}

// bySender looks at the rewritten envelope sender and at the headers that
// providers add.
func bySender(m *mail.Message, client string, sender mail.Address, rcpts []mail.Address) (*symbols.Def, *mail.Field, []string) {
	user, rcpt := idn.Embedded(strings.ToLower(sender.User)), rcpts[0]
	single := len(rcpts) == 1
	if single {
		mark := idn.Embedded("+caf_=" + strings.ReplaceAll(rcpt.Key(), "@", "="))
		if strings.Contains(user, mark) {
			if i := strings.LastIndex(user, "+caf_="); i > 0 {
				return google, nil, []string{user[:i] + "@" + sender.Domain}
			}
		}
	}
	h := m.Header()
	if f := h.Get("X-Yandex-Forward"); f != nil && isYandex(client) {
		return yandex, f, nil
	}
	if f := h.Get("X-MailRu-Forward"); f != nil && strings.HasSuffix(client, ".mail.ru") {
		return mailru, f, nil
	}
	if !single || !strings.HasPrefix(user, "srs0=") && !strings.HasPrefix(user, "srs1=") {
		return nil, nil, nil
	}
	if strings.Contains(user, idn.Embedded("="+rcpt.DomainKey()+"="+strings.ToLower(rcpt.User))) {
		return srs, nil, nil
	}
	if f := h.Get("X-Sieve-Redirected-From"); f != nil {
		return sieve, f, nil
	}
	if f := h.Get("From-Rewrite"); strings.Contains(f.Text(), "forwarded message") {
		return cpanel, f, nil
	}
	return nil, nil, nil
}

// isYandex reports whether host is something.yandex.<letters>.
func isYandex(host string) bool {
	i := strings.LastIndex(host, ".yandex.")
	if i < 0 {
		return false
	}
	tld := host[i+len(".yandex."):]
	return tld != "" && strings.IndexFunc(tld, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// otherRecipient returns the address of the first trace header that names one,
// when it differs from the envelope's. A list's post names the list there and
// in To; that is no forwarding.
func otherRecipient(m *mail.Message, rcpt mail.Address) (string, *mail.Field) {
	for _, hop := range m.Hops() {
		if hop.For == "" {
			continue
		}
		addr := withoutTag(hop.For)
		last := mail.Address{Addr: addr}
		if last.Same(&rcpt) {
			return "", nil
		}
		if m.Header().Has("List-Unsubscribe") && last.Same(&m.Recipients()[0]) {
			return "", nil
		}
		return addr, hop.Field
	}
	return "", nil
}

// withoutTag removes angle brackets and a "+tag".
func withoutTag(addr string) string {
	if in, ok := strings.CutPrefix(addr, "<"); ok {
		addr = in
	}
	if i := strings.IndexByte(addr, '>'); i == len(addr)-1 && i >= 0 {
		addr = addr[:i]
	}
	user, domain, ok := strings.Cut(addr, "@")
	if base, _, tagged := strings.Cut(user, "+"); ok && tagged && base != "" {
		return base + "@" + domain
	}
	return addr
}

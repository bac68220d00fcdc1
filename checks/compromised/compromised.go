// Package compromised looks for traces that hacked web sites and accounts
// leave in the header: scripts that sent the message, the PHPMailer class,
// service accounts as senders, panels' notes about who logged in.
package compromised

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"compromised_hosts"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "compromised_hosts", Doc: "traces of hijacked web servers", Checks: []*checks.Check{
		{
			Name:    "compromised-scripts",
			Doc:     "fields that name the script or class that sent the message",
			Symbols: scriptSymbols(),
			Run:     runScripts,
		},
		{
			Name:    "compromised-panels",
			Doc:     "fields by which hosting panels and sendmail tell who sent the message",
			Symbols: []*symbols.Def{hasXSource, hasXAS, hasXGMSV, hasAntiAbuse, hasXAW, xawServiceAcct},
			Run:     runPanels,
		},
		{
			Name:     "compromised-senders",
			Doc:      "senders that are service accounts or www hosts",
			Symbols:  []*symbols.Def{envFromServiceAcct, fromServiceAcct, wwwDotDomain},
			Requires: checks.Facts(aliases.Fact),
			Run:      runSenders,
		},
	}}
}

var (
	hasXSource     = def("HAS_X_SOURCE", 0, "X-Source fields of a hosting panel are there")
	hasXAS         = def("HAS_X_AS", 0, "X-Authenticated-Sender is there; the option is the account it names")
	hasXGMSV       = def("HAS_X_GMSV", 0, "X-Get-Message-Sender-Via is there; the option is the account it names")
	hasAntiAbuse   = def("HAS_X_ANTIABUSE", 0, "X-AntiAbuse fields of a hosting panel are there")
	hasXAW         = def("HAS_XAW", 0, "X-Authentication-Warning is there")
	xawServiceAcct = def("XAW_SERVICE_ACCT", 1, "X-Authentication-Warning says that a service account chose the sender")
)

func runPanels(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	for _, name := range [...]string{"x-source", "x-source-args", "x-source-dir"} {
		if f := h.Get(name); f != nil {
			t.HitField(hasXSource, f)
			break
		}
	}
	if f := h.Get("x-antiabuse"); f != nil {
		t.HitField(hasAntiAbuse, f)
	}
	if f := h.Get("x-authenticated-sender"); f != nil {
		t.HitField(hasXAS, f, account(f.Text())...)
	}
	if f := h.Get("x-get-message-sender-via"); f != nil {
		_, id, _ := strings.Cut(f.Text(), "authenticated_id: ")
		t.HitField(hasXGMSV, f, option(id)...)
	}
	if f := h.Get("x-authentication-warning"); f != nil {
		t.HitField(hasXAW, f)
		if f := h.Find("x-authentication-warning", serviceSetSender); f != nil {
			t.HitField(xawServiceAcct, f)
		}
	}
	return nil
}

// account returns what follows "host: ".
func account(s string) []string {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], ':')
		if i < 0 {
			return nil
		}
		at += i + 1
		if i > 0 && at+1 < len(s) && ascii.IsSpace(s[at]) {
			return option(s[at+1:])
		}
	}
}

func option(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// serviceSetSender finds "USER set sender to" of a service account.
func serviceSetSender(s string) bool {
	const phrase = " set sender to"
	for {
		i := ascii.IndexFold(s, phrase)
		if i < 0 {
			return false
		}
		head, tail := s[:i], s[i+len(phrase):]
		if (tail == "" || !ascii.IsWord(tail[0])) && endsInService(head) {
			return true
		}
		s = tail
	}
}

func endsInService(s string) bool {
	for _, u := range serviceAccounts {
		n := len(s) - len(u)
		if n >= 0 && ascii.EqualFold(s[n:], u) && (n == 0 || !ascii.IsWord(s[n-1])) {
			return true
		}
	}
	return false
}

// serviceAccounts are users under which servers run programs; no person
// sends mail as one of them.
var serviceAccounts = [...]string{"www-data", "anonymous", "ftp", "apache", "nobody", "guest", "nginx", "web", "www"}

var (
	envFromServiceAcct = def("ENVFROM_SERVICE_ACCT", 1, "the envelope sender is a service account")
	fromServiceAcct    = def("FROM_SERVICE_ACCT", 1, "From, Sender or Reply-To is a service account")
	wwwDotDomain       = def("WWW_DOT_DOMAIN", 0.5, "From, Sender, Reply-To or the envelope sender is at a www host")
)

func runSenders(_ context.Context, t *checks.Task) error {
	m := t.Message()
	h := m.Header()
	env := aliases.EnvelopeFrom(t).Addr
	if isService(env) {
		t.Hit(envFromServiceAcct)
	}
	sender := h.Get("sender")
	switch {
	case firstIsService(aliases.From(t)):
		t.HitField(fromServiceAcct, h.Get("from"))
	case sender != nil && firstIsService(mail.ParseAddressList(sender.Value(), 1)):
		t.HitField(fromServiceAcct, sender)
	case firstIsService(m.ReplyTo()):
		t.HitField(fromServiceAcct, h.Get("reply-to"))
	}
	for _, name := range [...]string{"from", "sender", "reply-to"} {
		if f := h.Find(name, atWWW); f != nil {
			t.HitField(wwwDotDomain, f)
			return nil
		}
	}
	if atWWW(env) {
		t.Hit(wwwDotDomain)
	}
	return nil
}

func atWWW(s string) bool { return ascii.ContainsFold(s, "@www.") }

func firstIsService(as []mail.Address) bool { return len(as) > 0 && isService(as[0].Addr) }

func isService(addr string) bool {
	for _, u := range serviceAccounts {
		if len(addr) > len(u) && addr[len(u)] == '@' && ascii.HasPrefixFold(addr, u) {
			return true
		}
	}
	return false
}

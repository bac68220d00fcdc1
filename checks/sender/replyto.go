package sender

import (
	"context"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/mail"
)

var (
	replyUnparsable    = def("REPLYTO_UNPARSEABLE", 1, "no address can be read from Reply-To")
	replyHas           = def("HAS_REPLYTO", 0, "has a Reply-To address")
	replyInvalid       = def("REPLYTO_INVALID", 1, "the address in Reply-To is not one by RFC 5321")
	replyLongUser      = def("REPLYTO_LOCALPART_LONG", 2, "the local part in Reply-To is longer than SMTP allows")
	replyLongDomain    = def("REPLYTO_DOMAIN_LONG", 2, "the domain in Reply-To is longer than SMTP allows")
	replyTitle         = def("REPLYTO_EMAIL_HAS_TITLE", 2, "the address in Reply-To begins with the title of the display name in From")
	replyEqFrom        = def("REPLYTO_EQ_FROM", 0, "Reply-To and From are the same, letter for letter")
	replyAddrEqFrom    = def("REPLYTO_ADDR_EQ_FROM", 0, "Reply-To and From have the same address")
	replyDomainEqFrom  = def("REPLYTO_DOM_EQ_FROM_DOM", 0, "Reply-To and From have the same domain")
	replyDomainNeqFrom = def("REPLYTO_DOM_NEQ_FROM_DOM", 0, "Reply-To and From have different domains")
	replyNameEqFrom    = def("REPLYTO_DN_EQ_FROM_DN", 0, "Reply-To and From have the same display name")
	replyEqTo          = def("REPLYTO_EQ_TO_ADDR", 5, "replies go to the recipient, and it is no list mail")
	replyDomainEqTo    = def("REPLYTO_DOM_EQ_TO_DOM", 0, "replies go to the recipient's domain")
	replyDomainNeqTo   = def("REPLYTO_DOM_NEQ_TO_DOM", 0, "replies go to another domain than the recipient's")
	spoofReply         = def("SPOOF_REPLYTO", 6, "From is in a recipient's domain and replies go to another one")
)

// Limits of RFC 5321 section 4.5.3.1.
const (
	maxLocalPart = 64
	maxDomain    = 255
)

func runReplyTo(_ context.Context, t *checks.Task) error {
	field := t.Message().Header().Get("Reply-To")
	if field == nil {
		return nil
	}
	reply := t.Message().ReplyTo()
	spoofedReply(t, field, reply)
	if len(reply) == 0 || reply[0].Addr == "" {
		t.HitField(replyUnparsable, field)
		return nil
	}
	a := &reply[0]
	t.HitField(replyHas, field, a.Addr)
	replyForm(t, field, a)
	from := t.Message().From()
	if len(from) == 0 {
		return nil
	}
	if field.Value() == t.Message().Header().Value("From") {
		t.HitField(replyEqFrom, field)
		return nil
	}
	replyAndFrom(t, field, a, &from[0])
	replyAndTo(t, field, a)
	return nil
}

// replyForm judges the address itself.
func replyForm(t *checks.Task, field *mail.Field, a *mail.Address) {
	if !a.Valid {
		t.HitField(replyInvalid, field)
	}
	if n := len(a.User); n > maxLocalPart {
		t.HitField(replyLongUser, field, strconv.Itoa(n))
	}
	if n := len(a.Domain); n > maxDomain {
		t.HitField(replyLongDomain, field, strconv.Itoa(n))
	}
	for _, h := range t.Raised(nameTitle) {
		if len(h.Options) > 0 && strings.HasPrefix(a.Key(), h.Options[0]) {
			t.HitField(replyTitle, field)
		}
	}
}

func replyAndFrom(t *checks.Task, field *mail.Field, a, from *mail.Address) {
	switch {
	case from.Same(a):
		t.HitField(replyAddrEqFrom, field)
	case from.SameDomain(a):
		t.HitField(replyDomainEqFrom, field)
	default:
		t.HitField(replyDomainNeqFrom, field)
	}
	if strings.EqualFold(from.Name, a.Name) {
		t.HitField(replyNameEqFrom, field)
	}
}

func replyAndTo(t *checks.Task, field *mail.Field, a *mail.Address) {
	to := aliases.Recipients(t)
	if len(to) == 0 {
		return
	}
	switch {
	case to[0].Same(a):
		if !isAutomatic(t.Message().Header()) {
			t.HitField(replyEqTo, field)
		}
	case to[0].SameDomain(a):
		t.HitField(replyDomainEqTo, field)
	default:
		t.HitField(replyDomainNeqTo, field)
	}
}

// isAutomatic reports whether list software or a robot sent the message.
func isAutomatic(h *mail.Header) bool {
	return h.Has("List-Unsubscribe") || h.Has("X-To-Get-Off-This-List") || h.Has("X-List") || h.Has("Auto-Submitted")
}

// spoofedReply: mail in the name of the recipient's own domain, answered
// elsewhere. Web forms write From = To, and one's own post comes back from a
// list: neither counts.
func spoofedReply(t *checks.Task, field *mail.Field, reply []mail.Address) {
	from, rcpts := aliases.From(t), aliases.EnvelopeRcpts(t)
	if len(from) == 0 || len(rcpts) == 0 || len(reply) == 0 || from[0].Addr == "" {
		return
	}
	if to := aliases.Recipients(t); len(to) > 0 && from[0].Same(&to[0]) {
		return
	}
	if len(rcpts) == 1 && rcpts[0].Same(&from[0]) {
		return
	}
	ours := false
	for i := range rcpts {
		ours = ours || rcpts[i].SameDomain(&from[0])
	}
	if ours && !reply[0].SameDomain(&from[0]) {
		t.HitField(spoofReply, field, options(from[0].Domain, reply[0].Domain)...)
	}
}

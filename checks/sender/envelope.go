package sender

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/mail"
)

var (
	prvs            = def("ENVFROM_PRVS", 0, "the envelope sender is the From address with a bounce tag (BATV and its kin)")
	verp            = def("ENVFROM_VERP", 0, "the envelope sender carries the recipient's address (VERP)")
	receiptMismatch = def("HEADER_RCONFIRM_MISMATCH", 2, "X-Confirm-Reading-To is another address than From")
	receiptForged   = def("HEADER_FORGED_MDN", 2, "Disposition-Notification-To does not hold the envelope sender")
)

func runEnvelope(_ context.Context, t *checks.Task) error {
	env, from := aliases.EnvelopeFrom(t), aliases.From(t)
	if env.Valid && len(from) > 0 && isTagged(env.Key(), from[0].Key()) {
		t.Hit(prvs)
	}
	if rcpts := aliases.EnvelopeRcpts(t); env.Valid && len(rcpts) == 1 && carries(env.User, &rcpts[0]) {
		t.Hit(verp)
	}
	receipts(t, env, from)
	return nil
}

// isTagged reports whether env is "prvs=TAG=from", "msprvs1=TAG=from",
// "btv1==TAG==from", or "prvs=user=TAG@domain" for from's user and domain.
func isTagged(env, from string) bool {
	if rest, ok := strings.CutPrefix(env, "btv1=="); ok {
		tag, addr, ok := strings.Cut(rest, "==")
		return ok && tag != "" && strings.IndexByte(tag, '=') < 0 && addr == from
	}
	rest, ok := strings.CutPrefix(env, "prvs=")
	plain := ok
	if !ok {
		if rest, ok = strings.CutPrefix(env, "msprvs1="); !ok {
			return false
		}
	}
	tag, addr, ok := strings.Cut(rest, "=")
	if !ok || tag == "" || strings.IndexByte(addr, '@') <= 0 {
		return false
	}
	if addr == from {
		return true
	}
	return plain && tag+addr[strings.LastIndexByte(addr, '@'):] == from
}

// carries reports whether the sender's local part holds rcpt with "=" for
// "@", and is neither Google's forwarding mark nor SRS.
func carries(user string, rcpt *mail.Address) bool {
	user, mark := idn.Embedded(strings.ToLower(user)), idn.Embedded(strings.ReplaceAll(rcpt.Key(), "@", "="))
	return mark != "" && strings.Contains(user, mark) && !strings.Contains(user, "+caf_="+mark) &&
		!strings.HasPrefix(user, "srs0=") && !strings.HasPrefix(user, "srs1=")
}

// receipts compares where read receipts go with the senders.
func receipts(t *checks.Task, env mail.Address, from []mail.Address) {
	h := t.Message().Header()
	if f := h.Get("X-Confirm-Reading-To"); f != nil && len(from) > 0 {
		to := mail.ParseAddressList(f.Value(), 1)
		if len(to) > 0 && !strings.Contains(from[0].Key(), to[0].Key()) {
			t.HitField(receiptMismatch, f)
		}
	}
	f := h.Get("Disposition-Notification-To")
	if f == nil {
		return
	}
	to := mail.ParseAddressList(f.Value(), 0)
	for i := range to {
		if env.Valid && to[i].Same(&env) {
			return
		}
	}
	if len(to) > 0 {
		t.HitField(receiptForged, f)
	}
}

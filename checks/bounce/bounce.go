// Package bounce recognizes delivery status notifications: by their report
// type (RFC 3464, RFC 8098), or by sender, subject and attached message.
package bounce

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	subjectWords = &symbols.Def{
		Name: "SUBJ_BOUNCE_WORDS", Groups: []string{"headers"},
		Doc: "Subject has words of a delivery status notification",
	}
	bounce = &symbols.Def{
		Name: "BOUNCE", Groups: []string{"headers"}, Weight: -0.1,
		Doc: "the message is a delivery status notification; the option says by what",
	}
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "bounce", Doc: "bounces", Checks: []*checks.Check{{
		Name:    "bounce",
		Doc:     "delivery status notifications and words of them",
		Symbols: []*symbols.Def{subjectWords, bounce},
		Run:     run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	m := t.Message()
	subject := m.Header().Find("subject", hasWords)
	if subject != nil {
		t.HitField(subjectWords, subject)
	}
	if m.EnvelopeFrom().Addr != "" {
		return nil
	}
	if factor, why := judge(m, subject != nil); factor > 0 {
		t.HitFactor(bounce, factor, why)
	}
	return nil
}

// judge returns how much m counts as a bounce, and why.
func judge(m *mail.Message, subject bool) (factor float64, why string) {
	if isReport(m) {
		return 1, "DSN"
	}
	sender := ""
	if from := m.From(); len(from) > 0 {
		switch user := strings.ToLower(from[0].User); user {
		case "postmaster", "mailer-daemon":
			sender = user
		case "mdaemon":
			if m.Header().Has("x-mddsn-message") {
				return 1, "MDaemon"
			}
		}
	}
	if sender != "" && subject {
		return 0.5, sender + "+subj"
	}
	if sender == "" && !subject {
		return 0, ""
	}
	switch part := attached(m); {
	case part == "":
		return 0, ""
	case sender != "":
		return 0.5, sender + "+" + part
	default:
		return 0.2, part + "+subj"
	}
}

func isReport(m *mail.Message) bool {
	ct := &m.Root().Type
	if !ct.Is("multipart", "report") {
		return false
	}
	switch strings.ToLower(ct.Param("report-type")) {
	case "delivery-status", "disposition-notification":
		return true
	}
	return false
}

// partsLooked is how many MIME parts may stand before the returned message.
const partsLooked = 9

// attached returns the type of the returned message or its header.
func attached(m *mail.Message) string {
	parts := m.Parts()
	for _, p := range parts[:min(len(parts), partsLooked)] {
		ct := &p.Type
		if (ct.Type == "message" || ct.Type == "text") && (ct.Subtype == "rfc822" || ct.Subtype == "rfc822-headers") {
			return ct.Full()
		}
	}
	return ""
}

// hasWords reports whether one of the phrases stands in s as whole words.
func hasWords(s string) bool {
	for _, phrase := range [...]string{
		"could not send message", "couldn't be delivered",
		"delivery failed", "delivery failure", "delivery report", "delivery status", "delivery warning",
		"failure delivery", "failure notice", "hasn't been delivered", "mail failure", "returned mail",
		"undeliverable", "undelivered",
	} {
		for rest, at := s, 0; ; {
			i := ascii.IndexFold(rest, phrase)
			if i < 0 {
				break
			}
			start, end := at+i, at+i+len(phrase)
			if (start == 0 || !ascii.IsWord(s[start-1])) && (end == len(s) || !ascii.IsWord(s[end])) {
				return true
			}
			rest, at = s[end:], end
		}
	}
	return false
}

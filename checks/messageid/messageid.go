// Package messageid judges the Message-ID: its form, how its right-hand side
// relates to the sender and the recipient, and forms that give software away.
// Comments are removed before a Message-ID is looked at, as Rspamd 4.1.6 does.
package messageid

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	missing = &symbols.Def{
		Name: "MISSING_MID", Groups: []string{"headers"}, Weight: 2.5,
		Doc: "there is no Message-ID",
	}
	invalid = &symbols.Def{
		Name: "INVALID_MSGID", Groups: []string{"headers"}, Weight: 1.7,
		Doc: "Message-ID is not of the form <left@right>",
	}
	bareIP        = form("MID_BARE_IP", 2, "the right-hand side of Message-ID is an IP address without brackets")
	notFQDN       = form("MID_RHS_NOT_FQDN", 0.5, "the right-hand side of Message-ID has no dot")
	noBrackets    = form("MID_MISSING_BRACKETS", 0.5, "Message-ID does not stand in angle brackets")
	ipLiteral     = form("MID_RHS_IP_LITERAL", 0.5, "the right-hand side of Message-ID is an IP address in brackets")
	googleMissing = &symbols.Def{
		Name: "GOOGLE_FORWARDING_MID_MISSING", Groups: []string{"headers"}, Weight: 2.5,
		Doc: "Google forwarded the message and had to add a Message-ID",
	}
	googleBroken = &symbols.Def{
		Name: "GOOGLE_FORWARDING_MID_BROKEN", Groups: []string{"headers"}, Weight: 1.7,
		Doc: "Google forwarded the message and had to replace a broken Message-ID",
	}
	ratwareMSHash = &symbols.Def{
		Name: "RATWARE_MS_HASH", Groups: []string{"headers"}, Weight: 2,
		Doc: "Message-ID has the form of Microsoft's programs, but nothing else shows that one wrote it",
	}
	forgedYahoo = &symbols.Def{
		Name: "FORGED_MSGID_YAHOO", Groups: []string{"headers"}, Weight: 2,
		Doc: "Message-ID is of yahoo.com, From is not",
	}
	rhsWWW = &symbols.Def{
		Name: "MID_RHS_WWW", Groups: []string{"compromised_hosts"}, Weight: 0.5,
		Doc: "the right-hand side of Message-ID is a www host",
	}
)

func form(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"Message ID"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "mid", Doc: "the Message-ID header", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	// Three groups of hexadecimal digits, as Outlook and MimeOLE write them.
	dollars := regexp.MustCompile(`[0-9a-f]{4,}\$[0-9a-f]{4,}\$[0-9a-f]{4,}@\S`)
	f.Checks = []*checks.Check{
		{
			Name:    "messageid-form",
			Doc:     "a missing or malformed Message-ID",
			Symbols: []*symbols.Def{missing, invalid, bareIP, notFQDN, noBrackets, ipLiteral},
			Run:     runForm,
		},
		{
			Name:    "messageid-origin",
			Doc:     "a Message-ID that names software or a service",
			Symbols: []*symbols.Def{googleMissing, googleBroken, ratwareMSHash, forgedYahoo, rhsWWW},
			Run:     func(_ context.Context, t *checks.Task) error { return runOrigin(t, dollars) },
		},
		{
			Name:     "messageid-parties",
			Doc:      "a Message-ID that has to do with the sender or the recipient",
			Symbols:  []*symbols.Def{containsFrom, matchFrom, matchFromTLD, containsTo, matchTo, endEqFromUser},
			Requires: checks.Facts(aliases.Fact),
			Run:      runParties,
		},
		knownCheck(o),
	}
	return f
}

func runForm(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	f := h.Get("message-id")
	if f == nil {
		t.Hit(missing)
		return nil
	}
	mid := text(f)
	rhs := mid[strings.LastIndexByte(mid, '@')+1:]
	if n := ascii.DottedQuad(rhs, 0); n > 0 && rhs[n:] == ">" && n+1 < len(mid) {
		t.HitField(bareIP, f)
	}
	if unqualified(mid) {
		t.HitField(notFQDN, f)
	}
	if !bracketed(mid) {
		t.HitField(noBrackets, f)
	}
	if hasLiteral(mid) {
		t.HitField(ipLiteral, f)
	}
	if !slices.ContainsFunc(h.All("message-id"), wellFormed) {
		t.HitField(invalid, f)
	}
	return nil
}

// text returns a Message-ID without comments and the space around them.
func text(f *mail.Field) string { return strings.TrimSpace(mail.StripComments(f.Text())) }

// unqualified reports whether something but no dot follows an "@".
func unqualified(mid string) bool {
	tail := mid[strings.LastIndexByte(mid, '.')+1:]
	i := strings.IndexByte(tail, '@')
	return i >= 0 && i+1 < len(tail)
}

func bracketed(mid string) bool {
	return len(mid) > 2 && mid[0] == '<' && strings.IndexByte(mid, '>') == len(mid)-1
}

func hasLiteral(mid string) bool {
	for {
		i := strings.Index(mid, "@[")
		if i < 0 {
			return false
		}
		mid = mid[i+2:]
		if n := ascii.DottedQuad(mid, 0); n > 0 && n < len(mid) && mid[n] == ']' {
			return true
		}
	}
}

// wellFormed reports whether a Message-ID has its form. Encoded words are not
// decoded for that beyond ASCII: their bytes are no address.
func wellFormed(f *mail.Field) bool {
	text := mail.StripComments(f.Text())
	eai := utf8.ValidString(f.Value()) && !strings.Contains(f.Value(), "=?")
	return sane(text) && (eai || !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }))
}

// sane reports whether mid is left@right, in brackets or not, without spaces,
// backslashes or further brackets. Characters beyond ASCII may stand on either
// side (RFC 6532 section 3.3) if they were received as valid UTF-8.
func sane(mid string) bool {
	mid = strings.TrimPrefix(ascii.TrimRightSpace(mid), "<")
	mid = strings.TrimSuffix(mid, ">")
	for i := range len(mid) {
		switch c := mid[i]; {
		case c == '<', c == '>', c == '\\', ascii.IsSpace(c):
			return false
		}
	}
	// An "@" with something on both sides.
	return len(mid) > 2 && strings.IndexByte(mid[1:len(mid)-1], '@') >= 0
}

func runOrigin(t *checks.Task, dollars *regexp.Regexp) error {
	h := t.Message().Header()
	for _, f := range h.All("message-id") {
		raw := f.Value()
		if strings.HasSuffix(raw, "SMTPIN_ADDED_MISSING@mx.google.com>") {
			t.HitField(googleMissing, f)
		}
		if strings.HasSuffix(raw, "SMTPIN_ADDED_BROKEN@mx.google.com>") {
			t.HitField(googleBroken, f)
		}
	}
	find := func(ok func(string) bool) *mail.Field {
		return h.Find("message-id", func(s string) bool { return ok(mail.StripComments(s)) })
	}
	if f := find(func(s string) bool { return ascii.ContainsFold(s, "@www.") }); f != nil {
		t.HitField(rhsWWW, f)
	}
	if f := find(atYahoo); f != nil && h.Find("from", atYahoo) == nil {
		t.HitField(forgedYahoo, f)
	}
	f := find(func(s string) bool { return strings.Count(s, "$") > 1 && dollars.MatchString(s) })
	if f != nil && !microsoft(h) {
		t.HitField(ratwareMSHash, f)
	}
	return nil
}

// microsoft reports whether MimeOLE or Exchange had a hand in the message.
func microsoft(h *mail.Header) bool {
	return h.Find("x-mimeole", func(s string) bool { return strings.HasPrefix(s, "Produced By Microsoft MimeOLE") }) != nil ||
		h.Find("received", func(s string) bool { return strings.Contains(s, "with Microsoft Exchange Server") }) != nil
}

func atYahoo(v string) bool {
	const host = "@yahoo.com"
	for {
		i := ascii.IndexFold(v, host)
		if i < 0 {
			return false
		}
		v = v[i+len(host):]
		if v == "" || !ascii.IsWord(v[0]) {
			return true
		}
	}
}

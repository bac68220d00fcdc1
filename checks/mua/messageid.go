package mua

import (
	"regexp"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	outlook       = inMUA("FORGED_MUA_OUTLOOK", 3, "X-Mailer names Outlook, Message-ID is not of it")
	kmailUnknown  = unknownForm("KMAIL", "KMail", 2.5)
	operaForged   = inMUA("FORGED_MUA_OPERA_MSGID", 4, "User-Agent names Opera Mail, Message-ID is not of it")
	theBat        = nearForm("THEBAT", "The Bat!")
	theBatUnknown = unknownForm("THEBAT", "The Bat!", 3)
	mozilla       = nearForm("MOZILLA_MAIL", "Mozilla Mail")
	mozUnknown    = unknownForm("MOZILLA_MAIL", "Mozilla Mail", 2.5)
	thunderbird   = nearForm("THUNDERBIRD", "Thunderbird")
	tbirdUnknown  = unknownForm("THUNDERBIRD", "Thunderbird", 2.5)
	seamonkey     = nearForm("SEAMONKEY", "SeaMonkey")
	smUnknown     = unknownForm("SEAMONKEY", "SeaMonkey", 2.5)
	postbox       = nearForm("POSTBOX", "Postbox")
	pboxUnknown   = unknownForm("POSTBOX", "Postbox", 2.5)
)

func nearForm(name, program string) *symbols.Def {
	return inMUA("FORGED_MUA_"+name+"_MSGID", 4,
		"Message-ID looks like one of "+program+", which the message names, but has values that it does not write")
}

func unknownForm(name, program string, weight float64) *symbols.Def {
	return inMUA("FORGED_MUA_"+name+"_MSGID_UNKNOWN", weight,
		"the message names "+program+", Message-ID is not of its form")
}

func messageIDSymbols() []*symbols.Def {
	return []*symbols.Def{
		outlook, kmailUnknown, operaForged, theBat, theBatUnknown, mozilla, mozUnknown,
		thunderbird, tbirdUnknown, seamonkey, smUnknown, postbox, pboxUnknown,
	}
}

// forms are the Message-IDs of programs and of services that replace them.
type forms struct {
	outlook []*regexp.Regexp // of Outlook and Outlook Express
	express []*regexp.Regexp // of Outlook Express only
	vista   *regexp.Regexp   // of Windows Mail

	theBatLike, theBat *regexp.Regexp
	kmail, opera       *regexp.Regexp

	mozillaLike, mozillaUUID, mozilla *regexp.Regexp
	postboxAgent, seamonkeyAgent      *regexp.Regexp
	thunderbirdAgent                  *regexp.Regexp

	leaveLink *regexp.Regexp
	replaced  []*regexp.Regexp
}

func newForms() *forms {
	re := regexp.MustCompile
	hex := re(`^<?(?:[0-9a-f]{8}|[0-9a-f]{12})\$[0-9a-f]{8}\$[0-9a-f]{8}@\S+$`)
	vista := re(`^<?[A-F\d]{32}@\S+$`)
	const host = `@(?:[^>.]+\.)+[^>.]+>$`
	return &forms{
		express: []*regexp.Regexp{hex, re(`^<?[A-Za-z0-9-]{7}[A-Za-z0-9]{20}@hotmail\.com>?$`)},
		outlook: []*regexp.Regexp{hex, vista, re(`^<?!~!`), re(`^<?[A-F\d]{36,40}@\S+$`)},
		vista:   vista,

		theBatLike: re(`^<?\d+\.\d+@\S+$`),
		theBat:     re(`^<?\d+\.(?:19[7-9]|20\d)\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?:[0-5]\d){3}@\S`),
		kmail:      re(`^<?\s*\d+\.\d+\.\S+@\S+$`),
		opera:      re(`^<?op\.[a-z\d]{14}@\S+$`),

		mozillaLike: re(`^<[\dA-F]{8}\.\d{1,7}` + host),
		mozillaUUID: re(`^<[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}` + host),
		// The first eight digits are the seconds since 1970, later than 1997.
		mozilla:          re(`^<(?:3[3-9A-F]|[4-9A-F][\dA-F])[\dA-F]{6}\.(?:\d0){1,4}\d` + host),
		postboxAgent:     re(`^Mozilla/5\.0\s\([^)]+\)\sGecko/\d+\sPostboxApp/\d+(?:\.\d+){2,3}$`),
		seamonkeyAgent:   re(`^Mozilla/5\.0\s.+\sSeaMonkey/\d+\.\d`),
		thunderbirdAgent: re(`^Mozilla/.*Gecko/.*(?:Thunderbird|Betterbird|Icedove)/`),

		leaveLink: re(`<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>$`),
		replaced: []*regexp.Regexp{
			re(`^<?BAY\d+-DAV\d+[A-Z0-9]{25}@phx\.gbl?>$`),
			re(`^<?BAYC\d+-PASMTP\d+[A-Z0-9]{25}@CEZ\.ICE>?$`),
			re(`^<mailman(?:\.\d+){3}\.[-+.:=\w]+@[-a-zA-Z\d.]+>$`),
		},
	}
}

// ids are the Message-IDs of one message.
type ids []string

func (m ids) any(res ...*regexp.Regexp) bool {
	for _, s := range m {
		for _, re := range res {
			if re.MatchString(s) {
				return true
			}
		}
	}
	return false
}

func runMessageID(t *checks.Task, f *forms) error {
	h := t.Message().Header()
	xm, ua := h.All("x-mailer"), h.All("user-agent")
	if len(xm) == 0 && len(ua) == 0 {
		return nil
	}
	suspects := f.suspects(h)
	if len(suspects) == 0 {
		return nil
	}
	var m ids
	for _, id := range h.All("message-id") {
		m = append(m, strings.TrimSpace(mail.StripComments(id.Text())))
	}
	for _, s := range suspects {
		if d := s.judge(f, m); d != nil && !f.mayDiffer(h, m) {
			t.HitField(d, s.names)
		}
	}
	return nil
}

// mayDiffer reports whether something on the way replaced the Message-ID.
func (f *forms) mayDiffer(h *mail.Header, m ids) bool {
	return m.any(f.replaced...) ||
		h.Find("list-unsubscribe", f.leaveLink.MatchString) != nil ||
		h.Find("received", func(s string) bool {
			return strings.Contains(s, "/CWT/DCE)") || strings.Contains(s, "iPlanet Messaging Server")
		}) != nil
}

// A suspect is a program that the message names, with the field that does so
// and the judgment of its Message-ID: nil if it is as it should be.
type suspect struct {
	names *mail.Field
	judge func(*forms, ids) *symbols.Def
}

func (f *forms) suspects(h *mail.Header) (out []suspect) {
	add := func(field *mail.Field, judge func(*forms, ids) *symbols.Def) {
		if field != nil {
			out = append(out, suspect{field, judge})
		}
	}
	add(h.Find("x-mailer", isOutlook), judgeOutlook(h))
	add(h.Find("x-mailer", prefixed("The Bat!")), judgeTheBat)
	add(h.Find("user-agent", isKMail), judgeKMail)
	add(h.Find("user-agent", isOpera), judgeOpera)
	tb := h.Find("user-agent", func(s string) bool {
		return strings.HasPrefix(s, "Thunderbird") || strings.HasPrefix(s, "Mozilla Thunderbird") ||
			strings.Contains(s, "Gecko/") && f.thunderbirdAgent.MatchString(s)
	})
	add(tb, judgeGecko(thunderbird, tbirdUnknown, true))
	moz := h.Find("user-agent", prefixed("Mozilla/5.0"))
	if moz == nil {
		return out
	}
	sm := h.Find("user-agent", f.seamonkeyAgent.MatchString)
	pb := h.Find("user-agent", f.postboxAgent.MatchString)
	add(sm, judgeGecko(seamonkey, smUnknown, true))
	add(pb, judgeGecko(postbox, pboxUnknown, true))
	if tb == nil && sm == nil && pb == nil {
		add(moz, judgeGecko(mozilla, mozUnknown, false))
	}
	return out
}

func prefixed(p string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, p) }
}

func isKMail(s string) bool {
	s, ok := strings.CutPrefix(s, "KMail/1.")
	n := ascii.Span(s, ascii.IsDigit)
	return ok && n > 0 && n+1 < len(s) && s[n] == '.' && ascii.IsDigit(s[n+1])
}

func isOpera(s string) bool {
	s, ok := strings.CutPrefix(s, "Opera Mail/1")
	if !ok || len(s) < 2 || s[0] != '0' && s[0] != '1' || s[1] != '.' {
		return false
	}
	n := ascii.Span(s[2:], ascii.IsDigit)
	return n > 0 && strings.HasPrefix(s[2+n:], " ")
}

func judgeKMail(f *forms, m ids) *symbols.Def {
	if m.any(f.kmail) {
		return nil
	}
	return kmailUnknown
}

func judgeOpera(f *forms, m ids) *symbols.Def {
	if m.any(f.opera) {
		return nil
	}
	return operaForged
}

func judgeTheBat(f *forms, m ids) *symbols.Def {
	switch {
	case m.any(f.theBat):
		return nil
	case m.any(f.theBatLike):
		return theBat
	}
	return theBatUnknown
}

// judgeGecko judges programs on Mozilla's base; uuid says that newer versions
// write a UUID.
func judgeGecko(near, unknown *symbols.Def, uuid bool) func(*forms, ids) *symbols.Def {
	return func(f *forms, m ids) *symbols.Def {
		switch {
		case m.any(f.mozilla):
			return nil
		case m.any(f.mozillaLike):
			return near
		case uuid && m.any(f.mozillaUUID):
			return nil
		}
		return unknown
	}
}

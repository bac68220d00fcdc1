package mua

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	outlookHTML    = inHeaders("FORGED_OUTLOOK_HTML", 5, "X-Mailer names Outlook, but there is only HTML, no plain text")
	outlookTags    = inHeaders("FORGED_OUTLOOK_TAGS", 2.1, "X-Mailer names Outlook, but its HTML lacks tags that Outlook always writes")
	forgedIMS      = inHeaders("FORGED_IMS", 3, "X-Mailer names Exchange 5's mail service, but no Received is of it")
	mailRu         = inHeaders("MAIL_RU_MAILER", 0, "Mail.Ru's web mail sent the message")
	yandexRu       = inHeaders("YANDEX_RU_MAILER", 0, "Yandex's web mail sent the message")
	missingMimeOLE = inHeaders("MISSING_MIMEOLE", 2, "X-MSMail-Priority of old Outlook is there, X-MimeOLE that goes with it is not")
)

func traceSymbols() []*symbols.Def {
	return []*symbols.Def{outlookHTML, outlookTags, forgedIMS, mailRu, yandexRu, missingMimeOLE}
}

func runTraces(_ context.Context, t *checks.Task) error {
	m := t.Message()
	h := m.Header()
	if f := h.Find("x-mailer", namesOutlook); f != nil && h.Find("received", yahooGroups) == nil {
		if onlyHTML(m) {
			t.HitField(outlookHTML, f)
		}
		if hasHTML(m) && !allTags(m) {
			t.HitField(outlookTags, f)
		}
	}
	const service = "Internet Mail Service (5."
	if f := h.Find("x-mailer", prefixed(service)); f != nil {
		if h.Find("received", func(s string) bool { return byWith(s, " with "+service) }) == nil {
			t.HitField(forgedIMS, f)
		}
	}
	if f := h.Find("x-mailer", equal("Mail.Ru Mailer 1.0")); f != nil && h.Find("received", byMailRu) != nil {
		t.HitField(mailRu, f)
	}
	if f := h.Find("x-mailer", equal("Yamail [ http://yandex.ru ] 5.0")); f != nil && h.Find("received", byYandex) != nil {
		t.HitField(yandexRu, f)
	}
	if f := h.Get("x-msmail-priority"); f != nil && !h.Has("x-mimeole") && !h.Has("x-android-message-id") &&
		h.Find("x-mailer", worksWithoutMimeOLE) == nil {
		t.HitField(missingMimeOLE, f)
	}
	return nil
}

func equal(want string) func(string) bool { return func(s string) bool { return s == want } }

func namesOutlook(s string) bool {
	s, ok := strings.CutPrefix(s, "Microsoft Outlook")
	return ok && (s == "" || !ascii.IsWord(s[0]))
}

var yahooHop = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`from \[\S+\] by \S+\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP`)
})

// yahooGroups rewrote what its members sent.
func yahooGroups(s string) bool {
	return strings.Contains(s, "yahoo.com with NNFMP") && yahooHop().MatchString(s)
}

// onlyHTML reports whether HTML that is no attachment has no plain text that a
// reader could be shown in its place, in a multipart/alternative around it.
func onlyHTML(m *mail.Message) bool {
	withPlain := map[*mail.Part]bool{}
	for _, text := range m.Texts() {
		if text.IsHTML {
			continue
		}
		for p := text.Part.Parent; p != nil && !withPlain[p]; p = p.Parent {
			withPlain[p] = true
		}
	}
	choice := func(p *mail.Part) bool {
		for p = p.Parent; p != nil; p = p.Parent {
			if withPlain[p] && p.Type.Is("multipart", "alternative") {
				return true
			}
		}
		return false
	}
	for _, text := range m.Texts() {
		if text.IsHTML && !text.Part.IsAttachment() && !choice(text.Part) {
			return true
		}
	}
	return false
}

// hasHTML reports whether a part is declared as HTML of any kind.
func hasHTML(m *mail.Message) bool {
	for _, p := range m.Parts() {
		if p.Type.Type == "text" && strings.Contains(p.Type.Subtype, "html") {
			return true
		}
	}
	return false
}

// allTags reports whether the HTML has the elements that Outlook writes around
// every text.
func allTags(m *mail.Message) bool {
	for _, name := range [...]string{"html", "head", "meta", "body"} {
		found := false
		for _, text := range m.Texts() {
			if doc := text.HTML(); doc != nil && doc.HasTag(name) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// byWith reports whether s is "by HOST" and then with.
func byWith(s, with string) bool {
	host, ok := strings.CutPrefix(s, "by ")
	n := ascii.Span(host, func(c byte) bool { return !ascii.IsSpace(c) })
	return ok && n > 0 && strings.HasPrefix(host[n:], with)
}

// byMailRu knows the hop of Mail.Ru's web server, with or without the user's
// address before it.
func byMailRu(s string) bool {
	if ip, ok := strings.CutPrefix(s, "from ["); ok {
		n := ascii.DottedQuad(ip, 3)
		if s, ok = strings.CutPrefix(ip[n:], "] "); !ok || n == 0 {
			return false
		}
	}
	return strings.HasPrefix(s, "by e.mail.ru with HTTP;")
}

// byYandex knows the hop of Yandex's web servers, as web12g.yandex.ru.
func byYandex(s string) bool {
	s, ok := strings.CutPrefix(s, "by web")
	n := ascii.Span(s, ascii.IsDigit)
	return ok && (n == 1 || n == 2) && n < len(s) && 'a' <= s[n] && s[n] <= 'z' &&
		strings.HasPrefix(s[n+1:], ".yandex.ru with HTTP;")
}

// worksWithoutMimeOLE knows programs that write X-MSMail-Priority only.
func worksWithoutMimeOLE(s string) bool {
	const squirrel = "SquirrelMail"
	if _, after, ok := strings.Cut(s, squirrel); ok && (after == "" || !ascii.IsWord(after[0])) {
		return true
	}
	s, ok := strings.CutPrefix(s, "Microsoft ")
	if !ok {
		return false
	}
	s, ok = strings.CutPrefix(strings.TrimPrefix(s, "Office "), "Outlook ")
	return ok && len(s) > 3 && (s[0] == '1' || s[0] == '2') && ascii.IsDigit(s[1]) && s[2:4] == ".0"
}

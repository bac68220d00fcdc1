package received

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	heloUser      = def("RCVD_HELO_USER", 3, `the client, or one on the way, called itself "user"`)
	spambots      = def("R_RCVD_SPAMBOTS", 3, "trace header as spam programs write it: address, server and date, nothing else")
	doubleIP      = def("RCVD_DOUBLE_IP_SPAM", 2, "trace header with a bare address for the server")
	strongmail    = def("STRONGMAIL", 6, `trace header of a server that calls itself "strongmail"`)
	fakeMailru    = def("FAKE_RECEIVED_mail_ru", 4, "trace header says mail.ru, but the senders are not there")
	fakeYandex    = def("FAKE_RECEIVED_smtp_yandex_ru", 4, "trace header in which a client calls itself smtp.yandex.ru")
	generic1      = def("FORGED_GENERIC_RECEIVED", 3.6, "trace header of a known forgery: address in brackets, server, date")
	generic2      = def("FORGED_GENERIC_RECEIVED2", 3.6, "trace header of a known forgery: address in brackets, server, an id of 12 characters")
	generic3      = def("FORGED_GENERIC_RECEIVED3", 3.6, "trace header of a known forgery: an id of 14 letters and 13 digits")
	generic4      = def("FORGED_GENERIC_RECEIVED4", 3.6, "trace header of a known forgery: from localhost, server, date")
	badPostfix    = def("INVALID_POSTFIX_RECEIVED", 3, "trace header that claims to be Postfix's without the zone's name")
	heloLocalhost = def("RECEIVED_HELO_LOCALHOST", 0, "a client on the way called itself localhost")
)

func forgedSymbols() []*symbols.Def {
	return []*symbols.Def{
		heloUser, spambots, doubleIP, strongmail, fakeMailru, fakeYandex,
		generic1, generic2, generic3, generic4, badPostfix, heloLocalhost,
	}
}

// A pattern is a regular expression that is compiled when first needed. Few
// messages need one: a literal is looked for first.
type pattern = func() *regexp.Regexp

func lazy(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

const (
	ip4  = `\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`
	date = `\w{3}, \d+ \w{3} 20\d\d \d\d:\d\d:\d\d [+-]\d\d\d0`
)

// A form is one way to write a forged trace header.
type form struct {
	def    *symbols.Def
	prefix string // which the value begins with
	piece  string // which it has to hold
	re     pattern
}

// postfixID is what Postfix writes before its id.
const postfixID = " (Postfix) with ESMTP id "

// forms lists what is recognized by one header alone.
var forms = [...]form{
	{spambots, "from [", "] by ", lazy(`^from \[` + ip4 + `\] by [-.\w+]{5,255}; [SMTWF][a-z][a-z], [\s\d]?\d [JFMASOND][a-z][a-z] \d{4} \d{2}:\d{2}:\d{2} [-+]\d{4}$`)},
	{strongmail, "from", "strongmail", lazy(`^from\s+strongmail\s+\(\[` + ip4 + `\]\) by \S+ \(-\); `)},
	{doubleIP, "", "from [", lazy(`from \[` + ip4 + `\] by ` + ip4 + ` with`)},
	{doubleIP, "", "from", lazy(`from\s+` + ip4 + `\s+by\s+` + ip4 + `;`)},
	{generic1, "from [", "] by ", lazy(`^from \[` + ip4 + `\] by (?:(?:[\w-]+\.)+[a-zA-Z]{2,6}|` + ip4 + `); ` + date)},
	{generic2, "from [", " id ", lazy(`^from \[` + ip4 + `\] by (?:[\w-]+\.)+[a-z]{2,6} id \w{12}; ` + date)},
	{generic3, "by ", " with SMTP id ", lazy(`^by ` + ip4 + ` with SMTP id [a-zA-Z]{14}\.\d{13};\s*` + date + ` \(GMT\)`)},
	{generic4, "from localhost by ", ";", lazy(`^from localhost by \S+;\s+` + date + `\s*$`)},
	{badPostfix, "", postfixID, lazy(` \(Postfix\) with ESMTP id [A-Z\d]+(?:\s+for <\S+?>)?;\s*[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$`)},
}

// maxLook bounds how much of a trace header is looked at.
const maxLook = 4096

func runForged(_ context.Context, t *checks.Task) error {
	m := t.Message()
	found := make(map[*symbols.Def]*mail.Field, 4)
	if strings.EqualFold(relay.Of(t).Helo, "user") {
		t.Hit(heloUser)
		found[heloUser] = nil
	}
	hit := func(d *symbols.Def, f *mail.Field) {
		if _, ok := found[d]; !ok {
			found[d] = f
			t.HitField(d, f)
		}
	}
	for _, f := range m.Header().All("Received") {
		v := f.Value()
		v = v[:min(len(v), maxLook)]
		if ascii.ContainsFold(v, "user") && isHeloUser(strings.ToLower(v)) {
			hit(heloUser, f)
		}
		if strings.Contains(v, "from localhost ") || strings.Contains(v, "from [127.0.0.1] ") {
			hit(heloLocalhost, f)
		}
		for i := range forms {
			if forms[i].matches(v) {
				hit(forms[i].def, f)
			}
		}
		if strings.Contains(v, "from mail.ru (") && !isFrom(m.Header(), "@mail.ru") {
			hit(fakeMailru, f)
		}
		if ascii.ContainsFold(v, "smtp.yandex.ru") && isYandex(m.Header(), v) {
			hit(fakeYandex, f)
		}
	}
	return nil
}

func (f *form) matches(v string) bool {
	if !strings.HasPrefix(v, f.prefix) || !strings.Contains(v, f.piece) {
		return false
	}
	switch f.def {
	case doubleIP:
		if !fromDigit(v) {
			return false
		}
	case badPostfix:
		if !ascii.IsDigit(v[len(v)-1]) { // real ones end with the zone's name
			return false
		}
	}
	return f.re().MatchString(v)
}

// fromDigit reports whether a "from" is followed by an address.
func fromDigit(v string) bool {
	for {
		i := strings.Index(v, "from")
		if i < 0 {
			return false
		}
		v = v[i+len("from"):]
		rest := strings.TrimLeft(v, " \t")
		rest = strings.TrimPrefix(rest, "[")
		if len(rest) < len(v) && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return true
		}
	}
}

// isHeloUser looks for "from user", "helo=user" and "helo user".
func isHeloUser(lower string) bool {
	if rest, ok := strings.CutPrefix(strings.TrimLeft(lower, " \t"), "from user"); ok && rest != "" && isSpace(rest[0]) {
		return true
	}
	for {
		i := strings.Index(lower, "helo")
		if i < 0 || i+4 >= len(lower) {
			return false
		}
		lower = lower[i+4:]
		if lower[0] != '=' && !isSpace(lower[0]) {
			continue
		}
		if rest, ok := strings.CutPrefix(lower[1:], "user"); ok && rest != "" && (rest[0] == ')' || isSpace(rest[0])) {
			return true
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// isFrom reports whether From and one of the headers that hold the envelope
// sender are of that domain.
func isFrom(h *mail.Header, domain string) bool {
	inFrom := func(v string) bool { return strings.HasSuffix(strings.TrimSuffix(v, ">"), domain) }
	inBrackets := func(v string) bool { return strings.HasPrefix(v, "<") && strings.HasSuffix(v, domain+">") }
	return anyField(h, "From", inFrom) && (anyField(h, "Return-Path", inBrackets) || anyField(h, "X-Envelope-From", inBrackets))
}

// anyField reports whether ok holds for a lower-cased value of the header.
func anyField(h *mail.Header, name string, ok func(string) bool) bool {
	for _, f := range h.All(name) {
		if ok(strings.ToLower(f.Value())) {
			return true
		}
	}
	return false
}

// yandexForms are what servers write when a client says smtp.yandex.ru in
// HELO; the first is usual for real users of three providers too.
var yandexForms = [...]pattern{
	lazy(`(?i)from \[[\d.]+\] \((?:port=\d+ )?helo=smtp\.yandex\.ru\)`),
	lazy(`(?i)from \S+ \(\[[\d.]+\](?::\d+)? helo=smtp\.yandex\.ru\)`),
	lazy(`(?i)from \[[\d.]+\] \(account \S+ HELO smtp\.yandex\.ru\)`),
	lazy(`(?i)from smtp\.yandex\.ru \((?:\S+ )?\[[\d.]+\]\)`),
	lazy(`(?i)from \S+ \(HELO smtp\.yandex\.ru\) \((?:\S+@)?[\d.]+\)`),
}

func isYandex(h *mail.Header, v string) bool {
	for _, re := range yandexForms[1:] {
		if re().MatchString(v) {
			return true
		}
	}
	return yandexForms[0]().MatchString(v) &&
		(isFrom(h, "@mail.ru") || isFrom(h, "@gmail.com") || isFrom(h, "@ukr.net"))
}

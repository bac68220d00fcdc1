package mua

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	missing     = inHeaders("MISSING_XM_UA", 0, "neither X-Mailer nor User-Agent is there")
	old         = inHeaders("OLD_X_MAILER", 2, "X-Mailer names a program that hardly anybody but spammers still names")
	appleMailer = inHeaders("APPLE_MAILER", 0, "X-Mailer is that of Apple Mail")
	appleIOS    = inHeaders("APPLE_IOS_MAILER", 0, "X-Mailer is that of the iPhone's or iPad's mail program")
	forged      = inHeaders("FORGED_X_MAILER", 4.5, "X-Mailer has a value that no program writes")
	mailer1C    = inHeaders("MAILER_1C_8", 0, "X-Mailer is 1C:Enterprise 8.2 or 8.3")
	noVersion   = &symbols.Def{
		Name: "XM_UA_NO_VERSION", Groups: []string{"experimental"}, Weight: 0.01,
		Doc: "X-Mailer or User-Agent has no digit, hence no version",
	}
)

func nameSymbols() []*symbols.Def {
	return []*symbols.Def{missing, old, appleMailer, appleIOS, forged, mailer1C, noVersion}
}

func runNames(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	xm, ua := h.All("x-mailer"), h.All("user-agent")
	if len(xm) == 0 && len(ua) == 0 {
		t.Hit(missing)
		return nil
	}
	ios := h.Find("x-mailer", isIOS)
	hit(t, appleIOS, ios)
	if ios == nil {
		hit(t, forged, h.Find("x-mailer", isForged))
	}
	hit(t, old, h.Find("x-mailer", isOld))
	hit(t, appleMailer, h.Find("x-mailer", isApple))
	hit(t, mailer1C, h.Find("x-mailer", func(s string) bool {
		return s == "1C:Enterprise 8.2" || s == "1C:Enterprise 8.3"
	}))
	hit(t, noVersion, withoutVersion(xm, ua))
	return nil
}

// withoutVersion returns the first field without a digit. A web address in
// either field excuses it, and so does the bare name of Thunderbird, whose
// users can hide the version.
func withoutVersion(xm, ua []*mail.Field) (bare *mail.Field) {
	for i, fields := range [...][]*mail.Field{xm, ua} {
		for _, f := range fields {
			s := f.Text()
			if strings.Contains(s, "http:") || strings.Contains(s, "https:") ||
				i == 1 && strings.HasPrefix(s, "Mozilla Thunderbird") {
				return nil
			}
			if bare == nil && s != "" && !strings.ContainsAny(s, "0123456789") {
				bare = f
			}
		}
	}
	return bare
}

// isOld knows programs of before 2010 and two later iOS builds that spam
// software names often.
func isOld(s string) bool {
	if rest, ok := afterIOS(s); ok {
		if strings.HasPrefix(rest, "12H") || strings.HasPrefix(rest, "13E") {
			return true
		}
		return len(rest) > 1 && '1' <= rest[0] && rest[0] <= '8' && 'A' <= rest[1] && rest[1] <= 'L'
	}
	if rest, ok := strings.CutPrefix(s, "QUALCOMM Windows Eudora "); ok {
		rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, "Pro "), "Version ")
		return ok && versionUpTo(rest, '6')
	}
	if rest, ok := strings.CutPrefix(s, "The Bat! (v"); ok {
		return versionUpTo(rest, '2')
	}
	return strings.HasPrefix(s, "Microsoft Outlook Express") ||
		strings.HasPrefix(s, "Microsoft Outlook IMO, Build 9.0.") ||
		strings.HasPrefix(s, "Microsoft Outlook, Build 10.")
}

// versionUpTo reports whether s begins with a major version from 1 to last and
// a dot.
func versionUpTo(s string, last byte) bool {
	return len(s) > 1 && '1' <= s[0] && s[0] <= last && s[1] == '.'
}

// isApple knows "Apple Mail (2.936)", "Apple Mail (Version 8.0)" and builds
// of four numbers such as "Apple Mail (2.3445.104.11)"; as Rspamd 4.1.6 not
// the builds of two numbers with four digits.
func isApple(s string) bool {
	s, ok := strings.CutPrefix(s, "Apple Mail (")
	if !ok {
		return false
	}
	s, version := strings.CutPrefix(s, "Version ")
	s, _, ok = strings.Cut(s, ")")
	if !ok {
		return false
	}
	numbers := strings.Split(s, ".")
	if len(numbers) != 2 && (len(numbers) != 4 || version) {
		return false
	}
	for i, n := range numbers {
		most := 3
		if i == 1 && len(numbers) == 4 {
			most = 4
		}
		if n == "" || len(n) > most || ascii.Span(n, ascii.IsDigit) != len(n) ||
			i == 0 && (len(n) > 2 || n[0] == '0') {
			return false
		}
	}
	return true
}

// afterIOS returns what follows "iPhone Mail (" or "iPad Mail (".
func afterIOS(s string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "iPhone Mail ("); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "iPad Mail (")
}

// isIOS knows builds as 16H5 or 18G5023c.
func isIOS(s string) bool {
	s, ok := afterIOS(s)
	if !ok {
		return false
	}
	major := ascii.Span(s, ascii.IsDigit)
	if major < 1 || major > 2 || major == len(s) || s[major] < 'A' || s[major] > 'Z' {
		return false
	}
	s = s[major+1:]
	build := ascii.Span(s, ascii.IsDigit)
	if build < 1 || build > 4 {
		return false
	}
	s = s[build:]
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		s = s[1:]
	}
	return strings.HasPrefix(s, ")")
}

// isForged knows the field's own name as its value, Thunderbird, which writes
// User-Agent, a service that ended long ago, and iOS without a build.
func isForged(s string) bool {
	for _, p := range [...]string{"X-Mailer: ", "eGroups Message Poster", "iPhone Mail", "iPad Mail"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	v, ok := strings.CutPrefix(strings.TrimPrefix(s, "Mozilla "), "Thunderbird ")
	return ok && v != "" && ascii.IsDigit(v[0])
}

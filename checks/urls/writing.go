package urls

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	userPassword = &symbols.Def{
		Name: "URL_USER_PASSWORD", Groups: group(), Weight: 2,
		Doc: "a URL has a user name before its host",
	}
	userLong = &symbols.Def{
		Name: "URL_USER_LONG", Groups: group(), Weight: 3,
		Doc: "a URL has a user name of more than 128 bytes",
	}
	userVeryLong = &symbols.Def{
		Name: "URL_USER_VERY_LONG", Groups: group(), Weight: 5,
		Doc: "a URL has a user name of more than 256 bytes",
	}
	numericIP = &symbols.Def{
		Name: "URL_NUMERIC_IP", Groups: group(), Weight: 1.5,
		Doc: "the host of a URL is a public IP address",
	}
	numericIPUser = &symbols.Def{
		Name: "URL_NUMERIC_IP_USER", Groups: group(), Weight: 4,
		Doc: "the host of a URL is a public IP address with a user name before it",
	}
	numericPrivate = &symbols.Def{
		Name: "URL_NUMERIC_PRIVATE_IP", Groups: group(), Weight: 0.5,
		Doc: "the host of a URL is an IP address of a private network",
	}
	noTLD = &symbols.Def{
		Name: "URL_NO_TLD", Groups: group(), Weight: 2,
		Doc: "the host of a URL ends in no known top-level domain",
	}
	suspiciousTLD = &symbols.Def{
		Name: "URL_SUSPICIOUS_TLD", Groups: group(), Weight: 3,
		Doc: "the host of a URL is under a top-level domain that abuse prefers",
	}
	badUnicode = &symbols.Def{
		Name: "URL_BAD_UNICODE", Groups: group(), Weight: 3,
		Doc: "a decoded URL is not valid UTF-8",
	}
	homograph = &symbols.Def{
		Name: "URL_HOMOGRAPH_ATTACK", Groups: group(), Weight: 5,
		Doc: "the host of a URL mixes letters of scripts that look alike",
	}
	rtlOverride = &symbols.Def{
		Name: "URL_RTL_OVERRIDE", Groups: group(), Weight: 6,
		Doc: "a URL has a character that turns the direction of writing",
	}
	zeroWidth = &symbols.Def{
		Name: "URL_ZERO_WIDTH_SPACES", Groups: group(), Weight: 7,
		Doc: "a URL has characters without width, in its host or between the characters behind it",
	}
	multipleAt = &symbols.Def{
		Name: "URL_MULTIPLE_AT_SIGNS", Groups: group(), Weight: 3, OneShot: true,
		Doc: "a URL has more than two @ signs",
	}
	backslash = &symbols.Def{
		Name: "URL_BACKSLASH_PATH", Groups: group(), Weight: 2, OneShot: true,
		Doc: "a URL has backslashes in place of slashes",
	}
	excessiveDots = &symbols.Def{
		Name: "URL_EXCESSIVE_DOTS", Groups: group(), Weight: 2,
		Doc: "the host of a URL has more than six dots",
	}
	veryLong = &symbols.Def{
		Name: "URL_VERY_LONG", Groups: group(), Weight: 1.5,
		Doc: "a URL has more than 2,048 bytes",
	}
	obfuscatedText = &symbols.Def{
		Name: "URL_OBFUSCATED_TEXT", Groups: group(), Weight: 5,
		Doc: "a URL in the text is written so that programs pass over it: hxxp://…, example[.]org, example dot org",
	}
	queryMultiple = &symbols.Def{
		Name: "URL_QUERY_MULTIPLE_URLS", Groups: group(), Weight: 2, OneShot: true,
		Doc: "the query of a URL has more than one other URL",
	}
)

func writingSymbols() []*symbols.Def {
	return []*symbols.Def{
		userPassword, userLong, userVeryLong, numericIP, numericIPUser, numericPrivate, noTLD, suspiciousTLD, badUnicode,
		homograph, rtlOverride, zeroWidth, multipleAt, backslash, excessiveDots, veryLong, queryMultiple,
		obfuscatedText,
	}
}

// Bounds as in Rspamd 4.1.6.
const (
	longUser     = 128
	veryLongUser = 256
	maxAts       = 2
	maxDots      = 6
	maxLength    = 2048
	maxInQuery   = 1
)

func runWriting(t *checks.Task, tlds map[string]bool) error {
	for _, u := range t.Message().URLs() {
		if u.Flags&(mail.URLImage|mail.URLLoaded) == 0 {
			hit := func(d *symbols.Def, option string) {
				t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: []string{option}, Evidence: checks.URL(u)})
			}
			writing(u, tlds, hit)
			if u.Flags&mail.URLMasked != 0 && u.Flags&mail.URLFromText != 0 {
				factor := 1
				if t.Exact() {
					factor = u.Masked
				}
				t.HitAt(symbols.Hit{Def: obfuscatedText, Factor: float64(factor), Options: masked(u), Evidence: checks.URL(u)})
			}
		}
	}
	for _, u := range t.Message().Emails() {
		characters(u, func(d *symbols.Def, option string) {
			t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: []string{option}, Evidence: checks.URL(u)})
		})
	}
	return nil
}

func writing(u *mail.URL, tlds map[string]bool, hit func(*symbols.Def, string)) {
	hasUser := u.Flags&mail.URLHasUser != 0
	if n := len(u.User); hasUser {
		switch {
		case n > veryLongUser:
			hit(userVeryLong, strconv.Itoa(n))
		case n > longUser:
			hit(userLong, strconv.Itoa(n))
		case n > 0:
			hit(userPassword, u.Unicode)
		}
	}
	switch {
	case u.Flags&mail.URLNumeric != 0:
		switch ip, err := netip.ParseAddr(u.Host); {
		case err != nil:
		case ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast():
			hit(numericPrivate, u.Host)
		case hasUser:
			hit(numericIPUser, u.Host)
		default:
			hit(numericIP, u.Host)
		}
	case u.Flags&mail.URLNoTLD != 0:
		hit(noTLD, u.Unicode)
	case len(tlds) > 0:
		if _, tld, ok := strings.Cut(u.TLD, "."); ok && tlds[tld] {
			hit(suspiciousTLD, tld)
		}
	}
	characters(u, hit)
	structure(u, hit)
}

// masked tells how a masked URL is written, in the words of Rspamd 4.1.6.
func masked(u *mail.URL) []string {
	raw, kind := strings.ToLower(u.Raw), "word_dot"
	switch {
	case strings.HasPrefix(raw, "h ") || strings.HasPrefix(raw, "h\t"):
		kind = "spaced_protocol"
	case strings.ContainsAny(raw, "[({"):
		kind = "bracket_dots"
	case strings.Contains(raw, "://"):
		kind = "hxxp"
	}
	return []string{"type=" + kind, "url=" + clip(u.Text), "orig=" + clip(u.Raw)}
}

// clip cuts an option of a symbol.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 50)], "") }

// characters looks at single characters of a URL.
func characters(u *mail.URL, hit func(*symbols.Def, string)) {
	if u.Flags&mail.URLZeroWidth != 0 {
		hit(zeroWidth, "zw")
	}
	if u.Flags&mail.URLUnicode != 0 && mixedScripts(u.Unicode) {
		hit(homograph, u.Unicode)
	}
	if !validText(u) {
		hit(badUnicode, u.Unicode)
	}
	if strings.Contains(u.Text, "\u202e") {
		hit(rtlOverride, u.Unicode)
	}
}

func structure(u *mail.URL, hit func(*symbols.Def, string)) {
	if n := strings.Count(u.Host, "."); n > maxDots && u.Flags&mail.URLNumeric == 0 {
		hit(excessiveDots, strconv.Itoa(n))
	}
	if u.Flags&mail.URLBackslash != 0 || u.Flags&mail.URLObscured != 0 && strings.IndexByte(u.Text, '\\') >= 0 {
		hit(backslash, u.Unicode)
	}
	if n := len(u.Text); n > maxLength {
		hit(veryLong, strconv.Itoa(n))
	}
	if n := strings.Count(u.Text, "@"); n > maxAts {
		hit(multipleAt, strconv.Itoa(n))
	}
	if u.InQuery > maxInQuery {
		hit(queryMultiple, strconv.Itoa(u.InQuery))
	}
}

// mixedScripts reports whether a label of host has letters of more than one
// of the scripts whose letters are taken for each other.
func mixedScripts(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		var seen [4]bool
		n := 0
		for _, r := range label {
			i := -1
			switch {
			case r < 0x80 && unicode.IsLetter(r), unicode.Is(unicode.Latin, r):
				i = 0
			case unicode.Is(unicode.Cyrillic, r):
				i = 1
			case unicode.Is(unicode.Greek, r):
				i = 2
			case unicode.Is(unicode.Armenian, r):
				i = 3
			}
			if i >= 0 && !seen[i] {
				seen[i] = true
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return false
}

package mua

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzNames compares the hand-written matchers with the patterns that they
// stand for.
func FuzzNames(f *testing.F) {
	for _, s := range []string{
		"Microsoft Outlook Express 6.00", "QUALCOMM Windows Eudora Version 6.2", "QUALCOMM Windows Eudora Pro Version 7.",
		"The Bat! (v2.1)", "The Bat! (v3.0)", "Microsoft Outlook IMO, Build 9.0.2416", "Microsoft Outlook, Build 10.0.2627",
		"iPhone Mail (8L1)", "iPad Mail (12H321)", "iPhone Mail (16H5)", "iPhone Mail (18G5023c)", "iPhone Mail (x)", "iPad Mail (1AA)",
		"Apple Mail (2.936)", "Apple Mail (Version 8.0)", "Apple Mail (1.2.3.4)", "Apple Mail (2.3445.104.11)", "Apple Mail (2.3445)", "Apple Mail (Version 1.2.3.4)", "Apple Mail (01.2)",
		"Thunderbird 2.0", "Mozilla Thunderbird 1", "X-Mailer: x", "eGroups Message Poster", "Outlook Express 5.", "XOutlook Express 5.",
		"Microsoft Outlook 8.", "Microsoft Outlook CWS, Build 9.", "Microsoft Outlooks", "Microsoft Office Outlook 12.0", "Microsoft Outlook 3.0",
		"SquirrelMail/1", "SquirrelMailer", "KMail/1.9.7", "KMail/1.9.", "Opera Mail/10.60 (Win32)", "Opera Mail/12.1 ", "Opera Mail/11.1",
		"by e.mail.ru with HTTP;", "from [192.0.2.1] by e.mail.ru with HTTP;", "by web12g.yandex.ru with HTTP;", "by web123g.yandex.ru with HTTP;",
	} {
		f.Add(s)
	}
	re := regexp.MustCompile
	patterns := []struct {
		name  string
		match func(string) bool
		re    *regexp.Regexp
	}{
		{"isOld", isOld, re(`^(?:Microsoft Outlook Express|QUALCOMM Windows Eudora (?:Pro )?Version [1-6]\.|The Bat! \(v[12]\.|` +
			`Microsoft Outlook IMO, Build 9\.0\.|Microsoft Outlook, Build 10\.|i(?:Phone|Pad) Mail \((?:[1-8][A-L]|12H|13E))`)},
		{"isApple", isApple, re(`^Apple Mail \((?:(?:Version )?[1-9]\d?\.\d{1,3}|[1-9]\d?\.\d{1,4}(?:\.\d{1,3}){2})\)`)},
		{"isIOS", isIOS, re(`^i(?:Phone|Pad) Mail \(\d{1,2}[A-Z]\d{1,4}[a-z]?\)`)},
		{"isForged", isForged, re(`^(?:X-Mailer: |(?:Mozilla )?Thunderbird \d|eGroups Message Poster|i(?:Phone|Pad) Mail)`)},
		{"isExpress", isExpress, re(`\bOutlook Express [456]\.`)},
		{"isClassic", isClassic, re(`^Microsoft Outlook(?: 8| CWS, Build 9|, Build 10)\.`)},
		{"namesOutlook", namesOutlook, re(`^Microsoft Outlook\b`)},
		{"isKMail", isKMail, re(`^KMail/1\.\d+\.\d`)},
		{"isOpera", isOpera, re(`^Opera Mail/1[01]\.\d+ `)},
		{"worksWithoutMimeOLE", worksWithoutMimeOLE, re(`SquirrelMail\b|^Microsoft (?:Office )?Outlook [12]\d\.0`)},
		{"byMailRu", byMailRu, re(`^(?:from \[\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\] )?by e\.mail\.ru with HTTP;`)},
		{"byYandex", byYandex, re(`^by web\d{1,2}[a-z]\.yandex\.ru with HTTP;`)},
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		for _, p := range patterns {
			if got, want := p.match(s), p.re.MatchString(s); got != want {
				t.Errorf("%s(%q) = %v, the pattern says %v", p.name, s, got, want)
			}
		}
	})
}

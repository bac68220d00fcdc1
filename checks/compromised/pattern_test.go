package compromised

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzPatterns compares the hand-written matchers with the patterns that they
// stand for.
func FuzzPatterns(f *testing.F) {
	for _, s := range []string{
		`boundary="b1_ab1"`, `boundary="b1_"`, `boundary="b1_a.b" boundary="b1_c"`, "a.b/sendmail.php", "a.b.c/sendmail.php", "a b.c/sendmail.php",
		"a.b/SendMail.phpx", "www-data set sender to x", "xwww set sender to", "www set sender tox web set sender to", "ftp@x", "web@x", "webx@y", "WWW@",
		"0123456:x", "01234567:", "host: a b", ": a", "a:b: c", "a: ", "::: x",
	} {
		f.Add(s)
	}
	re := regexp.MustCompile
	const users = `(?:www-data|anonymous|ftp|apache|nobody|guest|nginx|web|www)`
	patterns := []struct {
		name  string
		match func(string) bool
		re    *regexp.Regexp
	}{
		{"phpMailerBoundary", phpMailerBoundary, re(`boundary="b1_[0-9a-zA-Z]+"`)},
		{"topSendmail", topSendmail, re(`^[^. ]+\.[^./ ]+/(?i:sendmail\.php)\b`)},
		{"sevenDigits", sevenDigits, re(`^\d{7}:`)},
		{"leadingZero", leadingZero, re(`^0\d`)},
		{"isService", isService, re(`^(?i:` + users + `)@`)},
		{"serviceSetSender", serviceSetSender, re(`\b(?i:` + users + ` set sender to)\b`)},
	}
	named := re(`(?s)[^:]+:[\s\v](.+)$`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range s {
			if r >= utf8.RuneSelf {
				return
			}
		}
		for _, p := range patterns {
			if got, want := p.match(s), p.re.MatchString(s); got != want {
				t.Errorf("%s(%q) = %v, the pattern says %v", p.name, s, got, want)
			}
		}
		want := ""
		if m := named.FindStringSubmatch(s); m != nil {
			want = m[1]
		}
		got := ""
		if a := account(s); len(a) > 0 {
			got = a[0]
		}
		if got != want {
			t.Errorf("account(%q) = %q, want %q", s, got, want)
		}
	})
}

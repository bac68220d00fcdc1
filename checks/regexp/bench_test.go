package regexp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/standard"
)

// thousands are n rules as operators write them, over all kinds of text.
func thousands(n int) regexp.Options {
	words := []string{
		"casino", "pills", "invoice", "wallet", "lottery", "refund", "parcel", "winner", "crypto", "dating", "loan", "watches", "diploma", "degree", "miracle", "bonus",
	}
	shapes := []string{
		`Subject=/\b%s[ -]?%d\b.{0,10}%s/i`, `/\b%s\W{1,3}%d\W{1,3}%s\b/i{sa_body}`, `/%[1]s-%[2]d\.example(?!\/%[3]s)/i{url}`, `/(?:%[1]s|%[3]s)\s+no\.? ?%[2]d/i{mime}`,
		`X-Mailer=/^%s v%d.*%s/H`, `/<%s id="?%d"? class=%s>/i{sa_raw_body}`, `Subject=/^%[1]s$/i & /code %[2]d %[3]s/{sa_body}`, `/\$%[2]d,000 (?:in|of) %[1]s/{sa_body} & !/%[3]s%[2]d/{sa_body}`,
	}
	var o regexp.Options
	for i := range n {
		o.Rules = append(o.Rules, regexp.Rule{
			Symbol: fmt.Sprintf("RULE_%d", i), Score: .1, Expr: fmt.Sprintf(shapes[i%len(shapes)], words[i%len(words)], i, words[(i/7)%len(words)]),
		})
	}
	return o
}

// BenchmarkScan holds scans with 5,000 rules beside scans without; the mails are
// those of WINNOW_MAILS, files by a pattern, else those that the module comes
// with.
func BenchmarkScan(b *testing.B) {
	pattern := os.Getenv("WINNOW_MAILS")
	if pattern == "" {
		pattern = "../../testdata/*.eml"
	}
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		b.Fatal("no mails")
	}
	var mails [][]byte
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			b.Fatal(err)
		}
		mails = append(mails, raw)
	}
	rules := thousands(5000)
	for name, o := range map[string]standard.Options{"without": {}, "with 5000": {Regexp: &rules}} {
		b.Run(name, func(b *testing.B) {
			s, err := winnow.New(winnow.Options{Families: standard.Families(o)})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			for i := 0; b.Loop(); i++ {
				if _, err := s.Scan(b.Context(), &winnow.Message{Body: winnow.FromBytes(mails[i%len(mails)])}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNew is what it takes to read 5,000 rules.
func BenchmarkNew(b *testing.B) {
	rules := thousands(5000)
	for b.Loop() {
		if f := regexp.New(rules); f.Err != nil {
			b.Fatal(f.Err)
		}
	}
}

package regexp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/worktest"
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

// BenchmarkScan holds the processor's time of scans with 5,000 rules against that of
// scans without, by turns. The mails are those of WINNOW_MAILS, files by a pattern, else those that the module comes
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
	var scanners [2]*winnow.Scanner
	for i, o := range []standard.Options{{}, {Regexp: &rules}} {
		if scanners[i], err = winnow.New(winnow.Options{Families: standard.Families(o)}); err != nil {
			b.Fatal(err)
		}
		defer scanners[i].Close(b.Context())
	}
	scan := func(s *winnow.Scanner, mail []byte) time.Duration {
		began := worktest.Process()
		if _, err := s.Scan(b.Context(), &winnow.Message{Body: winnow.FromBytes(mail)}); err != nil {
			b.Fatal(err)
		}
		return worktest.Process() - began
	}
	for _, mail := range mails { // what is made once is made
		scan(scanners[0], mail)
		scan(scanners[1], mail)
	}
	var took [2]time.Duration
	for i := 0; b.Loop(); i++ {
		for n := range scanners {
			which := (i + n) % 2
			took[which] += scan(scanners[which], mails[i/2%len(mails)])
		}
	}
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N), "cpu-ns/without")
	b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N), "cpu-ns/with")
	b.ReportMetric(100*(float64(took[1])/float64(took[0])-1), "%more")
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

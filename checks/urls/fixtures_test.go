package urls_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/urls"
)

func TestFixtures(t *testing.T) {
	family := checks.Flatten(urls.New(urls.Options{}), urls.NewPhishing(urls.PhishingOptions{
		Redirectors: []string{"example.net", "kürzer.example"}, Trusted: []string{"Track?.*.example", "*.zähler.example", "klick*.größe.example"},
		Strict: []urls.StrictDomains{{Symbol: "STRICT_PHISHING", Weight: 5, Domains: []string{"Bank.example.com", "bank.org", "Sparbüchse.example"}}},
	}))
	checktest.Run(t, family, checktest.With(dmarc.New(dmarc.Options{}).Checks...))
}

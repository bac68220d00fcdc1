package dmarc_test

import (
	"context"
	"fmt"

	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/resolver/zone"
)

// A mail server evaluates DMARC on its own, without a Scanner.
func ExampleEvaluate() {
	dns := zone.Must(`_dmarc.example.org TXT "v=DMARC1; p=reject; sp=quarantine"`)
	r := dmarc.Evaluate(context.Background(), dns, dmarc.Params{
		From: []string{"news.example.org"},
		SPF:  spf.Result{Status: spf.StatusPass, Domain: "bulk.example.net"},
		DKIM: []dkim.Signature{{Domain: "bulk.example.net", Selector: "s1", Status: "pass"}},
	})
	fmt.Println(r.Status, r.Domain, r.Disposition)
	fmt.Println(r.Reason)
	// Output:
	// fail example.org quarantine
	// SPF not aligned (relaxed), DKIM not aligned (relaxed)
}

package msgauth

import (
	"reflect"
	"testing"

	"github.com/emersion/go-msgauth/authres"

	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
)

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestThereAndBack(t *testing.T) {
	for _, r := range []spf.Result{
		{Status: spf.StatusPass, Domain: "example.org", Identity: "mailfrom", Sender: "ann@example.org"},
		{Status: spf.StatusSoftFail, Domain: "mx.example.org", Identity: "helo", Sender: "postmaster@mx.example.org", Reason: "why"},
	} {
		same(t, SPF(FromSPF(r)), r)
	}
	signatures := []dkim.Signature{
		{Status: dkim.StatusPass, Domain: "example.org", Identity: "@news.example.org"},
		{Status: dkim.StatusPermError, Domain: "example.net", Reason: "no key record"},
	}
	same(t, DKIM(FromDKIM(signatures)...), signatures)
	same(t, DKIM(FromDKIM(nil)...), []dkim.Signature(nil))
	policy := dmarc.Result{Status: dmarc.StatusFail, From: "example.org", Domain: "example.org", Reason: "No valid SPF"}
	same(t, DMARC(FromDMARC(policy)), policy)
	chain := arc.Result{Status: arc.StatusPass, OldestPass: 3}
	same(t, ARC(FromARC(chain, "192.0.2.1")), chain)
}

// The texts of others are read as RFC 8601 has them.
func TestParsedHeader(t *testing.T) {
	_, results, err := authres.Parse("mx.example.net; spf=hardfail smtp.mailfrom=Ann@Example.org; dkim=pass header.i=@example.org;" +
		" dmarc=pass header.from=Example.org; arc=pass header.oldest-pass=2")
	if err != nil || len(results) != 4 {
		t.Fatal(results, err)
	}
	same(t, SPF(results[0].(*authres.SPFResult)), spf.Result{Status: spf.StatusFail, Domain: "example.org", Identity: "mailfrom", Sender: "Ann@Example.org"})
	same(t, DKIM(results[1].(*authres.DKIMResult)), []dkim.Signature{{Status: dkim.StatusPass, Domain: "example.org", Identity: "@example.org"}})
	same(t, DMARC(results[2].(*authres.DMARCResult)), dmarc.Result{Status: dmarc.StatusPass, From: "example.org", Domain: "example.org"})
	same(t, ARC(results[3].(*authres.ARCResult)), arc.Result{Status: arc.StatusPass, OldestPass: 2})
}

package arc

import (
	"testing"

	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) {
	gateway := authres.New(authres.Options{Trusted: []string{"gw.example.net"}}).Checks
	family := New(Options{TrustedSealers: []string{"list.example.net", "Hub.example.net"}}).Checks
	checktest.Run(t, family, checktest.With(gateway...))
}

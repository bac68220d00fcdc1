package arc

import (
	"testing"

	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) {
	gateway := authres.Checks(authres.Options{Trusted: []string{"gw.example.net"}})
	family := Checks(Options{TrustedSealers: []string{"list.example.net", "Hub.example.net"}})
	checktest.Run(t, family, checktest.With(gateway...))
}

package dkim

import (
	"testing"

	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) {
	gateway := authres.Checks(authres.Options{Trusted: []string{"gw.example.net"}})
	checktest.Run(t, Checks(Options{}), checktest.With(gateway...))
}

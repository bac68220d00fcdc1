package dkim

import (
	"testing"

	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) {
	gateway := authres.New(authres.Options{Trusted: []string{"gw.example.net"}}).Checks
	checktest.Run(t, New(Options{}), checktest.With(gateway...))
}

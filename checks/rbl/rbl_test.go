package rbl_test

import (
	"slices"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/forwarding"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/rdns"
)

// others are the checks whose facts the family reads.
func others() []*checks.Check {
	return slices.Concat(forwarding.Checks(), aliases.Checks(aliases.Options{}), rdns.Checks(), dkim.Checks(dkim.Options{}))
}

func TestFixtures(t *testing.T) {
	checktest.Run(t, rbl.Checks(rbl.Options{NoMonitoring: true}), checktest.With(others()...))
}

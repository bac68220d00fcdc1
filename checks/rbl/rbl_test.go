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
	return slices.Concat(forwarding.New().Checks, aliases.New(aliases.Options{}).Checks, rdns.New().Checks, dkim.New(dkim.Options{}).Checks)
}

func TestFixtures(t *testing.T) {
	checktest.Run(t, rbl.New(rbl.Options{NoMonitoring: true}), checktest.With(others()...))
}

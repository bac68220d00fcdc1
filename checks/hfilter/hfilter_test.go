package hfilter_test

import (
	"slices"
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
)

func TestFixtures(t *testing.T) {
	others := slices.Concat(relay.New(relay.Options{}).Checks, rdns.New().Checks)
	checktest.Run(t, hfilter.New(hfilter.Options{}), checktest.With(others...))
}

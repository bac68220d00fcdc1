package hfilter_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/hfilter"
)

func TestFixtures(t *testing.T) { checktest.Run(t, hfilter.Checks(hfilter.Options{})) }

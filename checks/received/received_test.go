package received

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/rdns"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, New(Options{}).Checks, checktest.With(rdns.New().Checks...))
}

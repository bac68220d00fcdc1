package received

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/rdns"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, Checks(Options{}), checktest.With(rdns.Checks()...))
}

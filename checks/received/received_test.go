package received

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/rdns"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, checks.Flatten(New(), NewOnce(OnceOptions{})), checktest.With(rdns.New().Checks...))
}

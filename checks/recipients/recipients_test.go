package recipients

import (
	"testing"

	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/forwarding"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, New(), checktest.With(forwarding.New().Checks...), checktest.With(aliases.New(aliases.Options{}).Checks...))
}

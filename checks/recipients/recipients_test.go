package recipients

import (
	"testing"

	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/forwarding"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, Checks(), checktest.With(forwarding.Checks()...), checktest.With(aliases.Checks(aliases.Options{})...))
}

package forwarding

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, New()) }

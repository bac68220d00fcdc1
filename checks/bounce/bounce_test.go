package bounce_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/bounce"
)

func TestFixtures(t *testing.T) { checktest.Run(t, bounce.Checks()) }

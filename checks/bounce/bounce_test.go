package bounce_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/bounce"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, bounce.New()) }

package compromised_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/compromised"
)

func TestFixtures(t *testing.T) { checktest.Run(t, compromised.New()) }

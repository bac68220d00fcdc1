package messageid_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/messageid"
)

func TestFixtures(t *testing.T) { checktest.Run(t, messageid.Checks()) }

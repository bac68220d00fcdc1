package maillist_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/maillist"
)

func TestFixtures(t *testing.T) { checktest.Run(t, maillist.New()) }

package priority_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/priority"
)

func TestFixtures(t *testing.T) { checktest.Run(t, priority.New()) }

package chartable_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/chartable"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, chartable.New()) }

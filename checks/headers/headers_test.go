package headers_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/headers"
)

func TestFixtures(t *testing.T) { checktest.Run(t, headers.New()) }

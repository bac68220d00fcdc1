package bodytext_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/bodytext"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, bodytext.New()) }

package encoding_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/encoding"
)

func TestFixtures(t *testing.T) { checktest.Run(t, encoding.New()) }

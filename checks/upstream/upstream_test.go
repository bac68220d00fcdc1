package upstream_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/upstream"
)

func TestFixtures(t *testing.T) { checktest.Run(t, upstream.New()) }

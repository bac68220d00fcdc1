package mua_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/mua"
)

func TestFixtures(t *testing.T) { checktest.Run(t, mua.New()) }

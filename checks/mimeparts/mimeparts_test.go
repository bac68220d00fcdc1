package mimeparts_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/mimeparts"
)

func TestFixtures(t *testing.T) { checktest.Run(t, mimeparts.New()) }

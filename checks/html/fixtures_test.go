package html_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/html"
)

func TestFixtures(t *testing.T) { checktest.Run(t, html.New()) }

package mimetypes_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/mimetypes"
	"github.com/winnowmail/winnow/symbols"
)

func TestFixtures(t *testing.T) {
	family := mimetypes.New(mimetypes.Options{}).Checks
	var trace []*symbols.Def
	for _, d := range family[0].Symbols {
		if d.Name == "MIME_TRACE" {
			trace = append(trace, d)
		}
	}
	checktest.Run(t, family, checktest.Unfixtured("every message has parts", trace...))
}

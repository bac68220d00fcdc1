package pdf

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/internal/steps"
	"github.com/winnowmail/winnow/internal/worktest"
)

// TestWork: what is looked at of a document, unpacked or not, is a number for
// each of its bytes that does not depend on how many there are, and costs
// accordingly.
func TestWork(t *testing.T) {
	for _, s := range hostile.PDF() {
		for _, n := range worktest.Sizes(1<<10, 1<<14, 1<<18, 1<<22, 16<<20) {
			b := s.Make(n)
			budget := 1 << 30
			links, cut := URIs(b, &budget)
			looked := 1<<30 - budget
			t.Logf("%-28s %8d bytes, %.2f looked at for each, %d links, cut %v", s.Name, len(b), float64(looked)/float64(len(b)), len(links), cut)
			if looked > steps.Least+(1+steps.PerByte)*len(b) {
				t.Errorf("%s: %d bytes looked at of %d", s.Name, looked, len(b))
			}
		}
		worktest.Linear(t, s.Name, 2<<20, func(n int) func() {
			b := s.Make(n)
			return func() { uris(b) }
		})
	}
}

// TestCut: what is not looked at is told.
func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		doc string
		cut bool
	}{
		"an honest stream":    {objStm(flated, flate, annot, strings.Repeat("(abc) ", 500)), false},
		"a large stream":      {objStm(flated, flate, strings.Repeat(" ", MaxStream)) + strings.Repeat("% ", MaxStream), true},
		"far too well packed": {objStm(flated, flate, annot, strings.Repeat(" ", MaxStream/2), annot), true},
		"many objects":        {strings.Repeat("1 0 obj 1 endobj\n", MaxObjects+1), true},
		"many links":          {obj(1, "["+strings.Repeat(annot, MaxURIs+1)+"]"), true},
		"as many as may be":   {obj(1, "["+strings.Repeat(annot, MaxURIs)+"]"), false},
	} {
		budget := 1 << 30
		if _, cut := URIs([]byte(c.doc), &budget); cut != c.cut {
			t.Errorf("%s: cut %v", name, cut)
		}
	}
}

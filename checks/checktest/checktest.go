// Package checktest runs a family's fixtures.
package checktest

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
)

// Run runs every testdata/*.txtar of the calling package against the checks
// of the family; with holds checks of other families that they require.
func Run(t *testing.T, family []*checks.Check, with ...*checks.Check) {
	t.Skip("todo")
}

package composites

import (
	"testing"

	"github.com/winnowmail/winnow/score"
)

func TestDefault(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Default() {
		d := c.Def
		if seen[d.Name] {
			t.Errorf("%s is there twice", d.Name)
		}
		seen[d.Name] = true
		if d.Doc == "" || len(d.Groups) == 0 {
			t.Errorf("%s has no doc or no group", d.Name)
		}
		if _, err := score.ParseExpression(c.Expression); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

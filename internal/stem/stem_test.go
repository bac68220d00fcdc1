package stem

import "testing"

func TestOf(t *testing.T) {
	for _, c := range [][3]string{{"en", "running", "run"}, {"de", "häuser", "haus"}, {"ja", "running", "running"}, {"ru", "книги", "книг"}} {
		if got := Of(c[0])(c[1]); got != c[2] {
			t.Errorf("%s %s: %q", c[0], c[1], got)
		}
	}
}

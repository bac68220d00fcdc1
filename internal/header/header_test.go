package header

import (
	"bytes"
	"testing"
)

// TestLineBreak looks for line ends of either kind at every place around where
// the search goes on in steps.
func TestLineBreak(t *testing.T) {
	for n := range 600 {
		line := bytes.Repeat([]byte("x"), n)
		if got := lineBreak(line); got != -1 {
			t.Errorf("none in %d bytes: %d", n, got)
		}
		for _, rest := range []string{"\n", "\r", "\r\n", "\rx\n", "\nx\r", "\r" + string(line) + "\n"} {
			if got := lineBreak(append(line[:n:n], rest...)); got != n {
				t.Errorf("%q behind %d bytes: %d", rest, n, got)
			}
		}
	}
}

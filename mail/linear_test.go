package mail

import (
	"testing"
	"time"
)

// linear holds work to growing as its input does: eight times the bytes may
// take eight times as long and, for a busy machine, four times that, where
// quadratic work takes sixty-four times as long. What looks otherwise is
// measured again, and work of a few milliseconds is not judged at all.
func linear(t *testing.T, name string, size int, prepare func(n int) func()) {
	t.Helper()
	const factor, slack, floor, tries = 8, 4, 20 * time.Millisecond, 5
	whole := prepare(size)
	took := best(whole, 1)
	if took < floor {
		return
	}
	part := prepare(size / factor)
	base := best(part, 3)
	for range tries {
		if took <= factor*slack*base {
			return
		}
		took, base = min(took, best(whole, 1)), best(part, 3)
	}
	if took > factor*slack*base {
		t.Errorf("%s: %d bytes take %v, an %dth of them %v", name, size, took, factor, base)
	}
}

// best returns the shortest time of a few runs.
func best(f func(), runs int) time.Duration {
	least := time.Duration(1<<63 - 1)
	for range runs {
		begun := time.Now()
		f()
		least = min(least, time.Since(begun))
	}
	return least
}

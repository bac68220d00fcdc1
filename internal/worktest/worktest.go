// Package worktest holds work to growing as its input does. Work is measured as
// the CPU time of its own thread, which waiting for a processor is no part of:
// how busy the machine is does not decide a test.
package worktest

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	// parts is how many parts of the input do as much linear work as the whole.
	parts = 8
	// slack is how much more the whole may take than its parts: for caches and
	// the garbage collector. Quadratic work takes eight times as much.
	slack = 4
	// floor is work that is too little to be judged.
	floor = 20 * time.Millisecond
	tries = 5
)

// Size returns n, how much of something a test looks at: under the race
// detector, which makes each step ten times as dear and finds what it finds in
// little, an eighth of it.
func Size(n int) int {
	if raced {
		return n / 8
	}
	return n
}

// Sizes returns those of sizes at which a test counts steps: under the race
// detector those up to 64 KiB.
func Sizes(sizes ...int) []int {
	if raced {
		return slices.DeleteFunc(sizes, func(n int) bool { return n > 64<<10 })
	}
	return sizes
}

// Linear fails the test if the work that prepare gives for n bytes (or other
// units) grows faster than n: work on the whole size is held against eight
// times the work on an eighth of it. The work can be done many times over and
// starts no goroutines. What takes less than 20 ms at the whole size is not
// judged; sizes are chosen so that quadratic work takes longer. Under the race
// detector, which has nothing to say about growth, an eighth of what Size makes of
// the size is worked on once: test.sh runs these tests without it too.
func Linear(t *testing.T, name string, size int, prepare func(n int) func()) {
	t.Helper()
	LinearAt(t, name, Size(size), prepare)
}

// LinearAt is Linear with a size of which the race detector sees an eighth: where
// what takes long begins at a certain size.
func LinearAt(t *testing.T, name string, size int, prepare func(n int) func()) {
	t.Helper()
	if raced {
		prepare(size / parts)()
		return
	}
	whole, inParts, ok := compare(size, prepare)
	if !ok {
		t.Errorf("%s: size %d takes %v, eight eighths of it %v", name, size, whole, inParts)
	}
}

// compare measures until the work looks linear, a few times at most. Of the
// whole the least counts.
func compare(size int, prepare func(n int) func()) (whole, inParts time.Duration, ok bool) {
	work := prepare(size)
	if whole = cost(work, 1); whole < floor {
		return whole, 0, true
	}
	part := prepare(size / parts)
	inParts = cost(part, parts)
	for range tries {
		if whole <= slack*inParts {
			return whole, inParts, true
		}
		whole, inParts = min(whole, cost(work, 1)), cost(part, parts)
	}
	return whole, inParts, whole <= slack*inParts
}

// cost is the CPU time of doing some work that often.
func cost(work func(), times int) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime()
	for range times {
		work()
	}
	return threadTime() - begin
}

// Package worktest holds work to growing as its input does. Work is measured as
// the CPU time of its own thread, which waiting for a processor is no part of,
// and is wrong only by a multiple: neither how busy nor how slow the machine is
// decides a test.
package worktest

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	// parts is how many parts of the input do as much linear work as the whole.
	parts = 64
	// slack is how much more the whole may take than its parts: for caches, fresh
	// memory and the garbage collector, which have made it five times as much.
	// Quadratic work takes 64 times as much.
	slack = 16
	// floor is work that is too little to be judged.
	floor = 20 * time.Millisecond
	// repeats is how often the work is done, at most, to be sure that it is too much.
	repeats = 16
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
// units) grows much faster than n: work on the whole size is held against 64 times
// the work on a 64th of it. The work can be done many times over and
// starts no goroutines. What takes less than 20 ms at the whole size is not
// judged; sizes are chosen so that quadratic work takes longer. Under the race
// detector, which has nothing to say about growth, a 64th of what Size makes of the
// size is worked on once: test.sh runs these tests without it too.
func Linear(t *testing.T, name string, size int, prepare func(n int) func()) {
	t.Helper()
	LinearAt(t, name, Size(size), prepare)
}

// LinearAt is Linear with a size of which the race detector sees a 64th: where
// what takes long begins at a certain size.
func LinearAt(t *testing.T, name string, size int, prepare func(n int) func()) {
	t.Helper()
	if raced {
		prepare(size / parts)()
		return
	}
	whole, inParts, ok := compare(size, prepare)
	if !ok {
		t.Errorf("%s: size %d takes %v, %d parts of it %v", name, size, whole, parts, inParts)
	}
}

// compare measures until the work looks linear, each time over twice as many
// rounds.
func compare(size int, prepare func(n int) func()) (whole, inParts time.Duration, ok bool) {
	work := prepare(size)
	if whole = cost(work, 1); whole < floor {
		return whole, 0, true
	}
	part := prepare(size / parts)
	for rounds := 1; rounds <= repeats; rounds *= 2 {
		whole, inParts = cost(work, rounds)/time.Duration(rounds), cost(part, parts*rounds)/time.Duration(rounds)
		if whole < floor || whole <= slack*inParts {
			return whole, inParts, true
		}
	}
	return whole, inParts, false
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

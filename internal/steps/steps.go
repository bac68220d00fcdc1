// Package steps bounds the work of readers of outside bytes. A reader counts
// what it does: a byte that it looks at, an element of a table that it walks.
// It may do a fixed number of steps for every byte that it was given, and ends
// when these are used up: whatever the bytes claim, their reading costs in
// proportion to their number. Time is no measure of that, since it differs
// between machines and from run to run.
package steps

const (
	// PerByte is how many steps every byte of the input is worth. Honest files
	// take one to three.
	PerByte = 8
	// Least is what the smallest input is worth.
	Least = 4096
)

// A Budget is what may be done for one input. The zero value allows nothing.
type Budget struct{ all, left int }

// For returns the budget of an input of n bytes.
func For(n int) Budget {
	all := Least + PerByte*max(n, 0)
	return Budget{all: all, left: all}
}

// Take takes n steps, n not negative, and reports whether they were there. Once
// they were not, none are.
func (b *Budget) Take(n int) bool {
	if n > b.left {
		b.left = 0
		return false
	}
	b.left -= n
	return true
}

// Left returns how many steps may still be taken.
func (b *Budget) Left() int { return b.left }

// Taken returns how many steps were taken, all of them once some were missing.
func (b *Budget) Taken() int { return b.all - b.left }

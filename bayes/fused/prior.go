package fused

const (
	priorBits = 20
	// priorUnit is what one step of a prior's weight is in units of a slot.
	priorUnit = 16
)

// A Prior is what is known of features before the first lesson: weights that are
// read where a slot was never touched. They are found by hashes without a seed,
// so that one prior serves all installations. A Prior is immutable.
type Prior struct {
	tokens, grams map[uint32]int8
}

package score

// A Step is one change of the sum.
type Step struct {
	Symbol string
	Delta  float64 // 0 if a limit refused it all
	Sum    float64 // after it
	Reason Reason
	By     string // the group of a cap, the composite of a removal
}

// A Reason says why the sum changed, or why it did not.
type Reason uint8

// The reasons of steps.
const (
	Hit          Reason = iota // a check raised the symbol
	ShotLimit                  // raised again after its shots were spent
	GroupCap                   // a group's limit made it less
	Growth                     // the grow factor
	CompositeHit               // a composite matched
	Removal                    // a composite took the weight away
)

func (r Reason) String() string {
	return [...]string{"hit", "shot limit", "group cap", "growth", "composite", "removal"}[r]
}

// Record makes the sheet keep its steps from now on.
func (s *Sheet) Record() { s.record = true }

// Steps returns what happened since Record, in order.
func (s *Sheet) Steps() []Step { return s.steps }

func (s *Sheet) step(name string, delta float64, why Reason, by string) {
	if s.record {
		s.steps = append(s.steps, Step{name, round(delta), s.Total(), why, by})
	}
}

package osb

import "fmt"

// A State says whether there is a verdict.
type State int

const (
	Judged     State = iota
	FewLessons       // a class has learned too little
	FewTokens        // the message is too short
	NoText           // there are meta tokens only
	Unknown          // hardly a token was learned before
)

// String returns a short explanation.
func (s State) String() string {
	switch s {
	case Judged:
		return "judged"
	case FewLessons:
		return "not enough learned"
	case FewTokens:
		return "too short"
	case NoText:
		return "no text"
	case Unknown:
		return "nothing known"
	}
	return fmt.Sprintf("state %d", int(s))
}

// A Verdict is what a Classifier thinks of a message.
type Verdict struct {
	State State
	// Class is the likeliest, "" without a verdict.
	Class string
	// Probability of spam. It is one half without a verdict, and 0 where no
	// class is named spam. It is not calibrated: most are next to 0 or 1.
	Probability float64
	// Sure is between 0 and 1 how sure Class is: with spam and ham its
	// probability, with named classes Rspamd's measure.
	Sure    float64
	Shares  map[string]float64 // probabilities by class
	Lessons map[string]int64   // by class
	Tokens  int                // of the message
	Used    int                // those that counted
	named   bool
}

// Symbol returns what Rspamd makes of a verdict: the share of the score of the
// class's symbol, and the symbol's option. ok is false where it adds no symbol.
func (v Verdict) Symbol() (share float64, option string, ok bool) {
	switch {
	case v.State != Judged:
	case v.named && v.Sure > .05:
		return curve(v.Sure), fmt.Sprintf("%.2f%%", v.Sure*100), true
	case !v.named && v.Sure > .55:
		return curve(v.Sure), fmt.Sprintf("%.2f%%", (v.Sure-.5)*200), true
	}
	return 0, "", false
}

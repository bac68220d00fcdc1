package actions

import (
	"cmp"
	"math"
	"slices"
)

// A Priority orders pre-results; the highest wins.
type Priority int

// The priorities, as Rspamd 4.1.6.
const (
	Low Priority = iota
	Normal
	High
	Critical
)

// A PreResult asks for an action regardless of the score ("passthrough" of
// Rspamd).
type PreResult struct {
	Action   Action
	Priority Priority
	Message  string // for the SMTP reply
	Check    string // who asks
	// Score replaces the score when HasScore: NoAction lowers it at most to
	// Score, every other action sets it. A score beyond ±Limit counts as
	// ±Limit, and NaN does not count at all.
	Score    float64
	HasScore bool
	// AtThreshold replaces the score by the action's threshold, if it has one.
	// HasScore takes precedence over it.
	AtThreshold bool
	// Least makes Action a minimum instead of the verdict.
	Least bool
	// ProcessAll lets the remaining checks run all the same.
	ProcessAll bool
	// NoMessage keeps Message out of the SMTP reply.
	NoMessage bool
	// Test tells that the message only tries the filter out. Result.JSON then
	// says is_skipped, as Rspamd does for GTUBE.
	Test bool
}

// target returns the score that the pre-result asks for.
func (p *PreResult) target(th Thresholds) (score float64, ok bool) {
	if p.HasScore && !math.IsNaN(p.Score) {
		return max(-Limit, min(p.Score, Limit)), true
	}
	if p.AtThreshold {
		score, ok = th[p.Action]
	}
	return score, ok
}

// A Verdict is what to do with a message.
type Verdict struct {
	Action Action
	Score  float64 // as the pre-result changed it
	// Message is the text for the SMTP reply. It is empty if the score decided,
	// or if the deciding pre-result has no Message or sets NoMessage.
	Message string
	// By is the pre-result that decided, nil if the score did.
	By *PreResult
}

// Choose decides. It takes the pre-results by priority, and those of equal
// priority in the given order; the first that is no minimum (Least) wins at
// once. Otherwise the score decides, and minimums raise it: a minimum whose
// action has a threshold, or that has a score of its own, lifts the score to
// that; any other takes the place of every milder action. A disabled action is
// chosen neither by pre-results nor by the score.
func Choose(th Thresholds, score float64, pre []PreResult, disabled ...Action) Verdict {
	if math.IsNaN(score) {
		score = 0
	}
	ordered := byPriority(pre, disabled)
	for _, p := range ordered {
		if !p.Least {
			return p.decide(th, score)
		}
	}
	v := Verdict{Action: th.ByScore(score, disabled...), Score: score}
	for _, p := range ordered {
		if p.Action != NoAction {
			v.raise(th, p)
		}
	}
	return v
}

func byPriority(pre []PreResult, disabled []Action) []*PreResult {
	var ordered []*PreResult
	for i := range pre {
		if !slices.Contains(disabled, pre[i].Action) {
			p := pre[i]
			ordered = append(ordered, &p)
		}
	}
	slices.SortStableFunc(ordered, func(a, b *PreResult) int { return cmp.Compare(b.Priority, a.Priority) })
	return ordered
}

// decide makes the verdict of a pre-result that is no minimum.
func (p *PreResult) decide(th Thresholds, score float64) Verdict {
	if s, ok := p.target(th); ok {
		if p.Action == NoAction {
			s = min(s, score)
		}
		score = s
	}
	return p.verdict(score)
}

func (p *PreResult) verdict(score float64) Verdict {
	v := Verdict{Action: p.Action, Score: score, By: p}
	if !p.NoMessage {
		v.Message = p.Message
	}
	return v
}

// raise applies a minimum.
func (v *Verdict) raise(th Thresholds, p *PreResult) {
	from, hasScore := p.target(th)
	if !hasScore {
		from, hasScore = th[p.Action]
	}
	score := v.Score
	if hasScore {
		score = max(score, from)
	}
	if p.Action.Severity() > v.Action.Severity() {
		*v = p.verdict(score)
	}
	v.Score = score
}

// Package actions chooses what to do with a message: it knows the actions in
// order of severity, their score thresholds, and the pre-results by which a
// check asks for an action regardless of the score.
//
// Next stop: package winnow, which applies it as the last step of a scan.
package actions

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// An Action is a verdict. The names are Rspamd's; custom actions are any
// other text that an embedder gives a threshold or a pre-result.
type Action string

// The actions, from the mildest to the most severe. A custom action stands
// between RewriteSubject and Quarantine; what a host does then is its own
// matter. A host that asks at RCPT, before there is a message, acts on reject
// and soft reject there (for that recipient alone) and on nothing else.
const (
	// NoAction delivers the message; the header edits of the verdict are made
	// all the same. At DATA and at RCPT the host accepts.
	NoAction Action = "no action"
	// Greylist delays a sender that is not known yet: at DATA and at RCPT the
	// host answers 451 4.7.1 where somebody greylists, that is where a check
	// asked for it by a pre-result (then winnow's Verdict.Reply has a code). By
	// score alone, where nobody greylists, the host accepts and delivers as
	// with NoAction.
	Greylist Action = "greylist"
	// AddHeader accepts at DATA and delivers with "X-Spam: Yes", which is
	// among the verdict's edits; users' filters sort by it. At RCPT it does
	// nothing.
	AddHeader Action = "add header"
	// RewriteSubject accepts at DATA and delivers with the subject that is
	// among the verdict's edits. At RCPT it does nothing.
	RewriteSubject Action = "rewrite subject"
	// Quarantine accepts at DATA and puts the message where only an operator
	// sees it instead of delivering it. A host without such a place delivers
	// it to the recipient's folder for spam. At RCPT it does nothing.
	Quarantine Action = "quarantine"
	// SoftReject refuses for now, at DATA or at RCPT, with 451 4.7.1: the
	// client tries again. A host that has accepted the message already
	// scans it again later.
	SoftReject Action = "soft reject"
	// Reject refuses for good, at DATA or at RCPT, with 554 5.7.1. A host that
	// has accepted the message already must not send a bounce to a sender
	// that may be forged: it quarantines the message.
	Reject Action = "reject"
	// Discard accepts at DATA with 250 and drops the message; nobody is told.
	// At RCPT it accepts.
	Discard Action = "discard"
)

// Severity orders the actions; the higher the more severe.
func (a Action) Severity() int {
	switch a {
	case NoAction, "":
		return 0
	case Greylist:
		return 1
	case AddHeader:
		return 2
	case RewriteSubject:
		return 3
	case Quarantine:
		return 5
	case SoftReject:
		return 6
	case Reject:
		return 7
	case Discard:
		return 8
	}
	return 4
}

// Custom reports whether a is none of Rspamd's actions.
func (a Action) Custom() bool { return a.Severity() == 4 }

// Parse takes an action's name as configurations spell it: in any case, with
// a space or an underscore, "accept" for NoAction. Another name is a custom
// action and kept as it is.
func Parse(name string) Action {
	a := Action(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", " "))
	switch {
	case a == "accept":
		return NoAction
	case a.Custom():
		return Action(name)
	}
	return a
}

// Thresholds gives each action the score from which on it applies. An action
// that is missing is never chosen by score.
type Thresholds map[Action]float64

// Limit bounds thresholds and the scores of pre-results: a larger number is a
// mistake, and the difference of two huge ones need not be a number.
const Limit = 1e9

// Validate reports thresholds that must be mistakes: one beyond Limit, one of
// an action without a name or with another spelling than Rspamd's actions have
// here ("add_header"), and one of NoAction, which needs none. It does not
// ask that a more severe action has a higher threshold.
func (th Thresholds) Validate() error {
	for _, a := range slices.Sorted(maps.Keys(th)) {
		switch v := th[a]; {
		case !(math.Abs(v) <= Limit):
			return fmt.Errorf("actions: threshold of %q is %v, which is not within ±%g", a, v, float64(Limit))
		case a == "":
			return fmt.Errorf("actions: threshold %v of an action without a name", v)
		case a == NoAction:
			return fmt.Errorf("actions: %q has no threshold", a)
		case a != Parse(string(a)):
			return fmt.Errorf("actions: unknown action %q; did you mean %q?", a, Parse(string(a)))
		}
	}
	return nil
}

// Highest returns the highest threshold, 0 if none is positive.
func (th Thresholds) Highest() float64 {
	highest := 0.0
	for _, v := range th {
		highest = max(highest, v)
	}
	return highest
}

// ByScore returns the action that a score leads to without pre-results: of the
// thresholds that it reaches the highest decides, and of actions with an equal
// threshold the most severe.
func (th Thresholds) ByScore(score float64, disabled ...Action) Action {
	best, from := NoAction, math.Inf(-1)
	for a, v := range th {
		if !(score >= v) || slices.Contains(disabled, a) || a == NoAction {
			continue
		}
		if v > from || v == from && stronger(a, best) {
			best, from = a, v
		}
	}
	return best
}

// stronger orders by severity and custom actions by name, so that the choice
// does not depend on the order of a map.
func stronger(a, b Action) bool {
	if sa, sb := a.Severity(), b.Severity(); sa != sb {
		return sa > sb
	}
	return a < b
}

// A HeaderEdit is one change to the message's header that the host applies
// when it delivers the message. Fields are counted as received, from the top
// and from 1 on, whatever other edits do.
type HeaderEdit struct {
	// Remove deletes fields of that name, whatever their case: with Index 0 all
	// of them, also those that an earlier edit added; otherwise the Index-th
	// one, where a negative Index counts from the end (-1 is the last). An edit
	// without Remove adds a field.
	Remove bool
	Name   string
	// Value is the field's value. One that holds line ends is folded already
	// and goes into the message as it is, after a colon and a space.
	Value string
	// Index is the position of an added field: 0 and -1 mean the end, 1 the
	// top, n before the nth field (the end if there are fewer), -2 before the
	// last field, and so on. Of several additions with the same positive Index
	// the last one stands first; all others stand in their order.
	Index int
}

// Actions returns the actions that have a threshold, the most severe first.
func (th Thresholds) Actions() []Action {
	return slices.SortedFunc(maps.Keys(th), func(a, b Action) int {
		return cmp.Or(cmp.Compare(b.Severity(), a.Severity()), cmp.Compare(th[b], th[a]), cmp.Compare(a, b))
	})
}

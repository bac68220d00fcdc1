// Package actions chooses what to do with a message: it knows the actions in
// order of severity, their score thresholds, and the pre-results by which a
// check asks for an action regardless of the score.
//
// Next stop: package winnow, which applies it as the last step of a scan.
package actions

// An Action is a verdict. The names are Rspamd's; custom actions are any
// other text that an embedder gives a threshold or a pre-result.
type Action string

// The actions, from the mildest to the most severe.
const (
	NoAction       Action = "no action"
	Greylist       Action = "greylist"
	AddHeader      Action = "add header"
	RewriteSubject Action = "rewrite subject"
	SoftReject     Action = "soft reject"
	Reject         Action = "reject"
	Quarantine     Action = "quarantine"
	Discard        Action = "discard"
)

// Thresholds gives each action the score from which on it applies. An action
// that is missing is never chosen by score.
type Thresholds map[Action]float64

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
	// Score, every other action sets it.
	Score    float64
	HasScore bool
	// Least makes Action a minimum instead of the verdict.
	Least bool
	// ProcessAll lets the remaining checks run all the same.
	ProcessAll bool
	// NoMessage keeps Message out of the SMTP reply.
	NoMessage bool
}

// A HeaderEdit is one change to the message's header that the host applies
// when it delivers the message.
type HeaderEdit struct {
	// Remove deletes fields of that name: Index 0 all, n the nth, negative
	// from the end. Otherwise a field is added.
	Remove bool
	Name   string
	Value  string
	// Index is for additions the position: 0 the end, 1 the top, n before
	// the nth field.
	Index int
}

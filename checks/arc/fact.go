// Package arc validates the Authenticated Received Chain (RFC 8617) of a
// message: what forwarders found when they took it, each sealed by the next.
package arc

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
)

// A Status is the chain validation status of RFC 8617 section 4.4.
type Status string

// The statuses.
const (
	StatusNone Status = "none" // there is no chain
	StatusPass Status = "pass"
	StatusFail Status = "fail"
)

// A Result is the outcome of validating a message's chain.
type Result struct {
	Status Status
	// Reason says why the chain fails, for people.
	Reason string `json:",omitempty"`
	// Malformed tells that it fails for its structure (section 5.2 step 3):
	// fields missing, instances with gaps, a wrong cv=.
	Malformed bool `json:",omitempty"`
	// Temporary tells that it fails because a key could not be had for now.
	Temporary bool `json:",omitempty"`
	// Authentic tells that the keys were asked for and DNSSEC validated all
	// answers.
	Authentic bool `json:",omitempty"`
	// Sets are the ARC sets in the order of their instances, that of instance
	// 1 first. Empty if the structure is broken.
	Sets []Set `json:",omitempty"`
	// OldestPass is the lowest instance whose message signature and all later
	// ones still hold (section 5.2 step 6), 0 if all do or the chain does not
	// pass: who changed the message last sealed the set before it. Ten message
	// signatures are verified, so of more than ten sets it is never 0.
	OldestPass int `json:",omitempty"`
	// Trusted is, in a chain that passes, the lowest instance from which on all
	// seals are by sealers that the operator trusts; 0 if the last sealer is
	// not trusted.
	Trusted int `json:",omitempty"`
	// SoftensDMARC tells that the trusted sealer found DMARC to pass for the
	// domain in From: a DMARC failure of the message as it is now weighs a
	// tenth, as Rspamd's adjust_dmarc.
	SoftensDMARC bool `json:",omitempty"`
}

// A Set is one instance: what one hop found and sealed.
type Set struct {
	Domain, Selector string // of the seal
	Chain            string // cv= of the seal: what that hop found of the chain before it
	// Results is the ARC-Authentication-Results field without instance:
	// authserv-id and results (RFC 8601), folds as one space.
	Results string
	// MessageDomain and MessageSelector are those of the message signature.
	MessageDomain, MessageSelector string
}

// Fact is the fact of the validation.
var Fact = checks.Fact[Result]{Name: "arc", Valid: func(r Result) error {
	return valid.Status(r.Status, StatusNone, StatusPass, StatusFail)
}}

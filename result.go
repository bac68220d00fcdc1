package winnow

import (
	"errors"
	"slices"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
)

// A Result is what a scan found. It keeps the parsed message alive; keep
// Result.JSON where results are kept for long.
type Result struct {
	Verdict
	// Skipped says why no check ran; "" when checks ran. A message of zero
	// bytes is skipped, except under RspamdExact; its action is none and it has
	// no edits.
	Skipped string
	// Incomplete names the checks that did not come to an end, in list order;
	// they do not count. After them it names those whose commit did not end
	// well, or whose edits could not be made; those do count.
	Incomplete []Incomplete
	// DNSDown tells that most of the scan's questions got no answer from DNS.
	// Symbols that only say so do not count then (symbols.Def.NoAnswer), and
	// DNS.SoftRejectOnTimeout treats it as a time-out. It is false at the steps
	// of a Session before Data.
	DNSDown bool
	// Recipients holds the verdicts of those recipients that have settings of
	// their own, in envelope order. For all others the common Verdict holds.
	// For returns the right one.
	Recipients []RecipientVerdict
	Timings    []CheckTime // in list order
	Took       time.Duration
	// Time is the scan's time by the Scanner's clock.
	Time time.Time
	// Transcript is what Message.Record asked for, else nil.
	Transcript *Transcript
	// OtherConfig tells that this is a replay, and that the recorded scan had
	// another configuration than the Scanner.
	OtherConfig bool
	// Unrecorded names, sorted, what a replay needed and the transcript does
	// not hold: questions to DNS, calls of the store, observations of the world
	// outside. It also names checks that were cut off in the recorded scan and
	// that the Scanner does not have. After 100 names it ends with "…".
	Unrecorded []string

	byRcpt  map[string]int // places in Recipients, nil without any
	msg     *mail.Message
	urls    []*mail.URL // found by the deadline, and so the addresses
	emails  []*mail.URL
	scan    *scan
	verdict *verdict
	hold    *hold      // what it takes in the queues of Options.After
	with    *gathering // what Call goes with, nil: nothing
}

// A Verdict is the outcome for all recipients, or for one.
type Verdict struct {
	Symbols    []score.Scored // what counts or is shown, in list order; hidden ones not
	Score      float64
	Required   float64 // the reject threshold, 0 if there is none
	Action     actions.Action
	Thresholds actions.Thresholds
	// PreResult is the pre-result that decided in place of the score, nil if
	// the score did.
	PreResult *actions.PreResult
	// Reply is the SMTP reply of a reject and of a soft reject, and of greylist
	// where a check greylists. It is zero for a message that is to be accepted.
	Reply Reply
	// Subject is the new subject when the action is to rewrite it.
	Subject string
	// Edits are the header changes that the host applies on delivery.
	Edits []actions.HeaderEdit
	// Notes are what checks tell the operator besides symbols, in list order,
	// after the notes about seeds.
	Notes []Note
}

// A RecipientVerdict is the verdict for one recipient.
type RecipientVerdict struct {
	Address string
	Verdict
}

// For returns the verdict for a recipient: its own, or the common one where it
// has none. Addresses are compared by mail.AddressKey.
func (r *Result) For(rcpt string) *Verdict {
	rcpt = mail.AddressKey(rcpt)
	if r.byRcpt != nil {
		if i, ok := r.byRcpt[rcpt]; ok {
			return &r.Recipients[i].Verdict
		}
		return &r.Verdict
	}
	for i := range r.Recipients {
		if mail.AddressKey(r.Recipients[i].Address) == rcpt {
			return &r.Recipients[i].Verdict
		}
	}
	return &r.Verdict
}

// A Note is a sentence of a check for the operator: why a message was not
// signed, for example. Check is "seed" where a fact that the host seeded is
// known to no check.
type Note struct{ Check, Text string }

// Incomplete tells why a check did not come to an end.
type Incomplete struct {
	Check  string
	Reason string // "timeout", "error", "panic"; "store": it went on without what it asked the store for
	Err    error  // nil for a timeout
}

// A CheckTime is what one check cost in wall time, waiting included.
type CheckTime struct {
	Check string
	Took  time.Duration
}

// Message returns the parsed message.
func (r *Result) Message() *mail.Message { return r.msg }

// Fact returns a fact by name, as checks.Fact.From does with its type: what the
// host seeded, or what a check left that came to its end.
func (r *Result) Fact(name string) (value any, ok bool) { return r.scan.state.Fact(name) }

// NoLog reports whether the settings want nothing of the message kept for
// people to look at: for a recipient, or with "" for all of them. Package
// history obeys it.
func (r *Result) NoLog(rcpt string) bool {
	if r.scan.noLog {
		return true
	}
	quiet := r.scan.want.quiet
	return quiet[""] || len(quiet) > 0 && rcpt != "" && quiet[mail.AddressKey(rcpt)]
}

// Has reports whether a symbol counts or is shown.
func (v *Verdict) Has(symbol string) bool { return v.Symbol(symbol) != nil }

// Symbol returns the named symbol, nil if it was not raised or is hidden.
func (v *Verdict) Symbol(name string) *score.Scored {
	i := slices.IndexFunc(v.Symbols, func(s score.Scored) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &v.Symbols[i]
}

// ErrReplay is wrapped by errors of Replay.
var ErrReplay = errors.New("winnow: replay")

package dmarc

import (
	"strings"

	"github.com/winnowmail/winnow/checks/authres"
)

// A Status is a result of RFC 7489 section 11.2.
type Status string

// The results.
const (
	StatusNone      Status = "none" // the domain in From has no record
	StatusPass      Status = "pass"
	StatusFail      Status = "fail"
	StatusTempError Status = "temperror"
	StatusPermError Status = "permerror"
)

// A Result is the outcome of an evaluation.
type Result struct {
	Status Status
	Domain string // where the record was found, or the domain in From
	// Policy is what the record asks for messages that fail: "none",
	// "quarantine", "reject"; "" without a record.
	Policy string
	Reason string // of a fail, an error or none, for people

	// From is the domain in From, lower case, in ASCII.
	From string `json:",omitempty"`
	// Organization is the organizational domain of From.
	Organization string `json:",omitempty"`
	// Walked tells that the record was looked for by TreeWalk.
	Walked bool `json:",omitempty"`
	// Disposition is what a fail comes to: Policy, or a milder one where
	// Override says why: "sampled_out" when pct= or t=y spares the message,
	// "local_policy" when the host keeps to Policy although it would. ""
	// where the host seeded only Policy.
	Disposition string `json:",omitempty"`
	Override    string `json:",omitempty"`
	// SPFAligned and DKIMAligned tell which of both passes for From.
	SPFAligned, DKIMAligned bool `json:",omitempty"`
	// Unsigned is the number of body bytes that a good signature of From's
	// organization leaves unsigned (l=, RFC 6376 section 8.2).
	Unsigned int64 `json:",omitempty"`
	// Record is the record that was applied, or the one that is wrong.
	Record *Record `json:",omitempty"`
	// Authentic tells that the DNS answer with Record was validated by DNSSEC.
	Authentic bool `json:",omitempty"`

	noDNS bool // there was no DNS to ask
}

// policyOf finds the policy in the comments of a DMARC result: servers write
// "(policy=reject)" or "(p=REJECT sp=NONE dis=NONE)".
func policyOf(r authres.Result) string {
	comments := []string{r.Comment}
	for _, p := range r.Properties {
		comments = append(comments, p.Comment)
	}
	for _, comment := range comments {
		for word := range strings.FieldsSeq(strings.ToLower(comment)) {
			name, value, _ := strings.Cut(strings.Trim(word, ",;"), "=")
			if name != "policy" && name != "p" {
				continue
			}
			switch value {
			case "none", "quarantine", "reject":
				return value
			}
		}
	}
	return "none"
}

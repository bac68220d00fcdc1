package spf

import (
	"fmt"
	"strings"
)

// A Status is a result of RFC 7208 section 2.6.
type Status string

// The results.
const (
	StatusNone      Status = "none"
	StatusNeutral   Status = "neutral"
	StatusPass      Status = "pass"
	StatusFail      Status = "fail"
	StatusSoftFail  Status = "softfail"
	StatusTempError Status = "temperror"
	StatusPermError Status = "permerror"
)

// These stand for the mechanism where none decided, in Rspamd's words.
const (
	noRecord    = "no SPF record"
	noDomain    = "No domain"
	badRecord   = "bad SPF record"
	emptyRecord = "empty SPF record"
	dnsFailed   = "temporary DNS error"
)

// A Result is the outcome of an evaluation, for one identity.
type Result struct {
	// Status is one of the constants, or "" if nothing was evaluated.
	Status Status
	// Domain is the domain that was evaluated, of MAIL FROM or HELO, in lower
	// case and ASCII form.
	Domain string
	// Mechanism is what decided, with its qualifier and its macros expanded:
	// "+ip4:192.0.2.0/24", "-all", for an include the included term; where
	// none decided, a short text.
	Mechanism string
	// PlusAll tells that all clients pass.
	PlusAll bool `json:",omitempty"`
	// Identity is "mailfrom" or "helo", Sender the address that was evaluated.
	Identity string `json:",omitempty"`
	Sender   string `json:",omitempty"`
	// Record is the text of the domain's record, "" if there is none, cut at
	// 4 KiB; Mechanism and Reason are cut at 1 KiB.
	Record string `json:",omitempty"`
	// Authentic tells that the DNS answer with Record was validated by DNSSEC.
	Authentic bool `json:",omitempty"`
	// Reason says in one sentence why, for people.
	Reason string `json:",omitempty"`
	// Explanation is what the domain says to a sender that fails (exp=): ASCII,
	// for an SMTP reply, and somebody else's words.
	Explanation string `json:",omitempty"`
	// Lookups is how many terms asked DNS.
	Lookups int `json:",omitempty"`

	noDNS bool // there was no DNS to ask
}

// set takes over what an evaluation found.
func (r *Result) set(e *evaluation, v verdict) {
	r.Status, r.PlusAll, r.Lookups, r.Authentic = v.status, v.all, e.lookups, v.authentic
	r.Mechanism, r.Record, r.Reason = cut(v.mechanism, 1<<10), cut(v.text, 4<<10), cut(v.reason, 1<<10)
	if r.Reason != "" {
		return
	}
	says := map[Status]string{
		StatusPass: "permits", StatusFail: "does not permit", StatusSoftFail: "probably does not permit", StatusNeutral: "says nothing about",
	}[v.status]
	r.Reason = cut(fmt.Sprintf("%s %s %s as sender (%s)", e.domain, says, e.IP, v.mechanism), 1<<10)
}

func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// ReceivedSPF returns the value of a Received-SPF header field (RFC 7208
// section 9.1) for the evaluation of p, in one line.
func (r Result) ReceivedSPF(p Params) string {
	var b strings.Builder
	b.WriteString(string(r.Status))
	receiver := p.Receiver
	if receiver == "" {
		receiver = "unknown"
	}
	if r.Reason != "" {
		b.WriteString(" (" + comment(receiver+": "+r.Reason) + ")")
	}
	pair := func(key, value string) {
		b.WriteString(" " + key + "=" + word(value) + ";")
	}
	pair("receiver", receiver)
	if p.IP.IsValid() {
		pair("client-ip", p.IP.Unmap().String())
	}
	pair("envelope-from", p.MailFrom)
	if p.Helo != "" {
		pair("helo", p.Helo)
	}
	pair("identity", r.Identity)
	switch r.Status {
	case StatusTempError, StatusPermError:
		pair("problem", r.Reason)
	case StatusNone:
	default:
		pair("mechanism", strings.TrimLeft(r.Mechanism, "+-~?"))
	}
	return strings.TrimSuffix(b.String(), ";")
}

// Bounds of a value and of the comment of ReceivedSPF, so that the line stays
// within what RFC 5322 section 2.1.1 allows.
const (
	maxWord    = 100
	maxComment = 250
)

// word writes a value as a dot-atom where it is one, else as a quoted-string.
func word(s string) string {
	atom := s != "" && len(s) <= maxWord && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
	for i := 0; i < len(s) && atom; i++ {
		atom = isNameByte(s[i]) || strings.IndexByte("!#$%&'*+/=?^`{|}~", s[i]) >= 0
	}
	if atom {
		return s
	}
	return `"` + escaped(s, `\"`, maxWord) + `"`
}

// comment escapes text for a comment.
func comment(s string) string { return escaped(s, `\()`, maxComment) }

// escaped puts a backslash before special bytes, replaces those that a header
// field may not have, and cuts the text at most bytes.
func escaped(s, special string, most int) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < most; i++ {
		c := s[i]
		switch {
		case c < ' ' || c > '~':
			c = '?'
		case strings.IndexByte(special, c) >= 0:
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

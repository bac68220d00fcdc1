// Package sender looks at who a message says it is from: the From header and
// its display name, the envelope sender, Reply-To, and where read receipts
// are to go.
//
// Addresses are compared after alias resolution (package aliases) unless a
// rule says otherwise.
package sender

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/symbols"
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "sender", Doc: "the sender in the envelope, From and Reply-To", Checks: []*checks.Check{
		{
			Name: "from",
			Doc:  "From header, its display name, and the envelope sender",
			Symbols: []*symbols.Def{
				missing, multiple, invalid, invalid8Bit, envInvalid,
				noName, nameIsAddr, hasName, nameTitle, nameSpaces,
				eqEnv, neqEnv, toEqFrom, toDomainEqFrom,
				spoofName, otherName, infoToInfo,
			},
			Requires: checks.Facts(aliases.Fact),
			Run:      runFrom,
		},
		{
			Name: "replyto",
			Doc:  "Reply-To against From and To",
			Symbols: []*symbols.Def{
				replyUnparsable, replyHas, replyInvalid, replyLongUser, replyLongDomain, replyTitle,
				replyEqFrom, replyAddrEqFrom, replyDomainEqFrom, replyDomainNeqFrom, replyNameEqFrom,
				replyEqTo, replyDomainEqTo, replyDomainNeqTo, spoofReply,
			},
			Requires: append(checks.Facts(aliases.Fact), checks.Defs(nameTitle)...),
			Run:      runReplyTo,
		},
		{
			Name:     "envelope-sender",
			Doc:      "rewritten and per-recipient envelope senders; where receipts go",
			Symbols:  []*symbols.Def{prvs, verp, receiptMismatch, receiptForged},
			Requires: checks.Facts(aliases.Fact),
			Run:      runEnvelope,
		},
	}}
}

// Package msgauth turns the results of SPF, DKIM, DMARC and ARC into the types
// of github.com/emersion/go-msgauth/authres and back, for hosts that use these.
// A host that evaluated something itself seeds it:
//
//	checks.Seed(spf.Fact, msgauth.SPF(result))
//
// Those types hold less: only the status, the reason and the names that RFC
// 8601 has properties for survive the way there and back.
package msgauth

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"

	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/mail"
)

// FromSPF gives the sender that was evaluated as smtp.mailfrom, or its domain
// as smtp.helo where that was HELO.
func FromSPF(r spf.Result) *authres.SPFResult {
	out := &authres.SPFResult{Value: authres.ResultValue(r.Status), Reason: r.Reason}
	if r.Identity == "helo" {
		out.Helo = r.Domain
	} else if out.From = r.Sender; out.From == "" {
		out.From = r.Domain
	}
	return out
}

// SPF is the inverse of FromSPF. "hardfail", which RFC 8601 calls obsolete, is
// a fail.
func SPF(r *authres.SPFResult) spf.Result {
	out := spf.Result{Status: spf.Status(r.Value), Reason: r.Reason, Identity: "mailfrom", Sender: r.From}
	if r.Value == authres.ResultHardFail {
		out.Status = spf.StatusFail
	}
	out.Domain = r.From
	if r.From == "" && r.Helo != "" {
		out.Identity, out.Sender, out.Domain = "helo", "postmaster@"+r.Helo, r.Helo
	}
	out.Domain = mail.DomainKey(out.Domain[strings.LastIndexByte(out.Domain, '@')+1:])
	return out
}

// FromDKIM gives one result for each signature; no signature is one "none".
func FromDKIM(signatures []dkim.Signature) []*authres.DKIMResult {
	if len(signatures) == 0 {
		return []*authres.DKIMResult{{Value: authres.ResultNone}}
	}
	out := make([]*authres.DKIMResult, 0, len(signatures))
	for _, s := range signatures {
		out = append(out, &authres.DKIMResult{
			Value: authres.ResultValue(s.Status), Reason: s.Reason, Domain: s.Domain, Identifier: s.Identity,
		})
	}
	return out
}

// DKIM is the inverse of FromDKIM; "none" is no signature.
func DKIM(results ...*authres.DKIMResult) []dkim.Signature {
	var out []dkim.Signature
	for _, r := range results {
		if r.Value == authres.ResultNone {
			continue
		}
		s := dkim.Signature{Status: dkim.Status(r.Value), Reason: r.Reason, Domain: r.Domain, Identity: r.Identifier}
		if s.Domain == "" {
			s.Domain = s.Identity[strings.LastIndexByte(s.Identity, '@')+1:]
		}
		out = append(out, s)
	}
	return out
}

// FromDMARC gives the domain in From as header.from.
func FromDMARC(r dmarc.Result) *authres.DMARCResult {
	return &authres.DMARCResult{Value: authres.ResultValue(r.Status), Reason: r.Reason, From: r.From}
}

// DMARC is the inverse of FromDMARC. The result has no policy, since the other
// type holds none.
func DMARC(r *authres.DMARCResult) dmarc.Result {
	from := mail.DomainKey(r.From)
	return dmarc.Result{Status: dmarc.Status(r.Value), Reason: r.Reason, From: from, Domain: from}
}

// FromARC gives the client's address, "" unless it is known, as
// smtp.remote-ip.
func FromARC(r arc.Result, client string) *authres.ARCResult {
	return &authres.ARCResult{Value: authres.ResultValue(r.Status), RemoteIP: client, OldestPass: r.OldestPass}
}

// ARC is the inverse of FromARC.
func ARC(r *authres.ARCResult) arc.Result {
	return arc.Result{Status: arc.Status(r.Value), OldestPass: r.OldestPass}
}

package spf

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/mail"
)

// trusted takes a result of a server whose header is believed: the one for MAIL
// FROM, else the first.
func trusted(t *checks.Task) (res Result, ok bool) {
	h, _ := authres.Fact.Get(t)
	for _, r := range h.Of("spf") {
		one := Result{Status: Status(r.Value), Sender: r.Property("smtp", "mailfrom"), Identity: "mailfrom", Reason: r.Reason}
		if one.Sender == "" {
			one.Sender, one.Identity = r.Property("smtp", "helo"), "helo"
		}
		if one.Status == "hardfail" {
			one.Status = StatusFail // RFC 5451 section 2.4.2
		}
		one.Domain = mail.DomainKey(one.Sender[strings.LastIndexByte(one.Sender, '@')+1:])
		if symbol(one) == nil {
			continue
		}
		if one.Identity == "mailfrom" && one.Sender != "" {
			return one, true
		}
		if !ok {
			res, ok = one, true
		}
	}
	return res, ok
}

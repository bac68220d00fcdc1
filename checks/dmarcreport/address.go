package dmarcreport

import (
	"context"
	"net/url"
	"strings"

	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// mailbox returns the address of a mailto URI (RFC 6068), without header
// fields. ok is false for other URIs, several addresses, and what could not
// stand in a header as it is.
func mailbox(u dmarc.URI) (address string, ok bool) {
	scheme, rest, _ := strings.Cut(u.Address, ":")
	if !strings.EqualFold(scheme, "mailto") {
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "?")
	address, err := url.PathUnescape(rest)
	if err != nil || len(address) > 254 {
		return "", false
	}
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || domain == "" || strings.ContainsAny(address, "\"(),:;<>[\\]/") || strings.Contains(domain, "@") {
		return "", false
	}
	for _, r := range address {
		if r <= ' ' || r == 0x7f {
			return "", false
		}
	}
	return address, true
}

func domainOf(address string) string {
	return mail.DomainKey(address[strings.LastIndexByte(address, '@')+1:])
}

// permitted asks whether reports about a domain may go to an address of
// another organization (RFC 9990 section 4): that one's owner says so with a
// record below "DOMAIN._report._dmarc.". The record may name another address
// of the same host instead. An error is one of DNS.
func permitted(ctx context.Context, r resolver.Resolver, domain, address string) (to string, ok bool, err error) {
	host := domainOf(address)
	if dmarc.Aligned(domain, host, false) {
		return address, true, nil
	}
	answer, err := r.Lookup(ctx, domain+"._report._dmarc."+host, resolver.TypeTXT)
	if resolver.IsNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	for _, text := range answer.Texts() {
		record, isRecord := dmarc.ParseRecord(text + ";")
		if !isRecord {
			continue
		}
		for _, u := range record.Aggregate {
			if other, ok := mailbox(u); ok && domainOf(other) == host {
				return other, true, nil
			}
		}
		return address, true, nil
	}
	return "", false, nil
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/signing"
)

// signFlag collects -sign DOMAIN:SELECTOR:KEYFILE.
type signFlag struct{ domains map[string][]signing.Selector }

func (f *signFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (f *signFlag) Set(s string) error {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return errors.New("not DOMAIN:SELECTOR:KEYFILE")
	}
	domain := strings.ToLower(parts[0])
	if d, ok := publicsuffix.ESLD(domain); ok && d != domain {
		return fmt.Errorf("mail of %s is signed for %s", domain, d)
	}
	if f.domains == nil {
		f.domains = map[string][]signing.Selector{}
	}
	f.domains[domain] = append(f.domains[domain], signing.Selector{Selector: parts[1], Path: parts[2]})
	return nil
}

// rules are those of docker-mailserver: mail of users and of the own networks
// is signed for the registered domain in From, if it has a key; with DNS the
// published key is compared, which is only told. They are nil without the
// flag.
func (f *signFlag) rules(dns bool) (*signing.Rules, error) {
	if len(f.domains) == 0 {
		return nil, nil
	}
	r := signing.DKIM()
	r.Domains, r.Fallback, r.UserMismatch, r.CheckKey = f.domains, false, true, dns
	if _, err := signing.New(r); err != nil {
		return nil, fmt.Errorf("-sign: %w", err)
	}
	return &r, nil
}

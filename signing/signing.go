// Package signing signs mail: DKIM signatures (RFC 6376, RFC 8463) for what a
// host sends out, ARC sets (RFC 8617) for what it passes on.
//
// Rules decide whether a message is signed, for which domain and selector, as
// Rspamd 4.1.6's dkim_signing and arc modules do; a KeySource has the private
// keys; a Signer makes the header fields. A Decision not to sign always gives
// the reason, worded as the end of a sentence.
//
// Everything works on one mail.Message and keeps nothing of it. Next stop:
// checks/signing, which does this in a scan.
package signing

import (
	"net/netip"

	"github.com/winnowmail/winnow/mail"
)

// An Identity is one signature to be made: d= and s=, and where the key is.
type Identity struct {
	Domain   string // lower case, as it stands in d=
	Selector string
	// Path is the key's file; "": the KeySource of the rules knows it.
	Path string
	key  *tableKey // stands in the key table itself
}

// A Client is who handed the message in.
type Client struct {
	IP    netip.Addr
	Local bool   // in the host's own networks
	User  string // authenticated user, "" if none
}

// A Decision says which signatures a message gets.
type Decision struct {
	Sign []Identity
	// Reason says why there are none: the end of a sentence that begins with
	// "not signed:". It is "" if Sign is not empty.
	Reason string
}

// A Source is where the domain of a signature comes from: one of the
// constants, or the domain itself.
type Source string

// The sources.
const (
	FromHeader    Source = "header"    // of the From header
	FromEnvelope  Source = "envelope"  // of the envelope sender
	FromUser      Source = "auth"      // of the authenticated user's name
	FromRecipient Source = "recipient" // of the first envelope recipient
)

// A Selector is one key of a domain. An empty Selector or Path is filled in
// from the rules' maps and defaults. Path may have $domain and $selector in it.
type Selector struct{ Selector, Path string }

// Rules say which mail is signed and as what. Begin with DKIM or ARC, which
// hold Rspamd 4.1.6's defaults; the names of its settings stand in
// parentheses.
type Rules struct {
	// Authenticated, Local, Inbound and Networks say whose mail is signed: that
	// of users who logged in (sign_authenticated), of local clients
	// (sign_local), of clients that are neither (sign_inbound), of clients in
	// these networks (sign_networks).
	Authenticated, Local, Inbound bool
	Networks                      []netip.Prefix
	// SkipSpam leaves mail alone that gets any action but "no action"
	// (skip_spam_sign).
	SkipSpam bool

	// Domain is the source of the domain (use_domain). NetworksDomain,
	// LocalDomain and InboundDomain, where they are set, take its place for
	// mail that is signed because of Networks, Local or Inbound
	// (use_domain_sign_networks, _sign_local, _sign_inbound).
	Domain                                     Source
	NetworksDomain, LocalDomain, InboundDomain Source
	// ESLD reduces domains to the registrable one (use_esld).
	ESLD bool

	// EmptyEnvelope signs mail with the null sender (allow_envfrom_empty);
	// SeveralFrom mail with several From addresses, for the first
	// (allow_hdrfrom_multiple).
	EmptyEnvelope, SeveralFrom bool
	// Mismatch signs even if the domains of From header and envelope differ
	// (allow_hdrfrom_mismatch); MismatchLocal and MismatchNetworks do so for
	// such clients only. UserMismatch signs even if the user's name has no
	// domain, or another one than the signature (allow_username_mismatch).
	Mismatch, MismatchLocal, MismatchNetworks, UserMismatch bool

	// Domains are the keys by domain (domain).
	Domains map[string][]Selector
	// Selectors and Paths give selectors and key files by domain where
	// Domains don't (selector_map, path_map).
	Selectors, Paths map[string]string
	// Selector and Path are the defaults (selector, path). An empty Path means
	// that there is no default. Without Fallback a domain needs an entry of its
	// own (try_fallback).
	Selector, Path string
	Fallback       bool
	// SigningTable and KeyTable, where both are set, decide alone about
	// domain and key (signing_table, key_table).
	SigningTable *SigningTable
	KeyTable     *KeyTable
	// Condition, where set, decides instead of all the above (sign_condition).
	Condition func(*mail.Message, Client) Decision `json:"-"`

	// Keys has the keys of identities without a Path, for which no default
	// path is then filled in (use_redis, use_vault). AllowReadable takes key
	// files that everybody on the machine may read.
	Keys          KeySource `json:"-"`
	AllowReadable bool

	// CheckKey compares the key with the published one (check_pubkey).
	// AllowKeyMismatch signs even if that is another key or missing, and a note
	// says so (allow_pubkey_mismatch).
	CheckKey, AllowKeyMismatch bool

	// Format is how signatures look.
	Format Format
}

// DKIM returns the rules of Rspamd 4.1.6's dkim_signing, without a default
// path of keys.
func DKIM() Rules {
	return Rules{
		Authenticated: true, Local: true, Domain: FromHeader, ESLD: true, EmptyEnvelope: true,
		Selector: "dkim", Fallback: true, AllowKeyMismatch: true,
	}
}

// ARC returns the rules of Rspamd 4.1.6's arc, without a default path of keys.
func ARC() Rules {
	return Rules{
		Inbound: true, Domain: FromRecipient, ESLD: true, EmptyEnvelope: true, Mismatch: true,
		Selector: "arc", Fallback: true, AllowKeyMismatch: true,
	}
}

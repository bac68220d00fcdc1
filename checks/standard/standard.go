// Package standard is the list of the built-in families, in the order in which
// the results of their checks are merged. It is the only place that knows all
// of them; a Scanner takes it when winnow.Options names none.
//
// To leave families out or add your own, build the list yourself:
//
//	list := append(standard.Families(standard.Options{}), mine.New())
//	s, err := winnow.New(winnow.Options{Families: list})
package standard

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/archives"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/bodytext"
	"github.com/winnowmail/winnow/checks/bounce"
	"github.com/winnowmail/winnow/checks/chartable"
	"github.com/winnowmail/winnow/checks/compromised"
	"github.com/winnowmail/winnow/checks/date"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/encoding"
	"github.com/winnowmail/winnow/checks/forgedrecipients"
	"github.com/winnowmail/winnow/checks/forwarding"
	"github.com/winnowmail/winnow/checks/freemail"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/headers"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/html"
	"github.com/winnowmail/winnow/checks/limits"
	"github.com/winnowmail/winnow/checks/maillist"
	"github.com/winnowmail/winnow/checks/messageid"
	"github.com/winnowmail/winnow/checks/mimeparts"
	"github.com/winnowmail/winnow/checks/mimetypes"
	"github.com/winnowmail/winnow/checks/mua"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/phishfeeds"
	"github.com/winnowmail/winnow/checks/priority"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/received"
	"github.com/winnowmail/winnow/checks/recipients"
	"github.com/winnowmail/winnow/checks/redirectors"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/sender"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/subject"
	"github.com/winnowmail/winnow/checks/upstream"
	"github.com/winnowmail/winnow/checks/urls"
	"github.com/winnowmail/winnow/checks/whitelist"
)

//go:generate go run ../../internal/gendocs -o ../../docs/symbols.md

// Options chooses among the built-in checks. The zero value is all of them
// with the lists of facts that come with the module.
type Options struct {
	// NoMaps leaves out what depends on lists of facts about the world, such
	// as free mail providers or URL shorteners.
	NoMaps bool
	// GTUBE says which test strings count; the default is GTUBE alone.
	GTUBE gtube.Patterns
	// MIME changes the tables of media types and file name extensions.
	MIME mimetypes.Options
	// ASN says who tells the client's network.
	ASN asn.Options
	// DKIM says which signatures are good enough.
	DKIM dkim.Options
	// MX turns the look at the sender's mail exchangers on; the zero value is
	// off.
	MX mxcheck.Options
	// ARC says which chains are good enough, and which sealers are trusted.
	ARC arc.Options
	// PhishingTrusted are hosts that links may lead to whatever they show, see
	// urls.Options.Trusted.
	PhishingTrusted []string
	// PhishingStrict are domains with phishing symbols of their own.
	PhishingStrict []urls.StrictDomains
	// Phishing names the feeds of known phishing pages.
	Phishing phishfeeds.Options
	// Relays are the host's own relays, before which the client is.
	Relays relay.Options
	// Received says which clients are like servers by their names.
	Received received.Options
	// Whitelist binds trust in domains to SPF, DKIM and DMARC.
	Whitelist whitelist.Options
	// MessageID names senders of strange Message-IDs.
	MessageID messageid.Options
	// HFilter says which names of clients and senders are judged.
	HFilter hfilter.Options
	// Aliases is what the site knows about its own addresses.
	Aliases aliases.Options
	// SPF chooses how strictly records are read.
	SPF spf.Options
	// DMARC says how records are found and what failures come to.
	DMARC dmarc.Options
	// AuthHeader adds the results as Authentication-Results; nil does not.
	AuthHeader *authheader.Options
	// AuthRes names the servers whose Authentication-Results are believed;
	// none by default.
	AuthRes authres.Options
	// Signing says which mail is signed with DKIM and sealed with ARC; none
	// by default.
	Signing signing.Options
	// RBL chooses the DNS lists and how they are watched over.
	RBL rbl.Options
}

// Families returns new values of the built-in families, in order.
func Families(o Options) []*checks.Family {
	list := []*checks.Family{
		gtube.New(gtube.Options{Patterns: o.GTUBE}),
		relay.New(o.Relays),
		forwarding.New(),
		aliases.New(o.Aliases),
		sender.New(),
		recipients.New(),
		received.New(o.Received),
		date.New(),
		forgedrecipients.New(),
		rdns.New(),
		hfilter.New(o.HFilter),
		asn.New(o.ASN),
		authres.New(o.AuthRes),
		spf.New(o.SPF),
		dkim.New(o.DKIM),
		arc.New(o.ARC),
		dmarc.New(o.DMARC),
	}
	if o.AuthHeader != nil {
		list = append(list, authheader.New(*o.AuthHeader))
	}
	return append(list,
		whitelist.New(whitelistOptions(o)),
		headers.New(),
		encoding.New(),
		priority.New(),
		subject.New(),
		messageid.New(o.MessageID),
		mua.New(),
		compromised.New(),
		upstream.New(),
		maillist.New(),
		bounce.New(),
		freemail.New(freemail.Options{None: o.NoMaps}),
		mimetypes.New(o.MIME),
		mimeparts.New(),
		archives.New(archives.Options{}),
		html.New(),
		urls.New(urlOptions(o)),
		phishfeeds.New(o.Phishing),
		mxcheck.New(o.MX),
		bodytext.New(),
		chartable.New(),
		redirectors.New(redirectors.Options{None: o.NoMaps}),
		rbl.New(o.RBL),
		limits.New(),
		signing.New(o.Signing),
	)
}

// Checks returns the checks of Families.
func Checks(o Options) []*checks.Check { return checks.Flatten(Families(o)...) }

// urlOptions gives the URL rules the list of the redirectors.
func urlOptions(o Options) urls.Options {
	u := urls.Options{Trusted: o.PhishingTrusted, Strict: o.PhishingStrict, None: o.NoMaps}
	if !o.NoMaps {
		u.Redirectors = redirectors.Builtin()
	}
	return u
}

// whitelistOptions leaves the built-in domains out where lists are unwanted.
func whitelistOptions(o Options) whitelist.Options {
	w := o.Whitelist
	w.None = w.None || o.NoMaps
	return w
}

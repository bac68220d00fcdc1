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
	"errors"
	"fmt"

	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/antivirus"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/archives"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/external"
	"github.com/winnowmail/winnow/checks/forceactions"
	"github.com/winnowmail/winnow/checks/freemail"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/languages"
	"github.com/winnowmail/winnow/checks/messageid"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/mimetypes"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/phishfeeds"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/received"
	"github.com/winnowmail/winnow/checks/redirectors"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/urls"
	"github.com/winnowmail/winnow/checks/whitelist"
)

//go:generate go run ../../internal/gendocs -o ../../docs/symbols.md -sections ../../docs/sections.md

// Options chooses among the built-in families and configures them: every family
// that has options has a field, and Off in it leaves the family out. The zero
// value is all that Rspamd 4.1.6 has by default. A family that is off there by
// default has a pointer here: nil leaves it out, a pointer to the zero value
// turns it on.
//
// A family without options is left out by winnow.Layer's Disable.
type Options struct {
	GTUBE        gtube.Options        // which test strings count
	Relays       relay.Options        // the host's own relays, through which clients' mail comes in
	Aliases      aliases.Options      // what the site knows about its own addresses
	OnceReceived received.OnceOptions // which clients are like servers by their names
	HFilter      hfilter.Options      // which names of clients and senders are judged
	ASN          asn.Options          // where the client's network is looked up
	AuthRes      authres.Options      // whose Authentication-Results are believed, none by default
	SPF          spf.Options          // how strictly records are read
	DKIM         dkim.Options         // which signatures are good enough
	ARC          arc.Options          // which chains are good enough, which sealers trusted
	DMARC        dmarc.Options        // how records are found and what failures come to
	Whitelist    whitelist.Options    // trust in domains, bound to SPF, DKIM and DMARC
	MessageID    messageid.Options    // senders of strange Message-IDs
	Freemail     freemail.Options     // providers of free and disposable mailboxes
	MIME         mimetypes.Options    // media types and file name extensions
	Archives     archives.Options     // words that lure people into opening a file
	URLs         urls.Options         // suffixes that abuse prefers
	Phishing     urls.PhishingOptions // which links are no phishing, and which domains are imitated
	Feeds        phishfeeds.Options   // feeds of known phishing pages
	Redirectors  redirectors.Options  // services that lead elsewhere
	RBL          rbl.Options          // DNS lists and how they are watched over
	Antivirus    antivirus.Options    // clamd servers that look for viruses, none by default
	External     external.Options     // other programs that are asked what they think, none by default
	Languages    languages.Options    // which languages are read here, all by default
	Signing      signing.Options      // what is signed with DKIM and sealed with ARC, nothing by default

	// Multimap are rules over the operator's own lists, none by default.
	Multimap multimap.Options
	// Ratelimit are limits of rates, none by default; they need a store.
	Ratelimit ratelimit.Options
	// ForceActions are rules that change the action where symbols come together,
	// none by default.
	ForceActions forceactions.Options
	// MilterHeaders adds headers that tell what the scan found, none by default.
	MilterHeaders milterheaders.Options

	// AuthHeader adds the results as Authentication-Results. The routine of that
	// name in MilterHeaders does the same: one of them is enough, both an error.
	AuthHeader *authheader.Options
	// Greylist puts suspicious mail off until it comes again; it needs a store.
	Greylist *greylist.Options
	// Replies recognises replies to mail of users; it needs a store.
	Replies *replies.Options
	// KnownSenders tells senders who have written before, or have answered, from
	// others; it needs a store and, for the answers, Replies.
	KnownSenders *knownsenders.Options
	// Reputation knows what mail came from where; it needs a store, unless its rules
	// ask lists in DNS.
	Reputation *reputation.Options
	// Spamtrap tells mail to addresses that nobody uses.
	Spamtrap *spamtrap.Options
	// MX looks at the mail exchangers of the sender's domain.
	MX *mxcheck.Options
	// Regexp has rules of the operator's over texts and headers.
	Regexp *regexp.Options
	// SpamAssassin runs rule files of SpamAssassin.
	SpamAssassin *spamassassin.Options
}

// WithoutMaps leaves out the lists of facts about the world that come with the
// module, such as free mail providers or URL shorteners; lists that o names
// itself stay.
func (o Options) WithoutMaps() Options {
	o.Freemail.Off = o.Freemail.Off || o.Freemail.Freemail == nil && o.Freemail.Disposable == nil
	o.Redirectors.Off = o.Redirectors.Off || o.Redirectors.Domains == nil
	if o.Whitelist.Rules == nil && o.Whitelist.Lists == nil {
		o.Whitelist.Lists = &whitelist.Lists{}
	}
	if o.URLs.SuspiciousTLDs == nil {
		o.URLs.SuspiciousTLDs = []string{}
	}
	if o.Phishing.Redirectors == nil {
		o.Phishing.Redirectors = []string{}
	}
	return o
}

// WithMaps chooses the lists of facts about the world by a name, as programs
// have it in a flag: "builtin" leaves those that come with the module, "none"
// is WithoutMaps, and "bundled" takes in their place what Rspamd 4.1.6 knows
// without having downloaded anything, for comparisons with it. Lists that o
// names itself stay. An unknown name is an error.
func (o Options) WithMaps(name string) (Options, error) {
	switch name {
	case "builtin":
		return o, nil
	case "none":
		return o.WithoutMaps(), nil
	case "bundled":
		return o.withBundledMaps(), nil
	}
	return o, fmt.Errorf("no lists %q, there are builtin, bundled and none", name)
}

// withBundledMaps takes Rspamd's lists. It has those of free mail providers and
// of REDIRECTOR_URL from the network only; its list of suspicious suffixes, in
// which they have dots before them, matches nothing.
func (o Options) withBundledMaps() Options {
	if o.Whitelist.Rules == nil && o.Whitelist.Lists == nil {
		lists := whitelist.Bundled()
		o.Whitelist.Lists = &lists
	}
	if o.Phishing.Redirectors == nil {
		o.Phishing.Redirectors = redirectors.Bundled()
	}
	if o.MessageID.Known == nil {
		o.MessageID.Known = messageid.Bundled()
	}
	return o.WithoutMaps()
}

// Validate returns what is wrong with the options: the families and their
// fields.
func (o Options) Validate() error {
	var errs []error
	for _, f := range Families(o) {
		errs = append(errs, f.Err)
	}
	return errors.Join(errs...)
}

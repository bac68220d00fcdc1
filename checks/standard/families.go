package standard

import (
	"errors"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/antivirus"
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
	"github.com/winnowmail/winnow/checks/external"
	"github.com/winnowmail/winnow/checks/forceactions"
	"github.com/winnowmail/winnow/checks/forgedrecipients"
	"github.com/winnowmail/winnow/checks/forwarding"
	"github.com/winnowmail/winnow/checks/freemail"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/headers"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/html"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/languages"
	"github.com/winnowmail/winnow/checks/limits"
	"github.com/winnowmail/winnow/checks/maillist"
	"github.com/winnowmail/winnow/checks/messageid"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/mimeparts"
	"github.com/winnowmail/winnow/checks/mimetypes"
	"github.com/winnowmail/winnow/checks/mua"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/phishfeeds"
	"github.com/winnowmail/winnow/checks/priority"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/received"
	"github.com/winnowmail/winnow/checks/recipients"
	"github.com/winnowmail/winnow/checks/redirectors"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/sender"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/subject"
	"github.com/winnowmail/winnow/checks/upstream"
	"github.com/winnowmail/winnow/checks/urls"
	"github.com/winnowmail/winnow/checks/whitelist"
)

// Families returns new values of the built-in families, in order. Rules of
// Multimap take the place of the symbols of Freemail and Redirectors that have
// their names, for those are rules of the module in Rspamd.
func Families(o Options) []*checks.Family {
	for _, r := range o.Multimap.Rules {
		o.Freemail.Without = append(slices.Clip(o.Freemail.Without), r.Symbol)
		o.Redirectors.Off = o.Redirectors.Off || r.Symbol == redirectors.Symbol
	}
	return slices.Concat(o.dialogue(), o.authentication(), o.message(), o.asked(), o.texts(), o.closing())
}

// dialogue are the families that look at who sends to whom, and by which way.
func (o Options) dialogue() []*checks.Family {
	return []*checks.Family{
		gtube.New(o.GTUBE),
		relay.New(o.Relays),
		forwarding.New(),
		aliases.New(o.Aliases),
		sender.New(),
		recipients.New(),
		received.New(),
		received.NewOnce(o.OnceReceived),
		date.New(),
		forgedrecipients.New(),
		rdns.New(),
		hfilter.New(o.HFilter),
		asn.New(o.ASN),
	}
}

// authentication are the families that verify who the sender is.
func (o Options) authentication() []*checks.Family {
	list := []*checks.Family{
		authres.New(o.AuthRes),
		spf.New(o.SPF),
		dkim.New(o.DKIM),
		arc.New(o.ARC),
		dmarc.New(o.DMARC),
	}
	if o.AuthHeader != nil {
		list = append(list, authheader.New(*o.AuthHeader))
	}
	return list
}

// message are the families that look at the header, the parts and their URLs.
func (o Options) message() []*checks.Family {
	return []*checks.Family{
		whitelist.New(o.Whitelist),
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
		freemail.New(o.Freemail),
		mimetypes.New(o.MIME),
		mimeparts.New(),
		archives.New(o.Archives),
		html.New(),
		urls.New(o.URLs),
		urls.NewPhishing(o.Phishing),
		phishfeeds.New(o.Feeds),
	}
}

// asked are the families that are there only when the options ask for them.
func (o Options) asked() (list []*checks.Family) {
	if o.MX != nil {
		list = append(list, mxcheck.New(*o.MX))
	}
	if o.Replies != nil {
		list = append(list, replies.New(*o.Replies))
	}
	if o.KnownSenders != nil {
		list = append(list, knownsenders.New(*o.KnownSenders))
	}
	if o.Spamtrap != nil {
		list = append(list, spamtrap.New(*o.Spamtrap))
	}
	if o.Greylist != nil {
		list = append(list, greylist.New(*o.Greylist))
	}
	if o.Reputation != nil {
		list = append(list, reputation.New(*o.Reputation))
	}
	if o.Regexp != nil {
		list = append(list, regexp.New(*o.Regexp))
	}
	if o.SpamAssassin != nil {
		list = append(list, spamassassin.New(*o.SpamAssassin))
	}
	return list
}

// texts are the families that count, read texts, and ask lists and scanners.
func (o Options) texts() []*checks.Family {
	return []*checks.Family{
		ratelimit.New(o.Ratelimit),
		bodytext.New(),
		chartable.New(),
		languages.New(o.Languages),
		redirectors.New(o.Redirectors),
		multimap.New(o.Multimap),
		rbl.New(o.RBL),
		antivirus.New(o.Antivirus),
		external.New(o.External),
		limits.New(),
	}
}

// closing are the families that act on what the others found.
func (o Options) closing() []*checks.Family {
	return []*checks.Family{
		forceactions.New(o.ForceActions),
		o.milterHeaders(),
		signing.New(o.Signing),
	}
}

func (o Options) milterHeaders() *checks.Family {
	f := milterheaders.New(o.MilterHeaders)
	if f.Err == nil && o.AuthHeader != nil && !o.AuthHeader.Off && o.MilterHeaders.WritesAuthRes() {
		f.Err = errors.New("milter_headers: Use: authentication-results: AuthHeader adds that header already")
	}
	return f
}

// Checks returns the checks of Families.
func Checks(o Options) []*checks.Check { return checks.Flatten(Families(o)...) }

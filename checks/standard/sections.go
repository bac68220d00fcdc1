package standard

import (
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/checks/spamtrap"
)

// Sections are the tables of the sections of Rspamd's files that configure
// families, bound to o. A family that is off by default is put in place by the
// Use of its section.
func (o *Options) Sections() []*option.Section {
	return []*option.Section{
		o.ForceActions.Section(),
		o.Relays.Section(),
		o.Aliases.Section(),
		o.MessageID.Section(),
		o.HFilter.Section(),
		o.ASN.Section(),
		o.OnceReceived.Section(),
		o.Whitelist.Section(),
		o.MIME.Section(),
		o.URLs.Section(),
		o.Phishing.Section(),
		o.Multimap.Section(),
		o.SPF.Section(),
		o.DKIM.Section(),
		o.arcSection(),
		o.DMARC.Section(),
		o.Signing.Section(),
		o.MilterHeaders.Section(),
		o.Antivirus.Section(),
		o.External.Section(),
		o.External.P0FSection(),
		o.External.DCCSection(),
		o.RBL.Section(),
		o.Ratelimit.Section(),
		pointer(&o.Greylist, (*greylist.Options).Section),
		pointer(&o.Regexp, (*regexp.Options).Section),
		pointer(&o.SpamAssassin, (*spamassassin.Options).Section),
		pointer(&o.Replies, (*replies.Options).Section),
		pointer(&o.KnownSenders, (*knownsenders.Options).Section),
		pointer(&o.MX, (*mxcheck.Options).Section),
		pointer(&o.Reputation, (*reputation.Options).Section),
		pointer(&o.Spamtrap, (*spamtrap.Options).Section),
	}
}

// arcSection is about looking at seals and about making them.
func (o *Options) arcSection() *option.Section {
	s := o.ARC.Section()
	keys, use := o.Signing.ARCKeys()
	s.Keys, s.Use, s.Drop = append(s.Keys, keys...), use, func() { o.Signing.ARC = nil }
	s.Example = o.Signing.Section().Example
	return s
}

// pointer is the table of a family that is off while its field is nil. What the
// field points to already is changed.
func pointer[T any](field **T, section func(*T) *option.Section) *option.Section {
	options := new(T)
	if *field != nil {
		*options = **field
	}
	s := section(options)
	use := s.Use
	s.Use = func() error {
		*field = options
		if use == nil {
			return nil
		}
		return use()
	}
	s.Drop = func() { *field = nil }
	return s
}

package standard

import (
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/checks/spamassassin"
)

// Sections are the tables of the sections of Rspamd's files that configure
// families, bound to o. A family that is off by default is put in place by the
// Use of its section.
func (o *Options) Sections() []*option.Section {
	return []*option.Section{
		o.ForceActions.Section(),
		o.HFilter.Section(),
		o.Multimap.Section(),
		pointer(&o.Greylist, (*greylist.Options).Section),
		pointer(&o.Regexp, (*regexp.Options).Section),
		pointer(&o.SpamAssassin, (*spamassassin.Options).Section),
	}
}

// pointer is the table of a family that is off while its field is nil. What the
// field points to already is changed.
func pointer[T any](field **T, section func(*T) *option.Section) *option.Section {
	options := new(T)
	if *field != nil {
		*options = **field
	}
	s := section(options)
	s.Use = func() error {
		*field = options
		return nil
	}
	return s
}

package rbl

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// The keys that the lists of SpamhausDQS and Abusix want in Options.Keys.
const (
	DQSKey    = "dqs"
	AbusixKey = "abusix"
)

// Replace returns lists with those put in that have the Symbol of one in by,
// and the others of by at the end. So a site with a key to Spamhaus' data
// service uses
//
//	rbl.Options{
//		Lists: rbl.Replace(rbl.Default(), rbl.SpamhausDQS()...),
//		Keys:  map[string]string{rbl.DQSKey: key},
//	}
func Replace(lists []List, by ...List) []List {
	out := slices.Clone(lists)
	for _, l := range by {
		if i := slices.IndexFunc(out, func(o List) bool { return o.Symbol == l.Symbol }); i >= 0 {
			out[i] = l
		} else {
			out = append(out, l)
		}
	}
	return out
}

// SpamhausDQS returns the lists of Spamhaus' data query service, which wants a
// key and answers any resolver: ZEN and the DBL in place of the public ones,
// addresses seen to log in with stolen passwords (AuthBL), and domains seen
// first in the last 24 hours (ZRD).
func SpamhausDQS() []List {
	zen, dbl := Spamhaus(), DBL()
	zen.Zone, dbl.Zone = "{dqs}.zen.dq.spamhaus.net", "{dqs}.dbl.dq.spamhaus.net"
	groups := []string{"rbl", "spamhaus"}
	return []List{zen, dbl, {
		Symbol: "RECEIVED_SPAMHAUS_AUTHBL_UNKNOWN", Zone: "{dqs}.authbl.dq.spamhaus.net", Checks: []What{Received}, ExcludeUsers: true, ExcludeLocal: true,
		Codes: []Code{{Symbol: "RECEIVED_SPAMHAUS_AUTHBL", Answers: []string{"127.0.0.20"}}},
		Symbols: describe(true, groups, symbols.Def{
			Name: "RECEIVED_SPAMHAUS_AUTHBL", Weight: 4, Doc: "a hop of the way logs in with stolen passwords, says Spamhaus"}),
	}, {
		Symbol: "SPAMHAUS_ZRD_UNKNOWN", Zone: "{dqs}.zrd.dq.spamhaus.net", Checks: domains(), DomainOnly: true, NoIP: true, Listed: "dbltest.com",
		Codes: []Code{
			{Symbol: "SPAMHAUS_ZRD_VERY_FRESH", Answers: []string{"127.0.2.2-4"}},
			{Symbol: "SPAMHAUS_ZRD_FRESH", Answers: []string{"127.0.2.5-24"}},
		},
		Symbols: describe(true, []string{"surbl", "spamhaus"},
			symbols.Def{Name: "SPAMHAUS_ZRD_VERY_FRESH", Weight: 6, Doc: "Spamhaus first saw a domain of the message less than five hours ago"},
			symbols.Def{Name: "SPAMHAUS_ZRD_FRESH", Weight: 4, Doc: "Spamhaus first saw a domain of the message less than a day ago"}),
	}}
}

// Abusix returns the lists of Abusix that suit incoming mail: addresses
// (combined of spam traps, exploits and networks of end users), spam sources
// on the way, trusted servers and domains. They want a key.
func Abusix() []List {
	groups, names := []string{"rbl", "abusix"}, []string{"surbl", "abusix"}
	return []List{{
		Symbol: "RBL_ABUSIX", Zone: "{abusix}.combined.mail.abusix.zone", Unknown: true, ExcludeUsers: true, ExcludeLocal: true,
		Codes: []Code{
			{Symbol: "RBL_ABUSIX_BLACK", Answers: []string{"127.0.0.2-3", "127.0.0.200"}},
			{Symbol: "RBL_ABUSIX_EXPLOIT", Answers: []string{"127.0.0.4"}},
			{Symbol: "RBL_ABUSIX_DYNAMIC", Answers: []string{"127.0.0.11"}},
			{Symbol: "RBL_ABUSIX_NO_RDNS", Answers: []string{"127.0.0.12"}},
		},
		Symbols: describe(false, groups,
			symbols.Def{Name: "RBL_ABUSIX", Doc: "Abusix has the client for a reason that is not known here"},
			symbols.Def{Name: "RBL_ABUSIX_BLACK", Weight: 4, Doc: "the client sent mail to spam traps of Abusix"},
			symbols.Def{Name: "RBL_ABUSIX_EXPLOIT", Weight: 4, Doc: "the client is infected or misused, says Abusix"},
			symbols.Def{Name: "RBL_ABUSIX_DYNAMIC", Weight: 2, Doc: "the client's name is a generic one; it should not send mail itself, says Abusix"},
			symbols.Def{Name: "RBL_ABUSIX_NO_RDNS", Weight: 2, Doc: "the client has no name, says Abusix"}),
	}, {
		Symbol: "RECEIVED_ABUSIX_BLACK", Zone: "{abusix}.black.mail.abusix.zone", Checks: []What{Received}, ExcludeUsers: true, ExcludeLocal: true,
		Symbols: describe(true, groups,
			symbols.Def{Name: "RECEIVED_ABUSIX_BLACK", Weight: 1, Doc: "a hop of the way sent mail to spam traps of Abusix"}),
	}, {
		Symbol: "RWL_ABUSIX_WHITE", Zone: "{abusix}.white.mail.abusix.zone", White: true, ExcludeUsers: true, ExcludeLocal: true,
		Symbols: describe(false, groups,
			symbols.Def{Name: "RWL_ABUSIX_WHITE", Weight: -0.5, Doc: "the client sends mail that people want, says Abusix"}),
	}, {
		Symbol: "URIBL_ABUSIX_DBLACK", Zone: "{abusix}.dblack.mail.abusix.zone", Checks: domains(), DomainOnly: true, NoIP: true,
		Symbols: describe(true, names,
			symbols.Def{Name: "URIBL_ABUSIX_DBLACK", Weight: 5, Doc: "a domain of the message was in mail to spam traps of Abusix"}),
	}}
}

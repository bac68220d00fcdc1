package rbl

import "github.com/winnowmail/winnow/symbols"

// Default returns the lists that Rspamd 4.1.6 asks by default, in the order
// in which their results stand.
func Default() []List {
	return []List{
		Spamhaus(), mailspike(), sem(), semIPv6(), dnswl(), virusfree(), blocklist(), domainWhite(),
		rspamdMail(), msbl(), surbl(), uribl(), rspamdURIs(), DBL(), semURIs(), semFresh(),
	}
}

// domains returns what most lists of names are asked about.
func domains() []What {
	return []What{Emails, DKIM, HELO, RDNS, ReplyTo, URLs, EnvelopeFrom, HeaderFrom, MessageID}
}

// describe makes the descriptions of symbols that share groups.
func describe(oneShot bool, groups []string, of ...symbols.Def) []symbols.Def {
	for i := range of {
		of[i].Groups, of[i].OneShot = groups, oneShot
	}
	return of
}

func blocked(groups []string) []string { return append(append([]string(nil), groups...), "blocked") }

// Spamhaus returns the list ZEN of Spamhaus: SBL, CSS, XBL, PBL and DROP. The
// public servers answer small sites only; see SpamhausDQS.
func Spamhaus() List {
	groups := []string{"rbl", "spamhaus"}
	refuse := func(prefix string) []symbols.Def {
		return describe(false, blocked(groups),
			symbols.Def{Name: prefix + "_SPAMHAUS_BLOCKED_OPENRESOLVER", Doc: "Spamhaus does not answer resolvers that serve the public; use one of your own"},
			symbols.Def{Name: prefix + "_SPAMHAUS_BLOCKED", Doc: "Spamhaus does not answer this resolver: it has asked too much"})
	}
	var all []symbols.Def
	all = append(all, describe(false, groups,
		symbols.Def{Name: "RBL_SPAMHAUS", Doc: "Spamhaus ZEN has the client for a reason that is not known here"},
		symbols.Def{Name: "RBL_SPAMHAUS_SBL", Weight: 4, Doc: "the client is on the Spamhaus SBL: it sends spam or serves spammers"},
		symbols.Def{Name: "RBL_SPAMHAUS_CSS", Weight: 2, Doc: "the client is on the Spamhaus CSS: it sent spam of low reputation lately"},
		symbols.Def{Name: "RBL_SPAMHAUS_XBL", Weight: 4, Doc: "the client is on the Spamhaus XBL: it is infected or misused"},
		symbols.Def{Name: "RBL_SPAMHAUS_PBL", Weight: 2, Doc: "the client is on the Spamhaus PBL: such addresses should not send mail themselves"},
		symbols.Def{Name: "RBL_SPAMHAUS_DROP", Weight: 7, Doc: "the client is in a network of the Spamhaus DROP list, which criminals run"})...)
	all = append(all, describe(true, groups,
		symbols.Def{Name: "RECEIVED_SPAMHAUS_SBL", Weight: 3, Doc: "a hop of the way is on the Spamhaus SBL"},
		symbols.Def{Name: "RECEIVED_SPAMHAUS_CSS", Weight: 1, Doc: "a hop of the way is on the Spamhaus CSS"},
		symbols.Def{Name: "RECEIVED_SPAMHAUS_XBL", Weight: 1, Doc: "a hop of the way is on the Spamhaus XBL"},
		symbols.Def{Name: "RECEIVED_SPAMHAUS_PBL", Doc: "a hop of the way is on the Spamhaus PBL, as users' machines are"},
		symbols.Def{Name: "RECEIVED_SPAMHAUS_DROP", Weight: 6, Doc: "a hop of the way is in a network of the Spamhaus DROP list"})...)
	all = append(all, symbols.Def{Name: "RECEIVED_SPAMHAUS", Doc: "Spamhaus ZEN has a hop of the way for a reason that is not known here"})
	all = append(append(all, refuse("RBL")...), refuse("RECEIVED")...)
	return List{
		Name: "spamhaus", Symbol: "SPAMHAUS", Zone: "zen.spamhaus.org", Checks: []What{From, Received}, Unknown: true,
		Prefixes: map[What]string{From: "RBL", Received: "RECEIVED"}, ExcludeUsers: true, ExcludeLocal: true,
		Codes: []Code{
			{Symbol: "SPAMHAUS_SBL", Answers: []string{"127.0.0.2"}},
			{Symbol: "SPAMHAUS_CSS", Answers: []string{"127.0.0.3"}},
			{Symbol: "SPAMHAUS_XBL", Answers: []string{"127.0.0.4-7"}},
			{Symbol: "SPAMHAUS_PBL", Answers: []string{"127.0.0.10-11"}},
			{Symbol: "SPAMHAUS_DROP", Answers: []string{"127.0.0.9"}},
			{Symbol: "SPAMHAUS_BLOCKED_OPENRESOLVER", Answers: []string{"127.255.255.254"}, Blocked: true},
			{Symbol: "SPAMHAUS_BLOCKED", Answers: []string{"127.255.255.255"}, Blocked: true},
		},
		Symbols: all,
	}
}

func mailspike() List {
	return List{
		Name: "mailspike", Symbol: "MAILSPIKE", Zone: "rep.mailspike.net", Unknown: true, White: true, ExcludeUsers: true, ExcludeLocal: true,
		Except: []string{
			"RWL_MAILSPIKE_NEUTRAL", "RWL_MAILSPIKE_POSSIBLE", "RWL_MAILSPIKE_GOOD",
			"RBL_MAILSPIKE_WORST", "RBL_MAILSPIKE_VERYBAD", "RBL_MAILSPIKE_BAD",
		},
		Codes: []Code{
			{Symbol: "RBL_MAILSPIKE_WORST", Answers: []string{"127.0.0.10"}},
			{Symbol: "RBL_MAILSPIKE_VERYBAD", Answers: []string{"127.0.0.11"}},
			{Symbol: "RBL_MAILSPIKE_BAD", Answers: []string{"127.0.0.12"}},
			{Symbol: "RWL_MAILSPIKE_NEUTRAL", Answers: []string{"127.0.0.13-16"}},
			{Symbol: "RWL_MAILSPIKE_POSSIBLE", Answers: []string{"127.0.0.17"}},
			{Symbol: "RWL_MAILSPIKE_GOOD", Answers: []string{"127.0.0.18"}},
			{Symbol: "RWL_MAILSPIKE_VERYGOOD", Answers: []string{"127.0.0.19"}},
			{Symbol: "RWL_MAILSPIKE_EXCELLENT", Answers: []string{"127.0.0.20"}},
		},
		Symbols: describe(false, []string{"rbl", "mailspike"},
			symbols.Def{Name: "MAILSPIKE", Doc: "Mailspike says something about the client that is not known here"},
			symbols.Def{Name: "RBL_MAILSPIKE_WORST", Weight: 2, Doc: "the client has the worst reputation at Mailspike"},
			symbols.Def{Name: "RBL_MAILSPIKE_VERYBAD", Weight: 1.5, Doc: "the client has a very bad reputation at Mailspike"},
			symbols.Def{Name: "RBL_MAILSPIKE_BAD", Weight: 1, Doc: "the client has a bad reputation at Mailspike"},
			symbols.Def{Name: "RWL_MAILSPIKE_NEUTRAL", Doc: "the client is neither good nor bad at Mailspike"},
			symbols.Def{Name: "RWL_MAILSPIKE_POSSIBLE", Doc: "the client may be a good one, says Mailspike"},
			symbols.Def{Name: "RWL_MAILSPIKE_GOOD", Weight: -0.1, Doc: "the client has a good reputation at Mailspike"},
			symbols.Def{Name: "RWL_MAILSPIKE_VERYGOOD", Weight: -0.2, Doc: "the client has a very good reputation at Mailspike"},
			symbols.Def{Name: "RWL_MAILSPIKE_EXCELLENT", Weight: -0.4, Doc: "the client has an excellent reputation at Mailspike"}),
	}
}

func sem() List {
	return List{
		Name: "sem", Symbol: "RBL_SEM", Zone: "bl.spameatingmonkey.net", NoIPv6: true, ExcludeUsers: true, ExcludeLocal: true,
		Symbols: describe(false, []string{"rbl", "sem"}, symbols.Def{Name: "RBL_SEM", Weight: 1, Doc: "the client is on Spam Eating Monkey's block list"}),
	}
}

func semIPv6() List {
	return List{
		Name: "semIPv6", Symbol: "RBL_SEM_IPV6", Zone: "bl.ipv6.spameatingmonkey.net", NoIPv4: true, ExcludeUsers: true, ExcludeLocal: true,
		Symbols: describe(false, []string{"rbl", "sem"}, symbols.Def{Name: "RBL_SEM_IPV6", Weight: 1, Doc: "the client is on Spam Eating Monkey's block list for IPv6"}),
	}
}

// trust returns the codes that both lists of DNSWL use: the third octet is
// the kind of sender, the last one how far it is trusted. Kind 10 means that
// the resolver asks too much.
func trust(prefix, refused string) []Code {
	return []Code{
		{Symbol: prefix + "_NONE", Answers: []string{"127.0.0-9,11-255.0"}},
		{Symbol: prefix + "_LOW", Answers: []string{"127.0.0-9,11-255.1"}},
		{Symbol: prefix + "_MED", Answers: []string{"127.0.0-9,11-255.2"}},
		{Symbol: prefix + "_HI", Answers: []string{"127.0.0-9,11-255.3"}},
		{Symbol: refused, Answers: []string{"127.0.0.255", "127.0.10.*"}, Blocked: true},
	}
}

func dnswl() List {
	groups := []string{"rbl", "dnswl"}
	return List{
		Name: "dnswl", Symbol: "RCVD_IN_DNSWL", Zone: "list.dnswl.org", Checks: []What{From, Received}, Unknown: true,
		White: true, Except: []string{"RCVD_IN_DNSWL_NONE", "RCVD_IN_DNSWL_LOW"}, ExcludeUsers: true, ExcludeLocal: true,
		Codes: trust("RCVD_IN_DNSWL", "DNSWL_BLOCKED"),
		Symbols: append(describe(false, groups,
			symbols.Def{Name: "RCVD_IN_DNSWL", Doc: "DNSWL says something about a server on the way that is not known here"},
			symbols.Def{Name: "RCVD_IN_DNSWL_NONE", Doc: "DNSWL knows a server on the way, without trust"},
			symbols.Def{Name: "RCVD_IN_DNSWL_LOW", Weight: -0.1, Doc: "DNSWL has low trust in a server on the way"},
			symbols.Def{Name: "RCVD_IN_DNSWL_MED", Weight: -0.2, Doc: "DNSWL has medium trust in a server on the way"},
			symbols.Def{Name: "RCVD_IN_DNSWL_HI", Weight: -0.5, Doc: "DNSWL has high trust in a server on the way"}),
			describe(false, blocked(groups), symbols.Def{Name: "DNSWL_BLOCKED", Doc: "DNSWL does not answer this resolver: it has asked too much"})...),
	}
}

func domainWhite() List {
	groups := []string{"rbl", "dnswl"}
	return List{
		Name: "dnswl_dwl", Symbol: "DWL_DNSWL", Zone: "dwl.dnswl.org", Checks: []What{DKIM}, DKIMDomainOnly: true,
		IgnoreWhite: true, ExcludeUsers: true, ExcludeLocal: true,
		Codes: trust("DWL_DNSWL", "DWL_DNSWL_BLOCKED"),
		Symbols: append(describe(false, groups,
			symbols.Def{Name: "DWL_DNSWL_NONE", Doc: "DNSWL knows the domain of a good DKIM signature, without trust"},
			symbols.Def{Name: "DWL_DNSWL_LOW", Weight: -1, Doc: "DNSWL has low trust in the domain of a good DKIM signature"},
			symbols.Def{Name: "DWL_DNSWL_MED", Weight: -2, Doc: "DNSWL has medium trust in the domain of a good DKIM signature"},
			symbols.Def{Name: "DWL_DNSWL_HI", Weight: -3.5, Doc: "DNSWL has high trust in the domain of a good DKIM signature"}),
			describe(false, blocked(groups), symbols.Def{Name: "DWL_DNSWL_BLOCKED", Doc: "DNSWL's list of domains does not answer this resolver: it has asked too much"})...),
	}
}

func virusfree() List {
	return List{
		Name: "virusfree", Symbol: "RBL_VIRUSFREE_UNKNOWN", Zone: "bip.virusfree.cz", Unknown: true, ExcludeUsers: true, ExcludeLocal: true,
		Codes: []Code{{Symbol: "RBL_VIRUSFREE_BOTNET", Answers: []string{"127.0.0.2"}}},
		Symbols: []symbols.Def{
			{Name: "RBL_VIRUSFREE_BOTNET", Weight: 2, Doc: "the client is part of a botnet, says virusfree.cz"},
			{Name: "RBL_VIRUSFREE_UNKNOWN", Doc: "virusfree.cz has the client for a reason that is not known here"},
		},
	}
}

func blocklist() List {
	groups := []string{"rbl", "blocklistde"}
	return List{
		Name: "blocklistde", Symbol: "BLOCKLISTDE", Zone: "bl.blocklist.de", Checks: []What{From, Received}, ExcludeUsers: true, ExcludeLocal: true,
		Prefixes: map[What]string{From: "RBL", Received: "RECEIVED"},
		Symbols: append(describe(false, groups, symbols.Def{Name: "RBL_BLOCKLISTDE", Weight: 4, Doc: "the client attacked others, says blocklist.de"}),
			describe(true, groups, symbols.Def{Name: "RECEIVED_BLOCKLISTDE", Weight: 3, Doc: "a hop of the way attacked others, says blocklist.de"})...),
	}
}

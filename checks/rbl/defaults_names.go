package rbl

import "github.com/winnowmail/winnow/symbols"

func rspamdMail() List {
	return List{
		Symbol: "RSPAMD_EMAILBL", Zone: "email.rspamd.com", Checks: []What{Emails, ReplyTo, EnvelopeFrom, HeaderFrom},
		Hash: Hash{Blake2, Base32, 32}, Delimiter: ".", IgnoreWhite: true, IgnoreKnown: true,
		Codes: []Code{{Symbol: "RSPAMD_EMAILBL", Answers: []string{"127.0.0.2"}}},
		Symbols: describe(true, []string{"surbl", "rspamdbl"},
			symbols.Def{Name: "RSPAMD_EMAILBL", Weight: 2.5, Doc: "an address of the message is on Rspamd's list of spammers' addresses"}),
	}
}

func msbl() List {
	return List{
		Symbol: "MSBL_EBL", Zone: "ebl.msbl.org", Checks: []What{Emails, ReplyTo, EnvelopeFrom, HeaderFrom},
		Hash: Hash{Sum: SHA1}, IgnoreWhite: true, IgnoreKnown: true,
		Codes: []Code{
			{Symbol: "MSBL_EBL", Answers: []string{"127.0.0.2-3"}},
			{Symbol: "MSBL_EBL_GREY", Answers: []string{"127.0.1.2-3"}},
		},
		Symbols: describe(true, []string{"surbl", "ebl"},
			symbols.Def{Name: "MSBL_EBL", Weight: 7.5, Doc: "an address of the message is on MSBL's list of spammers' mailboxes"},
			symbols.Def{Name: "MSBL_EBL_GREY", Weight: 0.5, Doc: "an address of the message is on MSBL's grey list"}),
	}
}

func surbl() List {
	groups := []string{"surbl", "surblorg"}
	phishing := describe(true, append(groups[:2:2], "phishing"),
		symbols.Def{Name: "PH_SURBL_MULTI", Weight: 7.5, Doc: "SURBL knows a domain of the message for phishing"})
	refuse := describe(true, blocked(groups),
		symbols.Def{Name: "SURBL_BLOCKED", Doc: "SURBL does not answer this resolver: it has asked too much"})
	return List{
		Symbol: "SURBL_MULTI", Zone: "multi.surbl.org", Checks: domains(), DomainOnly: true, FullHost: true,
		Listed: "test.surbl.org", Unlisted: "invalid",
		Codes: []Code{
			{Symbol: "SURBL_BLOCKED", Bits: []uint32{1}, Blocked: true},
			{Symbol: "CRACKED_SURBL", Bits: []uint32{128}},
			{Symbol: "ABUSE_SURBL", Bits: []uint32{64}},
			{Symbol: "CT_SURBL", Bits: []uint32{32}},
			{Symbol: "MW_SURBL_MULTI", Bits: []uint32{16}},
			{Symbol: "PH_SURBL_MULTI", Bits: []uint32{8}},
			{Symbol: "DM_SURBL", Bits: []uint32{4}},
		},
		Symbols: append(append(describe(true, groups,
			symbols.Def{Name: "CRACKED_SURBL", Weight: 5, Doc: "SURBL knows a domain of the message for a site that was broken into"},
			symbols.Def{Name: "ABUSE_SURBL", Weight: 5, Doc: "SURBL knows a domain of the message for spam and abuse"},
			symbols.Def{Name: "CT_SURBL", Doc: "SURBL knows a domain of the message for click tracking"},
			symbols.Def{Name: "MW_SURBL_MULTI", Weight: 7.5, Doc: "SURBL knows a domain of the message for malware"},
			symbols.Def{Name: "DM_SURBL", Doc: "SURBL knows a domain of the message for disposable mail addresses"}),
			phishing...), refuse...),
	}
}

func uribl() List {
	groups := []string{"surbl", "uribl"}
	return List{
		Symbol: "URIBL_MULTI", Zone: "multi.uribl.com", Checks: domains(), DomainOnly: true, Listed: "test.uribl.com",
		Codes: []Code{
			{Symbol: "URIBL_BLOCKED", Bits: []uint32{1}, Blocked: true},
			{Symbol: "URIBL_BLACK", Bits: []uint32{2}},
			{Symbol: "URIBL_GREY", Bits: []uint32{4}},
			{Symbol: "URIBL_RED", Bits: []uint32{8}},
		},
		Symbols: append(describe(true, groups,
			symbols.Def{Name: "URIBL_BLACK", Weight: 7.5, Doc: "URIBL has a domain of the message on its black list: spam and nothing else"},
			symbols.Def{Name: "URIBL_GREY", Weight: 2.5, Doc: "URIBL has a domain of the message on its grey list: bulk mail that may be wanted"},
			symbols.Def{Name: "URIBL_RED", Weight: 0.5, Doc: "URIBL has a domain of the message on its red list, which is automatic"}),
			describe(true, blocked(groups), symbols.Def{Name: "URIBL_BLOCKED", Doc: "URIBL does not answer this resolver: it has asked too much"})...),
	}
}

func rspamdURIs() List {
	return List{
		Symbol: "RSPAMD_URIBL", Zone: "uribl.rspamd.com", Checks: []What{Emails, DKIM, URLs, EnvelopeFrom, HeaderFrom, MessageID},
		Hash: Hash{Blake2, Base32, 32}, DomainOnly: true,
		Codes: []Code{{Symbol: "RSPAMD_URIBL", Answers: []string{"127.0.0.2"}}},
		Symbols: describe(true, []string{"surbl", "rspamdbl"},
			symbols.Def{Name: "RSPAMD_URIBL", Weight: 4.5, Doc: "a domain of the message is on Rspamd's list of spammers' domains"}),
	}
}

// DBL returns Spamhaus' list of domains. The public servers answer small
// sites only; see SpamhausDQS.
func DBL() List {
	groups := []string{"surbl", "spamhaus"}
	return List{
		Symbol: "DBL", Zone: "dbl.spamhaus.org", Checks: domains(), DomainOnly: true, NoIP: true, Listed: "dbltest.com",
		Codes: []Code{
			{Symbol: "DBL_SPAM", Answers: []string{"127.0.1.2"}},
			{Symbol: "DBL_PHISH", Answers: []string{"127.0.1.4"}},
			{Symbol: "DBL_MALWARE", Answers: []string{"127.0.1.5"}},
			{Symbol: "DBL_BOTNET", Answers: []string{"127.0.1.6"}},
			{Symbol: "DBL_ABUSE", Answers: []string{"127.0.1.102"}},
			{Symbol: "DBL_ABUSE_REDIR", Answers: []string{"127.0.1.103"}},
			{Symbol: "DBL_ABUSE_PHISH", Answers: []string{"127.0.1.104"}},
			{Symbol: "DBL_ABUSE_MALWARE", Answers: []string{"127.0.1.105"}},
			{Symbol: "DBL_ABUSE_BOTNET", Answers: []string{"127.0.1.106"}},
			{Symbol: "DBL_PROHIBIT", Answers: []string{"127.0.1.255"}},
			{Symbol: "DBL_BLOCKED_OPENRESOLVER", Answers: []string{"127.255.255.254"}, Blocked: true},
			{Symbol: "DBL_BLOCKED", Answers: []string{"127.255.255.255"}, Blocked: true},
		},
		Symbols: append(describe(true, groups,
			symbols.Def{Name: "DBL_SPAM", Weight: 6.5, Doc: "the Spamhaus DBL has a domain of the message: a spammer's"},
			symbols.Def{Name: "DBL_PHISH", Weight: 7.5, Doc: "the Spamhaus DBL has a domain of the message: for phishing"},
			symbols.Def{Name: "DBL_MALWARE", Weight: 7.5, Doc: "the Spamhaus DBL has a domain of the message: for malware"},
			symbols.Def{Name: "DBL_BOTNET", Weight: 7.5, Doc: "the Spamhaus DBL has a domain of the message: it controls a botnet"},
			symbols.Def{Name: "DBL_ABUSE", Weight: 5, Doc: "the Spamhaus DBL has a domain of the message: good, but misused for spam"},
			symbols.Def{Name: "DBL_ABUSE_REDIR", Weight: 5, Doc: "the Spamhaus DBL has a domain of the message: a redirector that spammers use"},
			symbols.Def{Name: "DBL_ABUSE_PHISH", Weight: 6.5, Doc: "the Spamhaus DBL has a domain of the message: good, but misused for phishing"},
			symbols.Def{Name: "DBL_ABUSE_MALWARE", Weight: 6.5, Doc: "the Spamhaus DBL has a domain of the message: good, but misused for malware"},
			symbols.Def{Name: "DBL_ABUSE_BOTNET", Weight: 6.5, Doc: "the Spamhaus DBL has a domain of the message: good, but misused to control a botnet"},
			symbols.Def{Name: "DBL_PROHIBIT", Doc: "the Spamhaus DBL was asked about an address; it has domains only"}),
			describe(true, blocked(groups),
				symbols.Def{Name: "DBL_BLOCKED_OPENRESOLVER", Doc: "the Spamhaus DBL does not answer resolvers that serve the public; use one of your own"},
				symbols.Def{Name: "DBL_BLOCKED", Doc: "the Spamhaus DBL does not answer this resolver: it has asked too much"})...),
	}
}

func semURIs() List {
	return List{
		Symbol: "SEM_URIBL_UNKNOWN", Zone: "uribl.spameatingmonkey.net", Checks: []What{Emails, DKIM, URLs, EnvelopeFrom, HeaderFrom, MessageID},
		DomainOnly: true, NoIP: true,
		Codes: []Code{{Symbol: "SEM_URIBL", Bits: []uint32{2}}},
		Symbols: describe(true, []string{"surbl", "sem"},
			symbols.Def{Name: "SEM_URIBL", Weight: 3.5, Doc: "a domain of the message is on Spam Eating Monkey's list"}),
	}
}

func semFresh() List {
	return List{
		Symbol: "SEM_URIBL_FRESH15_UNKNOWN", Zone: "fresh15.spameatingmonkey.net", Checks: []What{Emails, DKIM, URLs, EnvelopeFrom, HeaderFrom, MessageID},
		DomainOnly: true, NoIP: true, ExcludeUsers: true,
		Codes: []Code{{Symbol: "SEM_URIBL_FRESH15", Bits: []uint32{2}}},
		Symbols: describe(true, []string{"surbl", "sem"},
			symbols.Def{Name: "SEM_URIBL_FRESH15", Weight: 3, Doc: "a domain of the message was registered in the last 15 days, says Spam Eating Monkey"}),
	}
}

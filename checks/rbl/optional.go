package rbl

import (
	"strconv"

	"github.com/winnowmail/winnow/symbols"
)

// Optional returns the lists that Rspamd 4.1.6 knows but does not ask by
// default: Senderscore's, which want registration, and the addresses that
// domains in the text resolve to (URIBL_SBL and others), which tells the
// domain's owner that the message was read.
func Optional() []List { return []List{senderscore(), senderscoreValue(), resolvedURIs()} }

func senderscore() List {
	list := List{Name: "senderscore", Symbol: "RBL_SENDERSCORE_UNKNOWN", Zone: "bl.score.senderscore.com", Unknown: true, ExcludeUsers: true, ExcludeLocal: true, Listed: "-", Unlisted: "1.0.0.127"}
	groups := []string{"rbl", "senderscore"}
	// The last octet is a sum: 1 a bot, 2 no authentication, 4 pristine traps,
	// 8 suspicious attachments, 16 a low score.
	for _, r := range []struct {
		code   int
		name   string
		weight float64
	}{
		{1, "BOT", 2}, {2, "NA", 0}, {3, "NA_BOT", 1}, {4, "PRST", 2}, {5, "PRST_BOT", 3}, {6, "PRST_NA", 2}, {7, "PRST_NA_BOT", 3},
		{8, "SUS_ATT", 1}, {10, "SUS_ATT_NA", 1}, {11, "SUS_ATT_NA_BOT", 1.5}, {14, "SUS_ATT_PRST_NA", 3}, {15, "SUS_ATT_PRST_NA_BOT", 3.5},
		{16, "SCORE", 2}, {18, "SCORE_NA", 2}, {20, "SCORE_PRST", 4}, {22, "SCORE_PRST_NA", 4}, {26, "SCORE_SUS_ATT_NA", 3},
	} {
		name := "RBL_SENDERSCORE_" + r.name
		list.Codes = append(list.Codes, Code{Symbol: name, Answers: []string{"127.0.0." + strconv.Itoa(r.code)}})
		list.Symbols = append(list.Symbols, symbols.Def{Name: name, Groups: groups, Weight: r.weight, Doc: "Senderscore gives the client the reasons of code " + strconv.Itoa(r.code)})
	}
	return refuses(list, "RBL_SENDERSCORE_BLOCKED")
}

// refuses adds the code of Senderscore's lists for those who ask too much.
func refuses(l List, symbol string) List {
	l.Codes = append(l.Codes, Code{Symbol: symbol, Answers: []string{"127.255.255.255"}, Blocked: true})
	l.Symbols = append(l.Symbols, symbols.Def{Name: symbol, Groups: []string{"rbl", "senderscore", "blocked"}, Doc: "Senderscore does not answer this resolver"})
	return l
}

func senderscoreValue() List {
	list := List{Name: "senderscore_reputation", Symbol: "RBL_SENDERSCORE_REPUT_UNKNOWN", Zone: "score.senderscore.com", Unknown: true, ExcludeUsers: true, ExcludeLocal: true, Listed: "-", Unlisted: "1.0.0.127"}
	groups := []string{"rbl", "senderscore"}
	list.Symbols = []symbols.Def{{Name: "RBL_SENDERSCORE_REPUT_UNKNOWN", Groups: groups, Doc: "Senderscore says something about the client that is not known here"}}
	for i, weight := range []float64{4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -1} {
		name := "RBL_SENDERSCORE_REPUT_" + strconv.Itoa(i)
		last := strconv.Itoa(10*i) + "-" + strconv.Itoa(10*i+9)
		if i == 9 {
			last = "90-100"
		}
		list.Codes = append(list.Codes, Code{Symbol: name, Answers: []string{"127.0.4." + last}})
		list.Symbols = append(list.Symbols, symbols.Def{Name: name, Groups: groups, Weight: weight, Doc: "Senderscore gives the client " + last + " of 100 points"})
	}
	return refuses(list, "RBL_SENDERSCORE_REPUT_BLOCKED")
}

func resolvedURIs() List {
	return List{
		Symbol: "SPAMHAUS_ZEN_URIBL", Zone: "zen.spamhaus.org", Checks: []What{Emails}, DomainOnly: true, ResolveIP: true, Unknown: true, ExcludeUsers: true, ExcludeLocal: true,
		Codes: []Code{
			{Symbol: "URIBL_SBL", Answers: []string{"127.0.0.2"}},
			{Symbol: "URIBL_SBL_CSS", Answers: []string{"127.0.0.3"}},
			{Symbol: "URIBL_XBL", Answers: []string{"127.0.0.4-7"}},
			{Symbol: "URIBL_PBL", Answers: []string{"127.0.0.10-11"}},
			{Symbol: "URIBL_DROP", Answers: []string{"127.0.0.9"}},
		},
		Symbols: describe(true, []string{"surbl", "spamhaus"},
			symbols.Def{Name: "SPAMHAUS_ZEN_URIBL", Doc: "a domain of the message resolves to an address that Spamhaus has for a reason that is not known here"},
			symbols.Def{Name: "URIBL_SBL", Weight: 6.5, Doc: "a domain of the message resolves to an address on the Spamhaus SBL"},
			symbols.Def{Name: "URIBL_SBL_CSS", Weight: 5, Doc: "a domain of the message resolves to an address on the Spamhaus CSS"},
			symbols.Def{Name: "URIBL_XBL", Weight: 3, Doc: "a domain of the message resolves to an address on the Spamhaus XBL"},
			symbols.Def{Name: "URIBL_PBL", Weight: 0.01, Doc: "a domain of the message resolves to an address on the Spamhaus PBL"},
			symbols.Def{Name: "URIBL_DROP", Weight: 5, Doc: "a domain of the message resolves to an address in a network of the Spamhaus DROP list"}),
	}
}

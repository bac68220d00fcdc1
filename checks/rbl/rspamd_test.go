package rbl_test

import (
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
)

// A rspamdCase is one of Rspamd's functional tests of its rbl and surbl
// modules: what must be raised, "SYMBOL", "SYMBOL option" or "SYMBOL =option
// option" (these and no others), and "-" before what must not.
type rspamdCase struct {
	name, message string
	env           mail.Envelope
	lists         []rbl.List
	want          []string
}

func codes(pairs ...string) (all []rbl.Code) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, rbl.Code{Symbol: pairs[i], Answers: strings.Fields(pairs[i+1])})
	}
	return all
}

// surblLists are the rules of Rspamd's tests of the surbl and emails modules.
func surblLists() []rbl.List {
	names := []rbl.What{rbl.URLs, rbl.Emails, rbl.DKIM}
	blake := rbl.Hash{Sum: rbl.Blake2, Format: rbl.Base32, Length: 32}
	zen := codes("URIBL_SBL", "127.0.0.2", "URIBL_SBL_CSS", "127.0.0.3", "URIBL_XBL", "127.0.0.4-7", "URIBL_PBL", "127.0.0.10-11")
	return []rbl.List{
		{Symbol: "RSPAMD_URIBL", Zone: "test.uribl", Checks: names, DomainOnly: true, Hash: blake},
		{Symbol: "RSPAMD_URIBL_IMAGES", Zone: "test.uribl", Checks: []rbl.What{rbl.Images}, Hash: blake},
		{Symbol: "DBL", Zone: "test2.uribl", Checks: names, DomainOnly: true, NoIP: true, Codes: codes("DBL_SPAM", "127.0.1.2", "DBL_PHISH", "127.0.1.4")},
		{Symbol: "URIBL_MULTI", Zone: "test3.uribl", Checks: names, DomainOnly: true, Codes: []rbl.Code{{Symbol: "URIBL_BLACK", Bits: []uint32{2}}}},
		{Symbol: "SPAMHAUS_ZEN_URIBL", Zone: "test4.uribl", Checks: []rbl.What{rbl.URLs}, ResolveIP: true, Codes: zen},
		{Symbol: "RSPAMD_EMAILBL_FULL", Zone: "test5.uribl", Checks: []rbl.What{rbl.Emails, rbl.ReplyTo}},
		{Symbol: "RSPAMD_EMAILBL_DOMAINONLY", Zone: "test6.uribl", Checks: []rbl.What{rbl.Emails, rbl.ReplyTo}, DomainOnly: true},
		{Symbol: "BAD_SUBDOMAIN", Zone: "test7.uribl", Checks: []rbl.What{rbl.URLs, rbl.DKIM},
			Compose: []string{"*.dirty.sanchez.com", "!not.dirty.sanchez.com", "41.black.sanchez.com"}},
	}
}

func rspamdCases() []rspamdCase {
	from := func(ip string) mail.Envelope { return mail.Envelope{ClientIP: netip.MustParseAddr(ip)} }
	fake := rbl.List{Symbol: "FAKE_RBL_UNKNOWN", Zone: "fake.rbl", Checks: []rbl.What{rbl.From, rbl.Received}, Unknown: true,
		Prefixes: map[rbl.What]string{rbl.From: "FAKE_RBL", rbl.Received: "FAKE_RECEIVED_RBL"}, Codes: codes("CODE_2", "127.0.0.2", "CODE_3", "127.0.0.3")}
	white := rbl.List{Symbol: "FAKE_WL_RBL_UNKNOWN", Zone: "fake.wl", White: true, Unknown: true,
		Codes: codes("FAKE_WL_RBL_CODE_2", "127.0.0.2", "FAKE_WL_RBL_CODE_3", "127.0.0.3")}
	nine := func(symbol string, of ...rbl.What) rbl.List {
		return rbl.List{Symbol: symbol, Zone: "test9.uribl", Checks: of}
	}
	selectors := nine("RBL_SELECTOR_MULTIPLE")
	selectors.Selectors = []rbl.Selector{
		{Label: "sel_from", Values: func(t *checks.Task) []string { return []string{t.Message().EnvelopeFrom().Domain} }},
		{Label: "sel_helo", Values: func(t *checks.Task) []string { return []string{t.Envelope().Helo} }},
	}
	mails := rbl.List{Symbol: "RSPAMD_EMAILBL", Zone: "test8.uribl", Checks: []rbl.What{rbl.Emails}, DomainOnly: true,
		Compose: []string{"*.dirty.sanchez.com", "!admin.dirty.sanchez.com", "41.black.sanchez.com"}}
	all := rbl.List{Symbol: "URIBL_NONNUMERIC_EVERYTHING", Zone: "test10.uribl", Checks: []rbl.What{rbl.URLs, rbl.Images, rbl.ContentURLs}, NoIP: true}
	content := nine("URIBL_CONTENTONLY", rbl.ContentURLs)
	content.NoIP = true
	surbl := surblLists()
	return []rspamdCase{
		{"RBL FROM HIT", "spam_message.eml", from("4.3.2.1"), []rbl.List{fake}, []string{"FAKE_RBL_CODE_2"}},
		{"RBL FROM UNKNOWN HIT", "spam_message.eml", from("4.3.2.2"), []rbl.List{fake}, []string{"FAKE_RBL_FAKE_RBL_UNKNOWN"}},
		{"RBL FROM HIT WL", "spam_message.eml", from("4.3.2.4"), []rbl.List{fake, white}, []string{"-FAKE_RBL_CODE_2", "FAKE_WL_RBL_CODE_2 =4.3.2.4:from"}},
		{"EMAILBL Compose Map 2", "url15.eml", mail.Envelope{}, []rbl.List{mails}, []string{"RSPAMD_EMAILBL =very.dirty.sanchez.com:email"}},
		{"CONTENT URLS", "content_url.eml", mail.Envelope{}, []rbl.List{nine("URIBL_NOCONTENT", rbl.URLs), nine("URIBL_WITHCONTENT", rbl.URLs, rbl.ContentURLs), content},
			[]string{"URIBL_NOCONTENT =example.org:url", "URIBL_WITHCONTENT example.org:url",
				"URIBL_WITHCONTENT example.com:url", "URIBL_WITHCONTENT 8.8.8.8:url", "URIBL_CONTENTONLY =example.com:url"}},
		{"SELECTORS COMBINED", "btc.eml", mail.Envelope{From: "user@example.org", HasFrom: true, Helo: "example.org"}, []rbl.List{selectors},
			[]string{"RBL_SELECTOR_MULTIPLE example.org:sel_from", "RBL_SELECTOR_MULTIPLE example.org:sel_helo"}},
		{"NUMERIC URLS WITH IMAGES", "numeric_urls.eml", mail.Envelope{}, []rbl.List{nine("URIBL_NUMERIC_IMAGES", rbl.NumericURLs, rbl.Images)},
			[]string{"URIBL_NUMERIC_IMAGES =4.3.2.1:url 12.11.10.9:url"}},
		{"NUMERIC URLS WITH EVERYTHING", "numeric_urls.eml", from("127.0.0.1"), []rbl.List{nine("URIBL_NUMERIC_EVERYTHING", rbl.NumericURLs, rbl.Images, rbl.ContentURLs)},
			[]string{"URIBL_NUMERIC_EVERYTHING =12.11.10.9:url 4.3.2.1:url 8.7.6.5:url"}},
		{"NONNUMERIC URLS WITH EVERYTHING", "numeric_urls.eml", mail.Envelope{}, []rbl.List{all},
			[]string{"URIBL_NONNUMERIC_EVERYTHING judo.za.org:url", "URIBL_NONNUMERIC_EVERYTHING example.org:url",
				"-URIBL_NONNUMERIC_EVERYTHING 4.3.2.1:url", "-URIBL_NONNUMERIC_EVERYTHING 1.2.3.4:url", "URIBL_NONNUMERIC_EVERYTHING example.com:url"}},
		{"SURBL Example.com domain", "url4.eml", mail.Envelope{}, surbl,
			[]string{"RSPAMD_URIBL =example.com:url", "DBL_SPAM =example.com:url", "DBL_PHISH =rspamd.tk:url", "-URIBL_BLACK"}},
		{"SURBL Example.org domain", "url6.eml", mail.Envelope{}, surbl, []string{"URIBL_BLACK", "-DBL_SPAM", "-RSPAMD_URIBL", "-DBL_PHISH"}},
		{"SURBL Example.ru ZEN domain", "url7.eml", mail.Envelope{}, surbl,
			[]string{"URIBL_SBL_CSS", "URIBL_XBL", "URIBL_PBL", "-URIBL_SBL", "-DBL_SPAM", "-RSPAMD_URIBL", "-DBL_PHISH", "-URIBL_BLACK"}},
		{"SURBL @example.com mail html", "mailadr.eml", mail.Envelope{}, surbl,
			[]string{"RSPAMD_URIBL", "DBL_SPAM =example.com:email", "-RSPAMD_URIBL_IMAGES", "-DBL_PHISH", "-URIBL_BLACK"}},
		{"SURBL example.com not encoded url in subject", "urlinsubject.eml", mail.Envelope{}, surbl,
			[]string{"RSPAMD_URIBL", "DBL_SPAM", "-DBL_PHISH", "-URIBL_BLACK"}},
		{"WHITELIST", "whitelist.eml", mail.Envelope{}, surbl, []string{"-RSPAMD_URIBL", "-DBL_SPAM", "-RSPAMD_URIBL_IMAGES"}},
		{"EMAILBL full subdomain address", "emailbltext2.eml", mail.Envelope{}, surbl, []string{"RSPAMD_EMAILBL_FULL"}},
		{"EMAILBL REPLY TO full address", "replyto.eml", mail.Envelope{}, surbl, []string{"RSPAMD_EMAILBL_FULL", "-RSPAMD_EMAILBL_DOMAINONLY"}},
		{"EMAILBL REPLY TO full subdomain address", "replytosubdomain.eml", mail.Envelope{}, surbl, []string{"RSPAMD_EMAILBL_FULL", "-RSPAMD_EMAILBL_DOMAINONLY"}},
		{"SURBL IDN Punycode domain", "url9.eml", mail.Envelope{}, surbl, []string{"RSPAMD_URIBL", "DBL_SPAM", "-DBL_PHISH", "-URIBL_BLACK"}},
		{"SURBL url compose map 1", "url11.eml", mail.Envelope{}, surbl, []string{"BAD_SUBDOMAIN =clean.dirty.sanchez.com:url"}},
		{"SURBL url compose map 3", "url13.eml", mail.Envelope{}, surbl, []string{"BAD_SUBDOMAIN =41.black.sanchez.com:url"}},
	}
}

// TestRspamdCases holds the family against Rspamd's own tests, whose messages
// and DNS are shared data.
func TestRspamdCases(t *testing.T) {
	dns := shared.RspamdZone(t, "merged-local.conf")
	good, total := 0, 0
	for _, c := range rspamdCases() {
		raw, err := os.ReadFile(shared.Path(t, path.Join("suites/rspamd/messages", c.message)))
		if err != nil {
			t.Fatal(err)
		}
		family := rbl.New(rbl.Options{Lists: c.lists, Known: []string{"rspamd-test.com"}, NoMonitoring: true}).Checks
		m := mail.Parse(raw, c.env, mail.Limits{})
		raised := map[string][]string{}
		hits, _ := run(t, family, m, dns)
		for _, h := range hits {
			raised[h.Def.Name] = append(raised[h.Def.Name], h.Options...)
		}
		for _, w := range c.want {
			total++
			if met(raised, w) {
				good++
			} else {
				t.Errorf("%s: want %s, raised %v", c.name, w, raised)
			}
		}
	}
	t.Logf("%d of %d expectations", good, total)
}

// met reports whether an expectation holds.
func met(raised map[string][]string, want string) bool {
	want, not := strings.CutPrefix(want, "-")
	symbol, options, some := strings.Cut(want, " ")
	got, ok := raised[symbol]
	if exact, is := strings.CutPrefix(options, "="); is {
		wanted := strings.Fields(exact)
		slices.Sort(got)
		slices.Sort(wanted)
		ok = slices.Equal(got, wanted)
	} else if some {
		ok = slices.Contains(got, options)
	}
	return ok != not
}

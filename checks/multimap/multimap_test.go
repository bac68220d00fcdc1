package multimap_test

import (
	"context"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/subject"
	"github.com/winnowmail/winnow/lists"
)

func list(t testing.TB, kind lists.Kind, lines ...string) *lists.List {
	t.Helper()
	l, err := lists.Static(kind, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A table is one in memory.
type table map[string]map[string]string

func (tb table) Lookup(_ context.Context, name string, keys []string) (map[string]string, error) {
	found := map[string]string{}
	for _, k := range keys {
		if v, ok := tb[name][k]; ok {
			found[k] = v
		}
	}
	return found, nil
}

// rules has a rule of each type, and more where filters or kinds of lists differ.
func rules(t testing.TB) []multimap.Rule {
	keys := func(lines ...string) *lists.List { return list(t, lists.Keys, lines...) }
	domains := keys("listed.example", "b\u00fccher.example", "example.com", "sub.example.com")
	hashes := table{"ips": {"192.0.2.0/24": ""}, "rcpt.example": {"mail.foo.example.net": "2"}}
	rules := []multimap.Rule{
		{Symbol: "M_IP", Type: multimap.IP, List: list(t, lists.Nets, "192.0.2.0/24", "[2001:db8::1]/128")},
		{Symbol: "M_IP_ASKED", Type: multimap.IP, Table: hashes, Name: "ips"},
		{Symbol: "M_HOSTNAME_ASKED", Type: multimap.Hostname, Table: hashes, Name: "${principal_recipient_domain}"},
		{Symbol: "M_FROM", Type: multimap.From, List: keys("ann@plain.example", "listed.example", "carl")},
		{Symbol: "M_FROM_DOMAIN", Type: multimap.From, Filter: "email:domain", List: domains, ExtractFrom: "smtp"},
		{Symbol: "M_FROM_MIME", Type: multimap.From, Filter: "email:domain:tld", List: domains, ExtractFrom: "mime"},
		{Symbol: "M_FROM_BOTH", Type: multimap.From, Filter: "email:addr", List: list(t, lists.Regexps, "/^ann@/i"), ExtractFrom: "both"},
		{Symbol: "M_FROM_GLOB", Type: multimap.From, Filter: "email:domain", List: list(t, lists.Globs, "*.bit.example")},
		{Symbol: "M_RCPT", Type: multimap.Rcpt, Filter: "email:user", List: keys("bob")},
		{Symbol: "M_HELO", Type: multimap.Helo, Filter: "top", List: keys("test")},
		{Symbol: "M_HOSTNAME", Type: multimap.Hostname, Filter: "tld", List: keys("example.net")},
		{Symbol: "M_HOSTNAME_RE", Type: multimap.Hostname, Filter: `tld:regexp:/^ex\w+\.n/`, List: keys("example.n")},
		{Symbol: "M_USER", Type: multimap.User, List: keys("ann@site.example")},
		{Symbol: "M_HEADER", Type: multimap.Header, Headers: []string{"X-Mailer", "User-Agent"}, List: list(t, lists.Regexps, "/^bulk ?mailer/i 2.5")},
		{Symbol: "M_CC", Type: multimap.Header, Headers: []string{"Cc"}, Filter: "email:domain", List: domains, Score: 1},
		{Symbol: "M_HEADER_NAME", Type: multimap.Header, Headers: []string{"To"}, Filter: "email:name", List: keys(`"Doe, Ann"`)},
		{Symbol: "M_HEADER_IP", Type: multimap.Header, Headers: []string{"X-Originating-IP"}, Filter: "ip_addr", List: list(t, lists.Nets, "198.51.100.0/24")},
		{Symbol: "M_HEADER_RE", Type: multimap.Header, Headers: []string{"X-Id"}, Filter: "regexp:/[0-9]{4}/", List: keys("1234")},
		{Symbol: "M_TEXT", Type: multimap.Content, Filter: "text", List: many(t, `/\bfoo\b/`, `/\bbar\b/`, `/\bqux\b/`), Score: 1},
		{Symbol: "M_HEADERS", Type: multimap.Content, Filter: "headers", List: list(t, lists.Regexps, "/^X-Odd: /m")},
		{Symbol: "M_BODY", Type: multimap.Content, Filter: "body", List: list(t, lists.Regexps, "/base64 secret/")},
		{Symbol: "M_FULL", Type: multimap.Content, List: list(t, lists.Regexps, "/X-Odd[^#]*base64 secret/")},
		{Symbol: "M_RAWTEXT", Type: multimap.Content, Filter: "rawtext", List: list(t, lists.Regexps, "/<b>foo/")},
		{Symbol: "M_ONELINE", Type: multimap.Content, Filter: "oneline", List: list(t, lists.Regexps, "/one two/")},
		{Symbol: "M_FILE", Type: multimap.Filename, Filter: "extension", List: keys("exe")},
		{Symbol: "M_FILE_RE", Type: multimap.Filename, Filter: "regexp:/^invoice/", List: keys("invoice"), SkipArchives: true, SkipDetected: true},
		{Symbol: "M_FILE_NAME", Type: multimap.Filename, List: keys("detected.pdf")},
		{Symbol: "M_URL", Type: multimap.URL, List: keys("www.listed.example")},
		{Symbol: "M_URL_TLD", Type: multimap.URL, Filter: "tld", List: domains},
		{Symbol: "M_URL_FULL", Type: multimap.URL, Filter: "full", List: keys("https://www.listed.example/a?b=c")},
		{Symbol: "M_URL_FULL_RE", Type: multimap.URL, Filter: "full:regexp:/html$/", List: keys("html")},
		{Symbol: "M_URL_RE", Type: multimap.URL, Filter: "regexp:/^www/", List: keys("www")},
		{Symbol: "M_URL_TLD_RE", Type: multimap.URL, Filter: "tld:regexp:/test$/", List: keys("test")},
		{Symbol: "M_URL_TOP", Type: multimap.URL, Filter: "top", List: keys("test")},
		{Symbol: "M_URL_PATH", Type: multimap.URL, Filter: "path", List: keys("page.html")},
		{Symbol: "M_URL_QUERY", Type: multimap.URL, Filter: "query", List: keys("b=c")},
		{Symbol: "M_URL_PHISHED", Type: multimap.URL, Filter: "is_phished", List: list(t, lists.Globs, "*")},
		{Symbol: "M_URL_OBSCURED", Type: multimap.URL, Filter: "is_obscured", List: list(t, lists.Globs, "*")},
		{Symbol: "M_DNSBL", Type: multimap.DNSBL, Zone: "bl.example"},
		{Symbol: "M_ASN", Type: multimap.ASN, List: keys("64500")},
		{Symbol: "M_COUNTRY", Type: multimap.Country, List: keys("de")},
		{Symbol: "M_IPNET", Type: multimap.Mempool, Variable: "ipnet", List: keys("192.0.2.0/24")},
		{Symbol: "M_ASN_RE", Type: multimap.Mempool, Variable: "asn", Filter: "regexp:/^([0-9]{2})/", List: keys("64")},
		{Symbol: "M_RCVD", Type: multimap.Received, List: list(t, lists.Nets, "203.0.113.7"), MaxPos: 1},
		{Symbol: "M_RCVD_LAST", Type: multimap.Received, List: list(t, lists.Nets, "203.0.113.7"), MinPos: -1},
		{Symbol: "M_RCVD_AUTH", Type: multimap.Received, List: list(t, lists.Nets, "198.51.100.9"), Flags: []string{"authenticated"}, NotFlags: []string{"ssl"}},
		{Symbol: "M_RCVD_BY", Type: multimap.Received, Filter: "tld:by_hostname", List: keys("example.org")},
		{Symbol: "M_OPTIONS", Type: multimap.SymbolOptions, Target: "M_URL", List: keys("www.listed.example")},
		{Symbol: "M_REQUIRE", Type: multimap.From, Filter: "email:domain", List: domains, Require: "(M_URL | SUBJECT_ENDS_EXCLAIM) & !M_USER"},
		{Symbol: "M_SELECTOR", Type: multimap.Selector, Select: "header('Subject').lower", List: keys(`"buy now!"`)},
		{Symbol: "M_COMBINED", Type: multimap.Combined, Expression: "net & sender", Score: 3, Parts: map[string]multimap.Part{
			"net":    {Select: "ip", List: list(t, lists.Nets, "192.0.2.0/24")},
			"sender": {Select: "from:domain", List: domains},
		}},
		{Symbol: "M_SYMBOLS", Type: multimap.Rcpt, Filter: "email:addr", Symbols: []string{"M_NAMED"}, Score: 1, List: keys(
			"plain@s.example", "score@s.example 10", "name@s.example M_NAMED", "other@s.example M_OTHER",
			"both@s.example M_NAMED:-10.5", "all@s.example M_NAMED:-10.5:opt1,opt2",
		)},
		{Symbol: "M_NO_SYMBOLS", Type: multimap.Rcpt, Filter: "email:addr", NoSymbols: true, Score: 1, List: keys("name@s.example M_X")},
		{Symbol: "M_FREE", Type: multimap.Hostname, Dynamic: true, Score: 2, List: list(t, lists.Regexps, "/foo/ M_DYNAMIC:10:opt1", "/bar/ M_FREE:3")},
		{Symbol: "M_FORCED", Type: multimap.Hostname, List: list(t, lists.Regexps, "/foo/ 2LEADING:2.0", "/bar/")},
	}
	return rules
}

// many makes a list of which all entries count that match.
func many(t testing.TB, lines ...string) *lists.List {
	l, err := lists.NewWatcher(lists.Options{}).List(lists.Definition{Kind: lists.Regexps, Multi: true, Entries: lines})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// acting has rules that decide.
func acting(t testing.TB) []multimap.Rule {
	return []multimap.Rule{
		{Symbol: "M_ACCEPT", Type: multimap.IP, List: list(t, lists.Nets, "192.0.2.99"), Action: actions.NoAction},
		{Symbol: "M_REJECT", Type: multimap.From, Filter: "email:user", List: list(t, lists.Keys, "mallory"), Action: actions.Reject, Message: "not you"},
		{Symbol: "M_ACT_ASN", Type: multimap.ASN, List: list(t, lists.Keys, "64666"), Action: actions.SoftReject},
	}
}

func TestFixtures(t *testing.T) {
	f := multimap.New(multimap.Options{Rules: append(rules(t), acting(t)...)})
	with := checks.Flatten(aliases.New(aliases.Options{}), asn.New(asn.Options{}), subject.New())
	checktest.Run(t, f, checktest.With(with...))
}

// TestDivide: rules that decide run before all others, those whose value is known
// before the message when it is known, and those that look at symbols behind them.
func TestDivide(t *testing.T) {
	f := multimap.New(multimap.Options{Rules: append(rules(t), acting(t)...)})
	if f.Err != nil {
		t.Fatal(f.Err)
	}
	of := map[string]*checks.Check{}
	for _, c := range f.Checks {
		for _, d := range c.Symbols {
			of[d.Name] = c
		}
	}
	for symbol, want := range map[string]string{
		"M_ACCEPT": "multimap-early-connect", "M_REJECT": "multimap-early", "M_ACT_ASN": "multimap-connect", "M_IP": "multimap-connect",
		"M_HELO": "multimap-mail", "M_FROM_DOMAIN": "multimap-mail", "M_FROM": "multimap", "M_DNSBL": "multimap-connect-dns",
		"M_IP_ASKED": "multimap-connect-net", "M_REQUIRE": "multimap-classify", "M_OPTIONS": "multimap-classify",
	} {
		if c := of[symbol]; c == nil || c.Name != want {
			t.Errorf("%s is of %v, want %s", symbol, c, want)
		}
	}
	// One symbol of two rules keeps them together.
	keys := func(l string) *lists.List { return list(t, lists.Keys, l) }
	f = multimap.New(multimap.Options{Rules: []multimap.Rule{
		{Symbol: "A", Type: multimap.Helo, List: keys("x SHARED")},
		{Symbol: "B", Type: multimap.URL, List: keys("x SHARED")},
		{Symbol: "C", Type: multimap.User, List: keys("x"), Require: "A"},
		{Symbol: "D", Type: multimap.Helo, List: keys("x C")},
	}})
	if f.Err != nil || len(f.Checks) != 2 {
		t.Fatalf("%v, %d checks", f.Err, len(f.Checks))
	}
	if _, err := checks.NewPlan([]*checks.Family{f}); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	keys := list(t, lists.Keys, "x")
	good := multimap.Rule{Symbol: "S", Type: multimap.IP, List: keys}
	for want, change := range map[string]func(*multimap.Rule){
		`Rules["S"].Type: unknown type "x"`:              func(r *multimap.Rule) { r.Type = "x" },
		`unknown type "headers"; did you mean "header"?`: func(r *multimap.Rule) { r.Type = "headers" },
		`Rules["S"].List: 0 sources`:                     func(r *multimap.Rule) { r.List = nil },
		`Rules["S"].Zone: is for type`:                   func(r *multimap.Rule) { r.Zone = "bl.example" },
		`Rules["S"].Headers: is for type`:                func(r *multimap.Rule) { r.Type = multimap.Header },
		`Rules["S"].Target: is for type`:                 func(r *multimap.Rule) { r.Type = multimap.SymbolOptions },
		`Rules["S"].Variable: "x"`:                       func(r *multimap.Rule) { r.Type, r.Variable = multimap.Mempool, "x" },
		`Rules["S"].ExtractFrom: "x"`:                    func(r *multimap.Rule) { r.ExtractFrom = "x" },
		`Rules["S"].Flags: "x"`:                          func(r *multimap.Rule) { r.Flags = []string{"x"} },
		`Filter: "tld": the type has no`:                 func(r *multimap.Rule) { r.Filter = "tld" },
		`Filter: "email" is none of tld`:                 func(r *multimap.Rule) { r.Type, r.Filter = multimap.Helo, "email" },
		`parenthesis is not closed`:                      func(r *multimap.Rule) { r.Type, r.Filter = multimap.Filename, "regexp:/(/" },
		`Require:`:                                       func(r *multimap.Rule) { r.Require = "A &" },
		`Select:`:                                        func(r *multimap.Rule) { r.Type, r.Select = multimap.Selector, "nothing(" },
		`Expression: "b" is none of`: func(r *multimap.Rule) {
			r.Type, r.List, r.Expression, r.Parts = multimap.Combined, nil, "a & b", map[string]multimap.Part{"a": {Select: "ip", List: keys}}
		},
		`nobody would keep`: func(r *multimap.Rule) { r.Action = actions.Greylist },
		`a list of lines`:   func(r *multimap.Rule) { r.List = list(t, lists.Lines, "x") },
	} {
		r := good
		change(&r)
		if err := (multimap.Options{Rules: []multimap.Rule{r}}).Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := (multimap.Options{Rules: []multimap.Rule{good, good}}).Validate(); err == nil || !strings.Contains(err.Error(), "another rule") {
		t.Error(err)
	}
}

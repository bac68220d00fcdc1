package signing

import (
	"cmp"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// A decision is one case of the rules: rules that begin with DKIM(), a client
// and a message, and what comes out: "domain:selector:path …" or a piece of
// the reason.
type decision struct {
	name           string
	rules          func(r *Rules)
	client         Client
	from, envelope string
	rcpt           string
	want           string // "" none
	reason         string
}

func user(name string) Client {
	return Client{IP: netip.MustParseAddr("198.51.100.7"), User: name}
}

var stranger = Client{IP: netip.MustParseAddr("198.51.100.7")}

func (d decision) run(t *testing.T) {
	t.Helper()
	r := DKIM()
	r.Path = "/keys/$domain.$selector.key"
	if d.rules != nil {
		d.rules(&r)
	}
	s, err := New(r)
	if err != nil {
		t.Fatalf("%s: %v", d.name, err)
	}
	env := mail.Envelope{From: d.envelope, HasFrom: true}
	if d.rcpt != "" {
		env.Rcpts = []string{d.rcpt}
	}
	raw := "Subject: x\r\n"
	if d.from != "" {
		raw += "From: " + d.from + "\r\n"
	}
	got := s.rules.Decide(mail.Parse([]byte(raw+"\r\nx\r\n"), env, mail.Limits{}), d.client)
	var ids []string
	for _, id := range got.Sign {
		where := id.Path
		if id.key != nil {
			where = "key"
		}
		ids = append(ids, id.Domain+":"+id.Selector+":"+where)
	}
	if s := strings.Join(ids, " "); s != d.want {
		t.Errorf("%s: got %q (%s), want %q", d.name, s, got.Reason, d.want)
	}
	if (len(ids) == 0) != (got.Reason != "") || !strings.Contains(got.Reason, d.reason) {
		t.Errorf("%s: reason %q, want %q", d.name, got.Reason, d.reason)
	}
}

func TestDecide(t *testing.T) {
	const ann, plain = "ann@example.com", "example.com:dkim:/keys/example.com.dkim.key"
	local := Client{IP: netip.MustParseAddr("192.0.2.1"), Local: true}
	network := func(r *Rules) { r.Networks = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")} }
	for _, d := range []decision{
		{name: "user", client: user(ann), from: ann, envelope: ann, want: plain},
		{name: "local", client: local, from: ann, envelope: ann, want: plain},
		{name: "stranger", client: stranger, from: ann, envelope: ann, reason: "198.51.100.7 is neither authenticated nor local"},
		{name: "unknown client", from: ann, envelope: ann, reason: "the client is neither"},
		{name: "network", client: stranger, rules: network, from: ann, envelope: ann, want: plain},
		{name: "mapped address", client: Client{IP: netip.MustParseAddr("::ffff:198.51.100.7")}, rules: network, from: ann, envelope: ann, want: plain},
		{name: "other network", client: Client{IP: netip.MustParseAddr("203.0.113.1")}, rules: network, from: ann, reason: "in a signing network"},
		{name: "inbound", client: stranger, rules: func(r *Rules) { r.Inbound = true }, from: ann, envelope: ann, want: plain},
		{name: "users not", client: user(ann), rules: func(r *Rules) { r.Authenticated = false }, from: ann, reason: "the client 198.51.100.7 is not local"},
		{name: "nobody", client: user(ann), rules: func(r *Rules) { r.Authenticated, r.Local = false, false }, from: ann, reason: "of a kind"},

		{name: "null sender", client: user(ann), from: ann, want: plain},
		{name: "null sender not", client: user(ann), rules: func(r *Rules) { r.EmptyEnvelope = false }, from: ann, reason: "null sender"},
		{name: "two From", client: user(ann), from: ann + ", b@example.com", envelope: ann, reason: "several From"},
		{name: "two From taken", client: user(ann), rules: func(r *Rules) { r.SeveralFrom = true }, from: ann + ", b@example.net", envelope: ann, want: plain},
		{name: "no From", client: user(ann), envelope: ann, reason: "no domain"},
		{name: "subdomain", client: user(ann), from: "ann@mail.example.com", envelope: ann, want: plain},
		{name: "subdomain as such", client: user("ann@mail.example.com"), rules: func(r *Rules) { r.ESLD = false }, from: "ann@mail.example.com", envelope: "x@mail.example.com",
			want: "mail.example.com:dkim:/keys/mail.example.com.dkim.key"},
		{name: "upper case", client: user("Ann@EXAMPLE.com"), from: "ann@Example.COM", envelope: "ann@exAmple.com", want: plain},

		{name: "mismatch", client: user(ann), from: ann, envelope: "x@example.net", reason: `"example.com" is another than the envelope sender's, "example.net"`},
		{name: "mismatch taken", client: user(ann), rules: func(r *Rules) { r.Mismatch = true }, from: ann, envelope: "x@example.net", want: plain},
		{name: "mismatch local", client: local, rules: func(r *Rules) { r.MismatchLocal = true }, from: ann, envelope: "x@example.net", want: plain},
		{name: "mismatch local not", client: user(ann), rules: func(r *Rules) { r.MismatchLocal = true }, from: ann, envelope: "x@example.net", reason: "another"},
		{name: "mismatch network", client: stranger, rules: func(r *Rules) { network(r); r.MismatchNetworks = true }, from: ann, envelope: "x@example.net", want: plain},
		{name: "user elsewhere", client: user("ann@example.net"), from: ann, envelope: ann, reason: `user's domain "example.net"`},
		{name: "user without domain", client: user("ann"), from: ann, envelope: ann, reason: `"ann" has no domain`},
		{name: "any user", client: user("ann"), rules: func(r *Rules) { r.UserMismatch = true }, from: ann, envelope: ann, want: plain},

		{name: "of envelope", client: user("x@example.net"), rules: func(r *Rules) { r.Domain, r.Mismatch = FromEnvelope, true }, from: ann, envelope: "x@example.net",
			want: "example.net:dkim:/keys/example.net.dkim.key"},
		{name: "of user", client: user("x@example.net"), rules: func(r *Rules) { r.Domain = FromUser }, from: ann, envelope: ann, want: "example.net:dkim:/keys/example.net.dkim.key"},
		{name: "of recipient", client: user(ann), rules: func(r *Rules) { r.Domain, r.UserMismatch = FromRecipient, true }, from: ann, envelope: ann, rcpt: "bob@lists.example.org",
			want: "example.org:dkim:/keys/example.org.dkim.key"},
		{name: "of no recipient", client: user(ann), rules: func(r *Rules) { r.Domain = FromRecipient }, from: ann, reason: "no envelope recipient"},
		{name: "literal", client: user(ann), rules: func(r *Rules) { r.Domain, r.UserMismatch = "Example.NET", true }, from: ann, envelope: ann, want: "example.net:dkim:/keys/example.net.dkim.key"},
		{name: "local's own", client: local, rules: func(r *Rules) { r.LocalDomain = "example.net" }, from: ann, envelope: ann, want: "example.net:dkim:/keys/example.net.dkim.key"},
		{name: "network's own", client: stranger, rules: func(r *Rules) { network(r); r.NetworksDomain = "example.net" }, from: ann, envelope: ann, want: "example.net:dkim:/keys/example.net.dkim.key"},
		{name: "stranger's own", client: stranger, rules: func(r *Rules) { r.Inbound, r.InboundDomain = true, FromRecipient }, from: ann, envelope: ann, rcpt: "bob@example.org",
			want: "example.org:dkim:/keys/example.org.dkim.key"},

		{name: "unicode", client: user("x@b\u00fccher.example"), from: "x@b\u00fccher.example", envelope: "x@b\u00fccher.example",
			want: "xn--bcher-kva.example:dkim:/keys/xn--bcher-kva.example.dkim.key"},
		{name: "U-label and A-label", client: user("Ann@XN--Bcher-Kva.example"), from: "ann@b\u00fccher.example", envelope: "ann@xn--bcher-kva.example", want: "xn--bcher-kva.example:dkim:/keys/xn--bcher-kva.example.dkim.key"},
		{name: "A-label and U-label", client: user("ann@b\u00fccher.example"), from: "ann@xn--bcher-kva.example", envelope: "ann@B\u00dcCHER.example.", want: "xn--bcher-kva.example:dkim:/keys/xn--bcher-kva.example.dkim.key"},
		{name: "full-width dot", client: local, from: "ann@b\u00fccher\uff0eexample", envelope: "ann@mail.xn--bcher-kva.example", reason: "another"},
		{name: "full-width dot, registrable", client: local, from: "ann@m\u00fcller\uff0eco\u3002uk", envelope: "ann@mail.xn--mller-kva.co.uk", want: "xn--mller-kva.co.uk:dkim:/keys/xn--mller-kva.co.uk.dkim.key"},
		{name: "sharp s is no ss", client: local, from: "ann@stra\u00dfe.example", envelope: "ann@strasse.example", reason: "another"},
		{name: "keys by U-label", client: local, rules: func(r *Rules) {
			r.Fallback, r.Domains = false, map[string][]Selector{"B\u00fccher.example": {{Selector: "s", Path: "/k"}}}
		}, from: "ann@xn--bcher-kva.example", envelope: "ann@b\u00fccher.example", want: "xn--bcher-kva.example:s:/k"},
		{name: "of recipient in U-labels", client: user(ann), rules: func(r *Rules) { r.Domain, r.UserMismatch = FromRecipient, true }, from: ann, envelope: ann, rcpt: "bob@b\u00fccher.example", want: "xn--bcher-kva.example:dkim:/keys/xn--bcher-kva.example.dkim.key"},
		{name: "a path for a domain", client: user(ann), rules: func(r *Rules) { r.UserMismatch, r.ESLD = true, false }, from: "x@../../etc", reason: "no domain that could be signed for"},
		{name: "empty label", client: user(ann), rules: func(r *Rules) { r.UserMismatch, r.ESLD = true, false }, from: "x@a..b", reason: "no domain"},
	} {
		d.run(t)
	}
}

func TestKeysOfDomain(t *testing.T) {
	const ann = "ann@example.com"
	own := func(list ...Selector) func(r *Rules) {
		return func(r *Rules) { r.Domains = map[string][]Selector{"Example.com": list} }
	}
	for _, d := range []decision{
		{name: "own", rules: own(Selector{"s1", "/k/1"}), want: "example.com:s1:/k/1"},
		{name: "two", rules: own(Selector{"s1", "/k/1"}, Selector{"ed", "/k/$selector/$domain"}), want: "example.com:s1:/k/1 example.com:ed:/k/ed/example.com"},
		{name: "defaults", rules: own(Selector{Path: "/k/1"}, Selector{Selector: "s2"}), want: "example.com:dkim:/k/1 example.com:s2:/keys/example.com.s2.key"},
		{name: "maps", rules: func(r *Rules) {
			r.Selectors, r.Paths = map[string]string{"example.com": "m"}, map[string]string{"example.com": "/m/${selector}"}
		}, want: "example.com:m:/m/m"},
		{name: "map beside own", rules: func(r *Rules) {
			own(Selector{Path: "/k/1"})(r)
			r.Selectors = map[string]string{"example.com": "m"}
		}, want: "example.com:m:/k/1"},
		{name: "no fallback", rules: func(r *Rules) {
			r.Domains, r.Fallback = map[string][]Selector{"example.net": {{"s", "/k"}}}, false
		}, reason: `there is no key for "example.com"`},
		{name: "no path", rules: func(r *Rules) {
			r.Domains, r.Path = map[string][]Selector{"example.net": {{"s", "/k"}}}, ""
		}, reason: `there is no key for "example.com"`},
		{name: "source", rules: func(r *Rules) { r.Keys = Keys{} }, want: "example.com:dkim:"},
		{name: "condition", rules: func(r *Rules) {
			r.Condition = func(*mail.Message, Client) Decision {
				return Decision{Sign: []Identity{{Domain: "d.example", Selector: "s", Path: "/p"}}}
			}
		}, want: "d.example:s:/p"},
		{name: "condition says no", rules: func(r *Rules) {
			r.Condition = func(*mail.Message, Client) Decision { return Decision{} }
		}, reason: "condition"},
	} {
		d.client, d.from, d.envelope = user(ann), ann, ann
		d.run(t)
	}
	decision{
		name: "the reason tells of the reduction", client: user(ann), from: "ann@mail.example.com", envelope: ann,
		rules: func(r *Rules) {
			r.Fallback, r.Domains = false, map[string][]Selector{"mail.example.com": {{"s", "/k"}}}
		},
		reason: `there is no key for "example.com", to which "mail.example.com" was reduced`,
	}.run(t)
}

func TestTables(t *testing.T) {
	const seed = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
	tables := func(signing, keys string) func(r *Rules) {
		return func(r *Rules) {
			var err error
			if r.SigningTable, err = ParseSigningTable(signing); err != nil {
				t.Fatal(err)
			}
			if r.KeyTable, err = ParseKeyTable(keys); err != nil {
				t.Fatal(err)
			}
		}
	}
	const ann = "ann@Mail.example.com"
	for _, d := range []decision{
		{name: "raw key", rules: tables("*@mail.example.com one", "one %:ed:"+seed), want: "mail.example.com:ed:key"},
		{name: "file", rules: tables("# comment\n\n*@mail.example.com one\n", "one example.com:s:/keys/%/k"), want: "example.com:s:/keys/mail.example.com/k"},
		{name: "default selector", rules: tables("ann@* one", "o?e example.com:./k"), want: "example.com:dkim:./k"},
		{name: "percent", rules: tables("* %", "*.example.com %:s:../%.key"), want: "mail.example.com:s:../mail.example.com.key"},
		{name: "first line", rules: tables("*@mail.example.com one\nann@mail.example.com two", "two b.example:s:/k\none a.example:s:/k"), want: "a.example:s:/k"},
		{name: "first line, a glob", rules: tables("a*@mail.example.com one\nann@mail.example.com two", "* %:s:/k"), want: "mail.example.com:s:/k"},
		{name: "no line", rules: tables("*@example.com one", "one %:s:/k"), reason: "the signing table has no line"},
		{name: "no key", rules: tables("*@mail.example.com one", "two %:s:/k"), reason: `the key table has no line for "one"`},
		{name: "U-labels", rules: tables("*@b\u00fccher.example %", "b\u00fccher.example %:s:/k/%"), from: "ann@xn--bcher-kva.example", want: "xn--bcher-kva.example:s:/k/xn--bcher-kva.example"},
		{name: "A-labels", rules: tables("Ann@XN--bcher-kva.example one", "one b\u00fccher.example:s:/k"), from: "ann@b\u00fccher.example", want: "xn--bcher-kva.example:s:/k"},
		{name: "a glob in a U-label", rules: tables("*@b?che*.example one", "one %:s:/k"), from: "ann@xn--bcher-kva.example", want: "xn--bcher-kva.example:s:/k"},
		{name: "a glob and a U-label", rules: tables("*\u00fccher.example one", "one %:s:/k"), from: "ann@xn--bcher-kva.example", want: "xn--bcher-kva.example:s:/k"},
		{name: "other U-label", rules: tables("*@bucher.example one", "one %:s:/k"), from: "ann@b\u00fccher.example", reason: "the signing table has no line"},
		{name: "stranger", client: stranger, rules: func(r *Rules) { r.Inbound = true; tables("* one", "one %:s:/k")(r) }, reason: "strangers"},
	} {
		// Domains are not compared: the tables decide alone.
		d.from, d.envelope = cmp.Or(d.from, ann), "x@example.net"
		if d.client == (Client{}) {
			d.client = user("y@example.org")
		}
		d.run(t)
	}
	for _, bad := range []string{"one", "one a b", "one example.com", "one " + seed + ":s:example.com", "one example.com:" + seed + ":s", "one a:b:c:d", "one ex/ample:s:/k", "one %:s/x:/k", "one %:s:notakey", "one :s:/k"} {
		if _, err := ParseKeyTable(bad); err == nil || strings.Contains(err.Error(), seed[:20]) {
			t.Errorf("key table %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"one", "a b c"} {
		if _, err := ParseSigningTable(bad); err == nil {
			t.Errorf("signing table %q was taken", bad)
		}
	}
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "x", false}, {"a*c", "abc", true}, {"a*c", "abd", false}, {"*@*", "a@b", true},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*a*b*c", "xxaxxbxxc", true}, {"*a*b*c", "xxaxxcxxb", false}, {"**", "abc", true},
	} {
		if got := fits(c.pattern, c.text); got != c.want {
			t.Errorf("fits(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

func TestBadRules(t *testing.T) {
	for name, f := range map[string]func(r *Rules){
		"no keys":        func(*Rules) {},
		"no way to path": func(r *Rules) { r.Path, r.Fallback = "/k", false },
		"domain":         func(r *Rules) { r.Path, r.Domain = "/k", "from header" },
		"domains":        func(r *Rules) { r.Domains = map[string][]Selector{"a/b": nil} },
		"twice":          func(r *Rules) { r.Paths = map[string]string{"a.example": "/k", "A.example": "/k"} },
		"selector":       func(r *Rules) { r.Path, r.Selector = "/k", "a b" },
		"own selector":   func(r *Rules) { r.Domains = map[string][]Selector{"a.example": {{"a;b", "/k"}}} },
		"a selector without key": func(r *Rules) {
			r.Domains = map[string][]Selector{"a.example": {{"a", "/k"}, {"b", ""}}}
		},
		"no selector": func(r *Rules) {
			r.Selector, r.Domains = "", map[string][]Selector{"a.example": {{"", "/k"}}}
		},
		"half a table": func(r *Rules) { r.Path, r.SigningTable = "/k", &SigningTable{} },
		"network":      func(r *Rules) { r.Path, r.Networks = "/k", make([]netip.Prefix, 1) },
		"headers":      func(r *Rules) { r.Path, r.Format.Headers = "/k", "to:cc" },
		"canon":        func(r *Rules) { r.Path, r.Format.Body = "/k", "nice" },
		"expire":       func(r *Rules) { r.Path, r.Format.Expire = "/k", -1 },
	} {
		r := DKIM()
		f(&r)
		if _, err := New(r); err == nil {
			t.Errorf("%s: the rules were taken", name)
		}
	}
}

package rbl

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/resolver"
)

// must compiles a list.
func must(t testing.TB, l List) *list {
	t.Helper()
	c, _, err := compile(l, map[string]string{"key": "s3cret"}, newDefs())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestQuestion(t *testing.T) {
	long := strings.Repeat("a", 63)
	plain := List{Symbol: "L", Zone: "bl.test"}
	for _, tc := range []struct {
		list      List
		key, want string
	}{
		{plain, "Example.ORG", "example.org.bl.test"},
		{plain, "example.org..", "example.org.bl.test"},
		{plain, "_under.score.example", "_under.score.example.bl.test"},
		{plain, "bücher.example", "bücher.example.bl.test"},
		{plain, long + ".example", long + ".example.bl.test"},
		{plain, long + "a.example", ""},
		{plain, strings.Repeat(long+".", 3) + strings.Repeat("b", 53), strings.Repeat(long+".", 3) + strings.Repeat("b", 53) + ".bl.test"},
		{plain, strings.Repeat(long+".", 3) + strings.Repeat("b", 54), ""},
		{plain, "", ""}, {plain, ".", ""}, {plain, "a..b", ""}, {plain, ".a", ""}, {plain, "-a.b", ""}, {plain, "a-.b", ""},
		{plain, "a b", ""}, {plain, "a\tb", ""}, {plain, "a\x00b", ""}, {plain, "\xff.b", ""}, {plain, `a\.b`, ""},
		{List{Symbol: "L", Zone: "bl.test", Hash: Hash{Sum: MD5}}, "user@example.net", "0347eaff4a573d03a1ed99a78e59fe26.bl.test"},
		{List{Symbol: "L", Zone: "bl.test", Hash: Hash{SHA256, Hex, 8}}, "a b", "c8687a08.bl.test"},
		{List{Symbol: "L", Zone: "bl.test", Hash: Hash{Blake2, Base32, 32}}, "user.example.net", "oqeq4rfs3ru7obfsa7z6xb9uruybqjnd.bl.test"},
		{List{Symbol: "L", Zone: "bl.test", Hash: Hash{Sum: SHA1, Format: Base64}}, "x", "efatjsuqkysrqv18o1fla3hcihi=.bl.test"},
		{List{Symbol: "L", Zone: "{key}.bl.test"}, "example.org", "example.org.{key}.bl.test"},
	} {
		if got := must(t, tc.list).question(tc.key); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.key, got, tc.want)
		}
	}
}

func TestMailbox(t *testing.T) {
	for in, want := range map[string]string{
		"A.B@Example.ORG": "a.b@example.org", "a+x+y@example.org": "a@example.org", "+x@example.org": "+x@example.org",
		"a.b.c+d@gmail.com": "abc@gmail.com", "A.b@GoogleMail.com": "ab@gmail.com", "..@gmail.com": "@gmail.com",
		"A+x@B\u00fccher.Example": "a@xn--bcher-kva.example", "a.b+c@gmail\uff0ecom": "ab@gmail.com",
	} {
		user, domain, _ := strings.Cut(in, "@")
		if user, domain = mailbox(user, domain); user+"@"+domain != want {
			t.Errorf("%s: %s@%s, want %s", in, user, domain, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, tc := range []struct{ pattern, yes, no string }{
		{"127.0.0.2", "127.0.0.2", "127.0.0.3 127.0.1.2 126.0.0.2"},
		{"127.0.0.4-7", "127.0.0.4 127.0.0.7", "127.0.0.3 127.0.0.8"},
		{"127.0.0-9,11-255.3", "127.0.0.3 127.0.9.3 127.0.11.3 127.0.255.3", "127.0.10.3 127.0.9.2"},
		{"127.*.0.1,3", "127.200.0.1 127.0.0.3", "127.0.0.2 127.0.1.3"},
	} {
		p, err := parsePattern(tc.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for ip := range strings.FieldsSeq(tc.yes) {
			if !p.matches(netip.MustParseAddr(ip).As4()) {
				t.Errorf("%s does not match %s", tc.pattern, ip)
			}
		}
		for ip := range strings.FieldsSeq(tc.no) {
			if p.matches(netip.MustParseAddr(ip).As4()) {
				t.Errorf("%s matches %s", tc.pattern, ip)
			}
		}
	}
	for _, bad := range []string{"", "127.0.0", "127.0.0.2.3", "127.0.0.256", "127.0.0.7-4", "127.0.0.", "127.0.0.a", "127.0.0.1-", strings.Repeat("1,", 200) + "1.0.0.1"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
}

func TestInterpret(t *testing.T) {
	bare := must(t, List{Symbol: "L", Zone: "bl.test"})
	bits := must(t, List{Symbol: "L", Zone: "bl.test", Codes: []Code{
		{Symbol: "REFUSED", Bits: []uint32{1}, Blocked: true}, {Symbol: "A", Bits: []uint32{8, 6}}, {Symbol: "B", Bits: []uint32{64}}}})
	for _, tc := range []struct {
		list             *list
		ip               string
		codes            int
		unknown, blocked bool
	}{
		{bare, "127.0.0.2", 0, true, false}, {bare, "127.0.0.1", 0, false, true}, {bare, "127.255.255.254", 0, false, true},
		{bits, "127.0.0.8", 1, false, false}, {bits, "127.0.0.6", 1, false, false}, {bits, "127.0.0.2", 0, true, false},
		{bits, "127.0.0.72", 2, false, false}, {bits, "127.0.0.1", 1, false, true}, {bits, "127.0.0.9", 1, false, true},
		{bits, "127.255.255.252", 2, false, false}, // bits say otherwise: 252 is 8 and 64 and more
	} {
		o := tc.list.interpret(netip.MustParseAddr(tc.ip).As4())
		if len(o.codes) != tc.codes || o.unknown != tc.unknown || o.blocked != tc.blocked {
			t.Errorf("%s: %+v", tc.ip, o)
		}
	}
}

func TestShare(t *testing.T) {
	for _, tc := range []struct {
		counts      []int
		total, want int
	}{
		{nil, 5, 0}, {[]int{1, 2, 3}, 6, 3}, {[]int{1, 2, 3}, 5, 2}, {[]int{1, 100, 100}, 11, 5}, {[]int{9, 9}, 0, 0}, {[]int{9}, -1, 9},
	} {
		if got := share(tc.counts, tc.total); got != tc.want {
			t.Errorf("%v of %d: %d, want %d", tc.counts, tc.total, got, tc.want)
		}
	}
}

// TestSuite holds the engine against the shared vectors for DNS lists.
func TestSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/vectors/dnsbl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Cases []vector
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range suite.Cases {
		if got, ok := c.check(t); ok {
			good++
		} else {
			t.Errorf("%s (%s): %s", c.ID, c.Kind, got)
		}
	}
	t.Logf("%d of %d cases", good, len(suite.Cases))
}

type vector struct {
	Kind, ID, IP, Zone, Query, Entry, A, Error, Host, Email, MD5, Meaning string
	ZoneType                                                              string `json:"zone_type"`
}

// check reports what the engine makes of a case and whether that is right.
func (v vector) check(t *testing.T) (string, bool) {
	l := must(t, List{Symbol: "L", Zone: "bl.test"})
	switch v.Kind {
	case "qname":
		got := l.question(resolver.ReverseLabels(netip.MustParseAddr(v.IP)))
		return got, got == v.Query
	case "testpoint":
		points := map[string]List{
			"ipv4": {Symbol: "L", Zone: "bl.test"}, "ipv6": {Symbol: "L", Zone: "bl.test", NoIPv4: true},
			"domain": {Symbol: "L", Zone: "bl.test", Checks: []What{URLs}},
		}
		l = must(t, points[v.ZoneType])
		want := v.Query
		if ip, err := netip.ParseAddr(v.Entry); err == nil {
			want = l.question(resolver.ReverseLabels(ip))
		}
		got := l.probe(l.unlistedKey())
		return got, got == want
	case "answer":
		ip, listed := listing(netip.MustParseAddr(v.A))
		if listed {
			listed = !l.interpret(ip).blocked
		}
		return v.A, listed == strings.HasPrefix(v.Meaning, "listed")
	case "dns-error":
		kinds := map[string]resolver.Kind{"NODATA": resolver.KindNoData, "TIMEOUT": resolver.KindTimeout}
		got := failure(&resolver.Error{Kind: kinds[v.Error]})
		return got, (got == "") == (v.Meaning == "not-listed")
	case "uribl-qname":
		got := askedAbout(t, List{Symbol: "L", Zone: v.Zone, Checks: []What{URLs}}, "http://"+v.Host+"/")
		return got, got == v.Query
	case "hashbl-qname":
		got := askedAbout(t, List{Symbol: "L", Zone: v.zone(), Checks: []What{Emails}, Hash: Hash{Sum: SHA1}}, "write to "+v.Email)
		hash := must(t, List{Symbol: "L", Zone: "bl.test", Hash: Hash{Sum: MD5}}).hashed(v.Email)
		return got + " " + hash, got == v.Query && hash == v.MD5
	}
	return "of a kind that is not known", false
}

func (v vector) zone() string {
	_, zone, _ := strings.Cut(v.Query, ".")
	return zone
}

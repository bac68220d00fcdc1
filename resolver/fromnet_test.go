package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// asking returns the standard library's resolver as one of a server on
// loopback alone.
func asking(server string) resolver.Resolver {
	return resolver.FromNet(&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}})
}

// six is an address whose name has 32 labels.
var six = netip.MustParseAddr("2001:db8::1")

func TestFromNet(t *testing.T) {
	long := strings.Repeat("y", 300)
	z := zone.Must(`
a.example              A     192.0.2.1
a.example              A     192.0.2.2
a.example              AAAA  2001:db8::1
a.example              MX    10 MX.a.example
a.example              MX    20 .
a.example              NS    ns.a.example
a.example              TXT   "v=spf1 " "-all"
a.example              TXT   "` + long[:200] + `" "` + long[200:] + `"
www.example            CNAME web.example
web.example            CNAME a.example
under_score.example    A     192.0.2.3
1.2.0.192.in-addr.arpa PTR   a.example
1.2.0.192.in-addr.arpa PTR   b.example
` + resolver.Reverse(six) + ` PTR six.example
servfail.example       !servfail
refused.example        !refused
lame.example           !lame
malformed.example      !malformed
silent.example         !hang
`)
	server := resolvertest.Serve(t, resolvertest.Zone(z))
	r := asking(server.Addr)
	for _, c := range []struct {
		name  string
		qtype uint16
		want  []string
	}{
		{"A.Example.", resolver.TypeA, []string{"a.example 0 A 192.0.2.1", "a.example 0 A 192.0.2.2"}},
		{"a.example", resolver.TypeAAAA, []string{"a.example 0 AAAA 2001:db8::1"}},
		{"a.example", resolver.TypeMX, []string{"a.example 0 MX 10 mx.a.example", "a.example 0 MX 20 ."}},
		{"a.example", resolver.TypeNS, []string{"a.example 0 NS ns.a.example"}},
		{"a.example", resolver.TypeTXT, []string{`a.example 0 TXT "v=spf1 -all"`, fmt.Sprintf("a.example 0 TXT %q %q", long[:255], long[255:])}},
		{"www.example", resolver.TypeAAAA, []string{"www.example 0 AAAA 2001:db8::1"}},
		{"under_score.example", resolver.TypeA, []string{"under_score.example 0 A 192.0.2.3"}},
		{"1.2.0.192.in-addr.arpa", resolver.TypePTR, []string{"1.2.0.192.in-addr.arpa 0 PTR a.example", "1.2.0.192.in-addr.arpa 0 PTR b.example"}},
		{resolver.Reverse(six), resolver.TypePTR, []string{resolver.Reverse(six) + " 0 PTR six.example"}},
	} {
		a, err := r.Lookup(t.Context(), c.name, c.qtype)
		if got := lines(a); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, %v; want %q", c.name, resolver.TypeString(c.qtype), got, err, c.want)
		}
	}
	a, err := r.Lookup(t.Context(), "www.example", resolver.TypeCNAME)
	if got := lines(a); err != nil || len(got) != 1 || got[0] != "www.example 0 CNAME web.example" && got[0] != "www.example 0 CNAME a.example" {
		t.Errorf("a CNAME: %q, %v", got, err)
	}
	for _, q := range []resolver.Question{
		{Name: "nowhere.example", Type: resolver.TypeA}, {Name: "under_score.example", Type: resolver.TypeMX},
		{Name: "nowhere.example", Type: resolver.TypeTXT}, {Name: "a.example", Type: resolver.TypeCNAME},
		{Name: "2.2.0.192.in-addr.arpa", Type: resolver.TypePTR},
	} {
		if _, err := r.Lookup(t.Context(), q.Name, q.Type); !errors.Is(err, resolver.ErrNotFound) || resolver.IsTemporary(err) {
			t.Errorf("%s: %v; want not found", q, err)
		}
	}
	for name, kind := range map[string]resolver.Kind{
		"servfail.example": resolver.KindServFail, "refused.example": resolver.KindServFail,
		"lame.example": resolver.KindServFail, "malformed.example": resolver.KindServFail,
	} {
		_, err := r.Lookup(t.Context(), name, resolver.TypeTXT)
		if e, ok := errors.AsType[*resolver.Error](err); !ok || !resolver.IsTemporary(err) || e.Kind != kind {
			t.Errorf("%s: %v; want %s", name, err, kind)
		}
	}
	testFromNetContext(t, r)
	if _, err := asking("127.0.0.1:1").Lookup(t.Context(), "a.example", resolver.TypeA); !resolver.IsTemporary(err) {
		t.Errorf("nobody there: %v", err)
	}
}

func testFromNetContext(t *testing.T, r resolver.Resolver) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Lookup(over, "silent.example", resolver.TypeTXT); !resolver.IsTemporary(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled context: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := r.Lookup(late, "silent.example", resolver.TypeA); !resolver.IsTemporary(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline: %v", err)
	}
}

// TestFromNetAsksNobody holds that what net.Resolver can't ask is not taken
// for what does not exist.
func TestFromNetAsksNobody(t *testing.T) {
	server := resolvertest.Serve(t, resolvertest.Silent)
	r := asking(server.Addr)
	questions := []resolver.Question{
		{Name: "a.example", Type: resolver.TypeSOA}, {Name: "a.example", Type: 41}, {Name: "a.example", Type: resolver.TypePTR},
		{Name: "1.2.in-addr.arpa", Type: resolver.TypePTR}, {Name: "01.2.0.192.in-addr.arpa", Type: resolver.TypePTR},
		{Name: "x.ip6.arpa", Type: resolver.TypePTR}, {Name: "ip6.arpa", Type: resolver.TypePTR},
	}
	for _, name := range []string{
		"", ".", "..", "a..example", ".example", strings.Repeat("x", 64) + ".example", strings.Repeat("x.", 130) + "example",
		`a\`, `a\.b.example`, "\x00\xff", "a\nb.example", "a b", "-a.example", "a-.example", "192.0.2.1", "1",
	} {
		questions = append(questions, resolver.Question{Name: name, Type: resolver.TypeA})
	}
	for _, q := range questions {
		if a, err := r.Lookup(t.Context(), q.Name, q.Type); !errors.Is(err, errors.ErrUnsupported) || !resolver.IsTemporary(err) {
			t.Errorf("%q: %v, %v", q, lines(a), err)
		}
	}
	if asked := server.Queries(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
}

func lines(a resolver.Answer) []string {
	var all []string
	for _, r := range a.Records {
		b, _ := r.MarshalText() // never fails
		all = append(all, string(b))
	}
	slices.Sort(all)
	return all
}

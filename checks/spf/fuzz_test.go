package spf

import (
	"context"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

func seedRecords(f *testing.F) {
	for _, s := range []string{
		"v=spf1", "v=spf1 -all", "V=SPF1 +a ~mx/24 ?ptr:example.org ip4:192.0.2.0/24 ip6:2001:db8::/32//1 -all",
		"v=spf1 include:_spf.%{d} redirect=_red.%{d2} exp=why.%{d}", "v=spf1 exists:%{ir}.%{v}.%{l1r-}.%{o} x=%{H} y.z_-=",
		"v=spf1 a:example.org//64 mx:example.org/24//64 a:%%%_%-", "v=spf1 ipv4=1.2.3.4 redirect:x a//", "v=spf1 \xff\x00",
	} {
		f.Add(s)
	}
}

func FuzzRecord(f *testing.F) {
	seedRecords(f)
	f.Fuzz(func(t *testing.T, text string) {
		if !isRecord(text, true) {
			text = version + " " + text
		}
		strict, err := parseRecord(text, grammar{})
		tolerant, _ := parseRecord(text, grammar{tolerant: true})
		if err == nil && len(tolerant.terms) < len(strict.terms) {
			t.Errorf("the tolerant reading lost terms: %d, %d", len(tolerant.terms), len(strict.terms))
		}
		for _, term := range slices.Concat(strict.terms, tolerant.terms) {
			if strings.IndexByte("+-~?", term.qualifier) < 0 || term.bits4 > 32 || term.bits6 > 128 {
				t.Errorf("%+v", term)
			}
			if (term.kind == kindIP4 || term.kind == kindIP6) && !term.net.IsValid() {
				t.Errorf("%+v", term)
			}
		}
	})
}

func FuzzMacros(f *testing.F) {
	f.Add("%{ir}.%{v}._spf.%{d2}", "ann", "mx.example.net", true)
	f.Add("%{L}%{S3r-+}%%%_%-", "a+b-c", "", true)
	f.Add("see http://%{d}/%{c}?%{t}%{r}", "\xff", "HELO", false)
	f.Fuzz(func(t *testing.T, text, local, helo string, explain bool) {
		tokens, err := parseMacros(text, explain)
		if err != nil {
			return
		}
		e := newEvaluation(t.Context(), resolver.None, Params{
			IP: netip.MustParseAddr("2001:db8::1"), Helo: helo, MailFrom: local + "@example.org", Now: time.Unix(1, 0),
		})
		s := &spec{text, tokens}
		if out, ok := e.expand(s, "example.org"); ok && len(out) > maxExpansion+3*maxValue+3*len(e.sender) {
			t.Errorf("%d bytes", len(out))
		}
		if name, ok := e.expandDomain(s, "example.org"); ok && !validName(name) {
			t.Errorf("%q is no name", name)
		}
	})
}

// fuzzedDNS answers from the lines of data: which one, and whether at all,
// follows from the question.
func fuzzedDNS(data string) resolver.Func {
	lines := strings.Split(data, "\n")
	return func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		h := fnv.New32a()
		h.Write([]byte(name + resolver.TypeString(qtype)))
		n := int(h.Sum32() >> 1)
		line := lines[n%len(lines)]
		r := resolver.Record{Name: name, Type: qtype, TTL: 1}
		switch {
		case n%7 == 0:
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
		case n%31 == 0:
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindServFail}
		}
		switch qtype {
		case resolver.TypeTXT:
			r.Strings = []string{line}
		case resolver.TypeA:
			r.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
		case resolver.TypeAAAA:
			r.IP = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(n)})
		default:
			r.Host = line
		}
		return resolver.Answer{Records: []resolver.Record{r}}, nil
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("v=spf1 include:a.%{d} include:b.%{d} a mx ptr exists:%{ir}.%{d} redirect=c.%{d}\nv=spf1 ip4:192.0.2.1 -all exp=e.%{d}\nmx.example.org", "ann@example.org", "mx.example.net", false)
	f.Add("v=spf1 redirect=%{l}.%{h} exp=%{p}.%{d}\nv=spf1 ?all", "a.b@example.net", "example.org", true)
	f.Fuzz(func(t *testing.T, data, from, helo string, six bool) {
		p := Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: from, Helo: helo, Now: time.Unix(1, 0)}
		if six {
			p.IP = netip.MustParseAddr("2001:db8::1")
		}
		for _, p.Tolerant = range []bool{false, true} {
			l := p.Limits.withDefaults(p.Tolerant)
			c := &resolver.Counter{Resolver: fuzzedDNS(data)}
			r := Evaluate(t.Context(), c, p)
			if most := int64((2+l.Hosts)*l.Lookups + l.Hosts + 3); c.Asked() > most {
				t.Errorf("%d questions, more than %d", c.Asked(), most)
			}
			if symbol(r) == nil || r.Reason == "" {
				t.Errorf("%+v", r)
			}
			if !isPrintable(r.Explanation) || !isPrintable(r.ReceivedSPF(p)) {
				t.Errorf("not printable: %q, %q", r.Explanation, r.ReceivedSPF(p))
			}
			if again := Evaluate(t.Context(), fuzzedDNS(data), p); again != r {
				t.Errorf("%+v, again %+v", r, again)
			}
		}
	})
}

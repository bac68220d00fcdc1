package spf

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// benchZone is shaped like what large senders publish.
func benchZone() *zone.Zone {
	nets := func(third string, n int) string {
		return strings.Repeat(" ip4:198.51."+third+".0/24 ip4:203.0."+third+".0/19", n/2)
	}
	return zone.New(
		txt("example.org", "v=spf1 include:_spf.example.org include:mail.example.net a mx ~all"),
		txt("_spf.example.org", "v=spf1 include:n1.example.org include:n2.example.org include:n3.example.org ~all"),
		txt("n1.example.org", "v=spf1"+nets("100", 20)+" ~all"),
		txt("n2.example.org", "v=spf1"+nets("101", 20)+" ~all"),
		txt("n3.example.org", "v=spf1"+nets("102", 20)+" ip4:192.0.2.0/24 ~all"),
		txt("mail.example.net", "v=spf1"+nets("103", 16)+" -all"),
		resolver.Record{Name: "example.org", Type: resolver.TypeA, IP: netip.MustParseAddr("198.51.100.9")},
		resolver.Record{Name: "example.org", Type: resolver.TypeMX, Host: "mx.example.org"},
		resolver.Record{Name: "mx.example.org", Type: resolver.TypeA, IP: netip.MustParseAddr("198.51.100.8")},
		txt("direct.example.org", "v=spf1 ip4:192.0.2.0/24 -all"),
		txt("macros.example.org", "v=spf1 exists:%{ir}._spf.%{d2} -all"),
	)
}

func BenchmarkEvaluate(b *testing.B) {
	z := benchZone()
	for _, bm := range []struct{ name, ip, from string }{
		{"direct", "192.0.2.1", "ann@direct.example.org"},
		{"includes", "192.0.2.1", "ann@example.org"},
		{"to the end", "192.0.3.1", "ann@example.org"},
		{"macros", "192.0.2.1", "ann@macros.example.org"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			p := Params{IP: netip.MustParseAddr(bm.ip), Helo: "mx.example.net", MailFrom: bm.from}
			b.ReportAllocs()
			for b.Loop() {
				Evaluate(b.Context(), z, p)
			}
		})
	}
}

func BenchmarkParseRecord(b *testing.B) {
	text := "v=spf1" + strings.Repeat(" ip4:198.51.100.0/24 include:_spf.example.org a:%{d2}/24", 8) + " -all"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := parseRecord(text, grammar{}); err != nil {
			b.Fatal(err)
		}
	}
}

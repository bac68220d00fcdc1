package multimap_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/mail"
)

// thousand makes a thousand rules of the types that operators use, with a thousand
// entries each.
func thousand(t testing.TB) multimap.Options {
	w, dir := lists.NewWatcher(lists.Options{}), t.TempDir()
	kinds := []multimap.Rule{
		{Type: multimap.From, Filter: "email:domain"}, {Type: multimap.From}, {Type: multimap.From, Filter: "email:addr", ExtractFrom: "mime"},
		{Type: multimap.Rcpt, Filter: "email:addr"}, {Type: multimap.Helo}, {Type: multimap.Hostname, Filter: "tld"},
		{Type: multimap.Header, Headers: []string{"Reply-To"}, Filter: "email:domain"}, {Type: multimap.URL, Filter: "tld"}, {Type: multimap.URL},
		{Type: multimap.IP},
	}
	var o multimap.Options
	for i := range 1000 {
		r := kinds[i%len(kinds)]
		r.Symbol = fmt.Sprint("RULE_", i)
		kind := lists.Keys
		var text []byte
		for j := range 1000 {
			if r.Type == multimap.IP {
				kind = lists.Nets
				text = fmt.Appendf(text, "10.%d.%d.0/24\n", i/10, j%256)
			} else {
				text = fmt.Appendf(text, "host%d.domain%d.example\n", j, i)
			}
		}
		path := filepath.Join(dir, r.Symbol)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := w.List(lists.Definition{Kind: kind, Sources: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		r.List = l
		o.Rules = append(o.Rules, r)
	}
	return o
}

// BenchmarkThousandRules is a scan of a usual message by a thousand rules with a
// million entries.
func BenchmarkThousandRules(b *testing.B) {
	f := multimap.New(thousand(b))
	if f.Err != nil {
		b.Fatal(f.Err)
	}
	raw := "From: Ann <ann@news.example.org>\r\nReply-To: <news@host5.domain6.example>\r\nSubject: hello\r\n\r\n" +
		"https://www.example.org/a https://www.example.com/b https://shop.example.net/c\r\n"
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.7"), ClientName: "mail.example.org", Helo: "mail.example.org", From: "ann@news.example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}
	m := mail.Parse([]byte(raw), env, mail.Limits{})
	m.URLs()
	hits := 0
	b.ReportAllocs()
	for b.Loop() {
		st := &checks.State{Message: m}
		for _, c := range f.Checks {
			out, err := st.Run(b.Context(), c)
			if err != nil {
				b.Fatal(err)
			}
			hits += len(out.Hits)
		}
	}
	if hits != b.N {
		b.Errorf("%d hits in %d scans", hits, b.N)
	}
}

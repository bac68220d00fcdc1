package multimap_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/internal/worktest"
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

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkThousandRules is a scan of a usual message by a thousand rules with a
// million entries. It reports the memory that rules and lists take as well, and the
// processor's time of a scan, which other programs do not disturb.
func BenchmarkThousandRules(b *testing.B) {
	before := heap()
	o := thousand(b)
	f := multimap.New(o)
	took := heap() - before
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
	began := worktest.Process()
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
	b.ReportMetric(float64((worktest.Process()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(took)/(1<<20), "MiB")
	runtime.KeepAlive(o)
	if hits != b.N {
		b.Errorf("%d hits in %d scans", hits, b.N)
	}
}

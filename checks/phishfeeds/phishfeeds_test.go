package phishfeeds_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"log/slog"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/phishfeeds"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

const openText = `# a feed
https://open.example.test/a/b?x=1

not a url at all
https://good.example.test/a/b?x=1
{"url": "https://premium.example.test/p", "tld": "test", "sector": "Bank", "brand": "Example"}
{"url": 7}
{broken
`

func feed(t testing.TB, text string) *phishfeeds.Feed {
	t.Helper()
	f := new(phishfeeds.Feed)
	if _, err := f.Load(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return f
}

func options(t testing.TB) phishfeeds.Options {
	return phishfeeds.Options{
		OpenPhish: feed(t, openText), Generic: feed(t, "http://own.example.test/login"), Excluded: []string{"Good.example.test."},
	}
}

func TestFixtures(t *testing.T) { checktest.Run(t, phishfeeds.New(options(t))) }

func TestLoad(t *testing.T) {
	f := new(phishfeeds.Feed)
	long := "https://example.test/" + strings.Repeat("a", 20<<10)
	for text, want := range map[string]int{
		"": 0, "\n\n": 0, openText: 3, "https://example.test/a": 1, "https://example.test/a\r\nhttps://example.test/b\r\n": 2,
		long: 0, long + "\nhttps://example.test/a": 1, "mailto:ann@example.org\n": 0, "\xff\xfe\x00": 0,
	} {
		if n, err := f.Load(strings.NewReader(text)); n != want || err != nil {
			t.Errorf("%.40q: %d, %v, want %d", text, n, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := f.Load(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(openText)
	f.Add("{\"url\":\"http://\\u0000@192.0.2.1:99/?\"}\nhttp://[::1]/a%00b#c")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := new(phishfeeds.Feed).Load(strings.NewReader(text))
		if err != nil || n > strings.Count(text, "\n")+1 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func scan(t testing.TB, list []*checks.Check, st *checks.State, body string) string {
	t.Helper()
	st.Message = mail.Parse([]byte("From: ann@example.org\r\n\r\n"+body), mail.Envelope{}, mail.Limits{})
	var names []string
	for _, c := range list {
		out, err := st.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range out.Hits {
			names = append(names, fmt.Sprint(h.Def.Name, " ", h.Factor, " ", h.Options))
		}
	}
	return strings.Join(names, ", ")
}

// TestReplay: what the feeds had is on the record, and holds when they have
// changed.
func TestReplay(t *testing.T) {
	o := options(t)
	kept := map[string][]byte{}
	record := &checks.State{Outside: func(_ *checks.Check, name string, f func() []byte) []byte {
		kept[name] = f()
		return kept[name]
	}}
	const body = "https://open.example.test/a/b?x=2 https://premium.example.test/p"
	want := scan(t, phishfeeds.New(o).Checks, record, body)
	if want != "PHISHED_OPENPHISH 0.3 [open.example.test], PHISHED_OPENPHISH 1 [test Bank Example]" {
		t.Error(want)
	}
	if _, err := o.OpenPhish.Load(strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	replay := &checks.State{Outside: func(_ *checks.Check, name string, _ func() []byte) []byte { return kept[name] }}
	if got := scan(t, phishfeeds.New(o).Checks, replay, body); got != want {
		t.Errorf("replay: %s, want %s", got, want)
	}
}

// TestManyURLs: the questions are bounded, whatever the message.
func TestManyURLs(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "https://example.test/%d?q=%d ", i, i)
	}
	dns := &resolver.Counter{Resolver: zone.New()}
	st := &checks.State{DNS: func(*checks.Check) resolver.Resolver { return dns }}
	scan(t, phishfeeds.New(phishfeeds.Options{}).Checks, st, b.String())
	if dns.Asked() != phishfeeds.MaxQueries {
		t.Errorf("%d questions, want %d", dns.Asked(), phishfeeds.MaxQueries)
	}
}

func TestNoZone(t *testing.T) {
	dns := &resolver.Counter{Resolver: zone.New()}
	st := &checks.State{DNS: func(*checks.Check) resolver.Resolver { return dns }}
	scan(t, phishfeeds.New(phishfeeds.Options{Zone: "-"}).Checks, st, "https://example.test/a")
	if dns.Asked() != 0 {
		t.Errorf("%d questions", dns.Asked())
	}
}

// TestFile: a feed's file is read at the start and when it changes; a missing
// one is reported and changes nothing.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.txt")
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		source, err := lists.NewWatcher(lists.Options{}).List(lists.Definition{Kind: lists.Lines, Sources: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		env := &checks.Env{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now, Go: func(_ string, f func()) { go f() }}
		list := phishfeeds.New(phishfeeds.Options{Zone: "-", OpenPhish: phishfeeds.From(source)}).Checks
		for _, c := range list {
			if c.Start != nil {
				if err := c.Start(ctx, env); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !strings.Contains(log.String(), path) {
			t.Errorf("the log does not name the missing file: %q", log.String())
		}
		step := func(what, want string) {
			t.Helper()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if got := scan(t, list, &checks.State{}, "https://example.test/a"); got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		const hit = "PHISHED_OPENPHISH 1 [example.test]"
		step("missing", "")
		write(t, path, "https://example.test/a")
		step("written", hit)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		step("removed", hit)
		write(t, path, "https://example.test/other/page")
		step("changed", "")
		cancel()
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkPhishTank(b *testing.B) {
	var body strings.Builder
	for i := range 20 {
		fmt.Fprintf(&body, "https://www%d.example.test/articles/2026/11/story-%d.html?utm_source=mail&id=%d\r\n", i, i, i)
	}
	list := phishfeeds.New(phishfeeds.Options{}).Checks
	z := zone.New()
	st := &checks.State{DNS: func(*checks.Check) resolver.Resolver { return z }}
	st.Message = mail.Parse([]byte("From: ann@example.org\r\n\r\n"+body.String()), mail.Envelope{}, mail.Limits{})
	st.Message.URLs()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.Run(b.Context(), list[0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "https://login%d.example.test/verify/%d?session=%d\n", i%300, i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := new(phishfeeds.Feed).Load(strings.NewReader(text.String())); err != nil {
			b.Fatal(err)
		}
	}
}

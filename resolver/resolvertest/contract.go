// Package resolvertest holds what a resolver.Resolver must do as a test suite,
// and a DNS server on loopback that misbehaves on purpose.
//
// Test is for every Resolver, TestClient for one that asks DNS servers:
//
//	func TestResolver(t *testing.T) {
//		resolvertest.TestClient(t, func(t *testing.T, w resolvertest.World) resolver.Resolver {
//			return mine.New(w.Servers, w.Timeout)
//		})
//	}
package resolvertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// A World is the DNS that a Resolver under test is to answer from.
type World struct {
	// Zone is all there is, in the text format of package zone.
	Zone string
	// Servers serve it, as recursive servers do: "127.0.0.1:PORT".
	Servers []string
	// Timeout is how long to wait for a server before another try.
	Timeout time.Duration
}

// patient is a World's Timeout when all servers answer, tolerant when one does
// not and another does, impatient when none does: the test waits that long.
const (
	patient   = 10 * time.Second
	tolerant  = 500 * time.Millisecond
	impatient = 100 * time.Millisecond
)

// longText is longer than UDP carries.
const longText = 60_000

func contractZone() string {
	var b strings.Builder
	b.WriteString(`
a.example             A     192.0.2.1
a.example             A     192.0.2.2
a.example             AAAA  2001:db8::1
a.example             MX    10 mx.a.example
a.example             MX    20 .
a.example             NS    ns.a.example
a.example             SOA   ns.a.example root.a.example 1 2 3 4 5
a.example             TXT   "v=spf1 " "-all"
a.example             TXT   ""
odd.example           TXT   "\"\\\000\255"
under_score.example   A     192.0.2.3
white\032space.example A    192.0.2.4
1.2.0.192.in-addr.arpa PTR  a.example
1.2.0.192.in-addr.arpa PTR  b.example
*.wild.example        A     192.0.2.5
below.empty.example   A     192.0.2.6
www.example           CNAME web.example
web.example           CNAME a.example
lost.example          CNAME nowhere.example
self.example          CNAME self.example
ping.example          CNAME pong.example
pong.example          CNAME ping.example
servfail.example      !servfail
refused.example       !refused
lame.example          !lame
malformed.example     !malformed
truncated.example     !truncated
silent.example        !hang
half.example      TXT !servfail
half.example          A     192.0.2.7
`)
	for i := range 12 {
		fmt.Fprintf(&b, "c%d.chain.example CNAME c%d.chain.example\n", i, i+1)
	}
	b.WriteString("c12.chain.example A 192.0.2.8\n")
	for i := range 40 {
		fmt.Fprintf(&b, "l%d.long.example CNAME l%d.long.example\n", i, i+1)
	}
	b.WriteString("l40.long.example A 192.0.2.9\nhuge.example TXT")
	for range longText / 200 {
		b.WriteString(` "` + strings.Repeat("x", 200) + `"`)
	}
	b.WriteString("\n")
	return b.String()
}

// Test holds that a Resolver does what the interface promises, a
// resolver.Starter also that Start answers as Lookup does, and a
// resolver.Recaller that it recalls what Lookup said. open is called for
// each subtest and may use t.Cleanup.
func Test(t *testing.T, open func(t *testing.T, w World) resolver.Resolver) {
	testAll(t, open)
	t.Run("start", func(t *testing.T) {
		testAll(t, func(t *testing.T, w World) resolver.Resolver {
			st, ok := open(t, w).(resolver.Starter)
			if !ok {
				t.Skip("the resolver is no Starter")
			}
			return started(st)
		})
	})
	t.Run("recall", func(t *testing.T) {
		testAll(t, func(t *testing.T, w World) resolver.Resolver {
			known, ok := open(t, w).(resolver.Recaller)
			if !ok {
				t.Skip("the resolver is no Recaller")
			}
			return recalled(known)
		})
	})
}

// recalled looks up first, and answers what is recalled then, if anything is.
func recalled(known resolver.Recaller) resolver.Resolver {
	return resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		a, err := known.Lookup(ctx, name, qtype)
		if r, ok := known.Recall(ctx, resolver.Question{Name: name, Type: qtype}); ok {
			return r.Answer, r.Err
		}
		return a, err
	})
}

// started looks up by Start alone.
func started(s resolver.Starter) resolver.Resolver {
	return resolver.Func(func(ctx context.Context, name string, qtype uint16) (a resolver.Answer, err error) {
		done := make(chan struct{})
		// Beside another question, so that it goes the way of several.
		qs := []resolver.Question{{Name: name, Type: qtype}, {Name: "beside.wild.example", Type: resolver.TypeA}}
		var left atomic.Int32
		s.Start(ctx, qs, func(i int, got resolver.Answer, e error) {
			if i == 0 {
				a, err = got, e
			}
			if left.Add(1) == 2 {
				close(done)
			}
		})
		<-done
		return a, err
	})
}

func testAll(t *testing.T, open func(t *testing.T, w World) resolver.Resolver) {
	text := contractZone()
	z := zone.Must(text)
	world := func(t *testing.T, timeout time.Duration) resolver.Resolver {
		return open(t, World{Zone: text, Servers: []string{Serve(t, Zone(z)).Addr}, Timeout: timeout})
	}
	t.Run("records", func(t *testing.T) { testRecords(t, world(t, patient)) })
	t.Run("not found", func(t *testing.T) { testNotFound(t, world(t, patient)) })
	t.Run("temporary", func(t *testing.T) { testTemporary(t, world(t, impatient)) })
	t.Run("context", func(t *testing.T) { testContext(t, world(t, patient)) })
	t.Run("concurrent", func(t *testing.T) { testConcurrent(t, world(t, patient)) })
	t.Run("no names", func(t *testing.T) { testNoNames(t, world(t, patient)) })
}

// texts returns the records without TTLs, sorted.
func texts(a resolver.Answer) []string {
	var lines []string
	for _, r := range a.Records {
		r.TTL = 0
		b, _ := r.MarshalText() // never fails
		lines = append(lines, string(b))
	}
	slices.Sort(lines)
	return lines
}

func testRecords(t *testing.T, r resolver.Resolver) {
	for _, c := range []struct {
		name  string
		qtype uint16
		want  []string
	}{
		{"a.example", resolver.TypeA, []string{"a.example 0 A 192.0.2.1", "a.example 0 A 192.0.2.2"}},
		{"A.Example.", resolver.TypeA, []string{"a.example 0 A 192.0.2.1", "a.example 0 A 192.0.2.2"}},
		{"a.example", resolver.TypeAAAA, []string{"a.example 0 AAAA 2001:db8::1"}},
		{"a.example", resolver.TypeMX, []string{"a.example 0 MX 10 mx.a.example", "a.example 0 MX 20 ."}},
		{"a.example", resolver.TypeNS, []string{"a.example 0 NS ns.a.example"}},
		{"a.example", resolver.TypeSOA, []string{"a.example 0 SOA ns.a.example root.a.example 1 2 3 4 5"}},
		{"a.example", resolver.TypeTXT, []string{`a.example 0 TXT ""`, `a.example 0 TXT "v=spf1 " "-all"`}},
		{"odd.example", resolver.TypeTXT, []string{`odd.example 0 TXT "\"\\\000\255"`}},
		{"under_score.example", resolver.TypeA, []string{"under_score.example 0 A 192.0.2.3"}},
		{`white space.example`, resolver.TypeA, []string{`white\032space.example 0 A 192.0.2.4`}},
		{"1.2.0.192.in-addr.arpa", resolver.TypePTR, []string{"1.2.0.192.in-addr.arpa 0 PTR a.example", "1.2.0.192.in-addr.arpa 0 PTR b.example"}},
		{"x.y.wild.example", resolver.TypeA, []string{"x.y.wild.example 0 A 192.0.2.5"}},
		{"half.example", resolver.TypeA, []string{"half.example 0 A 192.0.2.7"}},
		{"www.example", resolver.TypeCNAME, []string{"www.example 0 CNAME web.example"}},
		{"www.example", resolver.TypeAAAA, []string{
			"a.example 0 AAAA 2001:db8::1", "web.example 0 CNAME a.example", "www.example 0 CNAME web.example",
		}},
	} {
		a, err := r.Lookup(t.Context(), c.name, c.qtype)
		if got := texts(a); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, %v; want %q", c.name, resolver.TypeString(c.qtype), got, err, c.want)
		}
	}
	a, err := r.Lookup(t.Context(), "c0.chain.example", resolver.TypeA)
	if err != nil || len(a.Records) != 13 || len(a.IPs()) != 1 {
		t.Errorf("a chain of 12 CNAMEs: %d records, %v", len(a.Records), err)
	}
	a, err = r.Lookup(t.Context(), "huge.example", resolver.TypeTXT)
	if err != nil || len(a.Texts()[0]) != longText {
		t.Errorf("a long TXT record: %d records, %v", len(a.Records), err)
	}
}

func testNotFound(t *testing.T, r resolver.Resolver) {
	for _, c := range []struct {
		name   string
		qtype  uint16
		exists bool
	}{
		{"nowhere.example", resolver.TypeA, false},
		{"a.nowhere.example", resolver.TypeTXT, false},
		{"under_score.example", resolver.TypeMX, true},
		{"empty.example", resolver.TypeA, true},
		{"lost.example", resolver.TypeA, false}, // a CNAME to a name that does not exist
		{"www.example", resolver.TypePTR, true},
	} {
		a, err := r.Lookup(t.Context(), c.name, c.qtype)
		if !resolver.IsNotFound(err) || resolver.IsTemporary(err) || len(a.Records) > 0 {
			t.Errorf("%s %s: %v, %v; want not found", c.name, resolver.TypeString(c.qtype), texts(a), err)
		}
		if _, ours := errors.AsType[*resolver.Error](err); ours && errors.Is(err, resolver.ErrNXDomain) == c.exists {
			t.Errorf("%s %s: %v, but the name's existence is %v", c.name, resolver.TypeString(c.qtype), err, c.exists)
		}
	}
}

func testTemporary(t *testing.T, r resolver.Resolver) {
	var wg sync.WaitGroup
	for _, name := range []string{
		"servfail.example", "refused.example", "lame.example", "malformed.example", "truncated.example", "silent.example",
		"self.example", "ping.example", "l0.long.example",
	} {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 8*impatient)
			defer cancel()
			a, err := r.Lookup(ctx, name, resolver.TypeA)
			if !resolver.IsTemporary(err) || resolver.IsNotFound(err) || len(a.Records) > 0 {
				t.Errorf("%s: %v, %v; want a temporary error", name, texts(a), err)
			}
		})
	}
	wg.Wait()
	if _, err := r.Lookup(t.Context(), "half.example", resolver.TypeTXT); !resolver.IsTemporary(err) {
		t.Errorf("half.example TXT: %v; want a temporary error", err)
	}
}

func testContext(t *testing.T, r resolver.Resolver) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Lookup(over, "a.example", resolver.TypeA); !resolver.IsTemporary(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled context: %v", err)
	}
	waiting, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	for range 3 {
		go func() {
			_, err := r.Lookup(waiting, "silent.example", resolver.TypeA)
			done <- err
		}()
	}
	cancel()
	for range 3 {
		if err := <-done; !resolver.IsTemporary(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("canceled while waiting: %v", err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := r.Lookup(short, "silent.example", resolver.TypeTXT); !resolver.IsTemporary(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline: %v", err)
	}
	if took := time.Since(begun); took >= patient {
		t.Errorf("a deadline after 10 ms ended the look-up after %v", took)
	}
}

func testConcurrent(t *testing.T, r resolver.Resolver) {
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			name := fmt.Sprintf("n%d.wild.example", i%20)
			a, err := r.Lookup(t.Context(), name, resolver.TypeA)
			if err != nil || len(a.Records) != 1 || a.Records[0].Name != name {
				t.Errorf("%s: %v, %v", name, texts(a), err)
				return
			}
			a.Records[0].Name = "changed"
		})
		wg.Go(func() {
			a, err := r.Lookup(t.Context(), "a.example", resolver.TypeTXT)
			if err != nil || !slices.Contains(a.Texts(), "v=spf1 -all") {
				t.Errorf("a.example TXT: %v, %v", texts(a), err)
				return
			}
			a.Records[0].Strings[0], a.Records[1].Strings[0] = "changed", "changed"
		})
	}
	wg.Wait()
}

// testNoNames holds that what is no domain name gives an error and no panic.
func testNoNames(t *testing.T, r resolver.Resolver) {
	for _, name := range []string{
		"", ".", "..", "a..example", ".example", strings.Repeat("x", 64) + ".example",
		strings.Repeat("x.", 130) + "example", strings.Repeat("x", 100_000), `a\`, `a\25`, `\999.example`, "\x00\xff",
		strings.Repeat(`\000`, 70) + ".example", "a\nb.example", "a b",
	} {
		if a, err := r.Lookup(t.Context(), name, resolver.TypeA); err == nil {
			t.Errorf("%.40q: %v", name, texts(a))
		}
	}
	for _, qtype := range []uint16{0, 41, 251, 252, 255, 65280} {
		if a, err := r.Lookup(t.Context(), "under_score.example", qtype); err == nil && len(a.OfType(qtype)) == 0 {
			t.Errorf("type %d: %v", qtype, texts(a))
		}
	}
}

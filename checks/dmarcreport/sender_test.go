package dmarcreport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

func TestFailureKeepsRows(t *testing.T) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	res := result(t, "example.org", "v=DMARC1; p=none; rua=mailto:a@example.org,mailto:b@example.org")
	note(t, Options{}, kv, "192.0.2.1", res)
	down := true
	p := &post{fail: func(to string) bool { return down && to == "b@example.org" }}
	s := p.sender(kv, "")
	for range 2 {
		if sum, err := s.Run(t.Context(), today()); err == nil || sum.Failed != 1 {
			t.Errorf("got %+v, %v", sum, err)
		}
	}
	note(t, Options{}, kv, "192.0.2.1", res)
	down = false
	if sum, err := s.Run(t.Context(), today()); err != nil || sum.Sent != 1 {
		t.Errorf("got %+v, %v", sum, err)
	}
	if len(p.mails) != 2 || p.mails[0].To != "a@example.org" || p.mails[1].To != "b@example.org" {
		t.Fatalf("sent %+v", p.mails)
	}
	if _, f := unpack(t, p.mails[1]); f.Records[0].Count != 2 {
		t.Errorf("count %d", f.Records[0].Count)
	}
	// What comes late is another report.
	note(t, Options{}, kv, "192.0.2.1", res)
	if sum, err := s.Run(t.Context(), today()); err != nil || sum.Sent != 2 || p.mails[2].ReportID == p.mails[1].ReportID {
		t.Errorf("late: %+v, %v", sum, err)
	}
}

// TestWhoGetsNone: what is excluded or refuses for good is not asked again.
func TestWhoGetsNone(t *testing.T) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	note(t, Options{}, kv, "192.0.2.1", result(t, "example.org",
		"v=DMARC1; p=none; rua=mailto:a@example.org,mailto:b@example.org,mailto:c@b\u00fccher.example.org,mailto:d@example.org"))
	p := &post{}
	s := p.sender(kv, "")
	s.Exclude = []string{"b@EXAMPLE.org", "xn--bcher-kva.example.org"}
	send := s.Send
	s.Send = func(ctx context.Context, m Mail) error {
		if m.To == "d@example.org" {
			return fmt.Errorf("no such mailbox: %w", ErrRefused)
		}
		return send(ctx, m)
	}
	if sum, err := s.Run(t.Context(), today()); err != nil || sum.Sent != 1 || sum.Skipped != 3 || sum.Failed != 0 {
		t.Errorf("got %+v, %v", sum, err)
	}
	if len(p.mails) != 1 || p.mails[0].To != "a@example.org" {
		t.Errorf("sent %+v", p.mails)
	}
	if sum, err := s.Run(t.Context(), today()); err != nil || sum != (Summary{}) {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kv := storage.NewMemory(storage.MemoryOptions{})
		for i := range 5 {
			domain := fmt.Sprintf("example%d.org", i)
			note(t, Options{}, kv, "192.0.2.1", result(t, domain, "v=DMARC1; p=none; rua=mailto:a@"+domain))
		}
		p := &post{}
		s := p.sender(kv, "")
		s.Batch, s.Pause = 2, time.Minute
		began := time.Now()
		if sum, err := s.Run(t.Context(), today()); err != nil || sum.Sent != 5 || time.Since(began) != 2*time.Minute {
			t.Errorf("got %+v, %v after %v", sum, err, time.Since(began))
		}
	})
}

func TestAddresses(t *testing.T) {
	const dns = `
example.org._report._dmarc.yes.example      TXT "v=DMARC1"
example.org._report._dmarc.other.example    TXT "v=DMARC1; rua=mailto:new@other.example"
example.org._report._dmarc.elsewhere.example TXT "v=DMARC1;rua=mailto:x@evil.example"
example.org._report._dmarc.text.example     TXT "hello"
example.org._report._dmarc.broken.example   !servfail
*._report._dmarc.any.example                TXT "v=DMARC1;"
`
	for _, c := range []struct{ rua, want string }{
		{"mailto:a@example.org", "a@example.org"},
		{"mailto:a@sub.example.org", "a@sub.example.org"},
		{"MAILTO:a%2Bb@example.org?subject=x", "a+b@example.org"},
		{"mailto:a@yes.example", "a@yes.example"},
		{"mailto:a@other.example", "new@other.example"},
		{"mailto:a@elsewhere.example", "a@elsewhere.example"},
		{"mailto:a@any.example", "a@any.example"},
		{"mailto:a@no.example", ""},
		{"mailto:a@text.example", ""},
		{"mailto:a@broken.example", "error"},
		{"https://example.org/report", ""},
		{"mailto:a@b@example.org", ""},
		{"mailto:a%0d%0aBcc:x@example.org", ""},
		{"mailto:a@example.org!1", ""},
		{"mailto:a@example.org!1m", "a@example.org"},
		{"mailto:a@example.org!0g", "a@example.org"},
	} {
		kv := storage.NewMemory(storage.MemoryOptions{})
		note(t, Options{}, kv, "192.0.2.1", result(t, "example.org", "v=DMARC1; p=none; rua="+c.rua))
		p := &post{}
		_, err := p.sender(kv, dns).Run(t.Context(), today())
		got := ""
		if err != nil {
			got = "error"
		} else if len(p.mails) > 0 {
			got = p.mails[0].To
		}
		if got != c.want {
			t.Errorf("%s: sent to %q, want %q (%v)", c.rua, got, c.want, err)
		}
		if n := kv.Stats().Keys; err == nil && n > 1 {
			t.Errorf("%s: %d keys are left", c.rua, n)
		}
	}
}

func TestNotNoted(t *testing.T) {
	res := result(t, "example.org", wanted)
	none := res
	none.Status = "none"
	silent := result(t, "example.org", "v=DMARC1; p=none")
	for _, c := range []struct {
		why string
		o   Options
		res dmarc.Result
	}{
		{"no record", Options{}, none},
		{"nobody asks", Options{}, silent},
		{"excluded", Options{Exclude: []string{"ORG"}}, res},
		{"not among the only ones", Options{Only: []string{"example.net"}}, res},
		{"a path as domain", Options{}, result(t, "x/../../example.org", wanted)},
		{"odd characters", Options{}, result(t, "a!b.example.org", wanted)},
		{"seeded without record", Options{}, dmarc.Result{Status: "fail", Domain: "example.org", Policy: "reject"}},
	} {
		kv := storage.NewMemory(storage.MemoryOptions{})
		note(t, c.o, kv, "192.0.2.1", c.res)
		if kv.Stats().Keys != 0 {
			t.Errorf("%s: noted", c.why)
		}
	}
}

func TestBounds(t *testing.T) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	res := result(t, "example.org", wanted)
	for i := range 50 {
		note(t, Options{Rows: 10}, kv, fmt.Sprintf("192.0.2.%d", i), res)
	}
	p := &post{}
	if _, err := p.sender(kv, "").Run(t.Context(), today()); err != nil || len(p.mails) != 1 {
		t.Fatal(err)
	}
	if _, f := unpack(t, p.mails[0]); len(f.Records) != 10 {
		t.Errorf("%d rows", len(f.Records))
	}
}

// TestConcurrent notes and sends in parallel: every message is counted once.
func TestConcurrent(t *testing.T) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 200 {
				domain := fmt.Sprintf("d%d.example", i%7)
				note(t, Options{}, kv, fmt.Sprintf("192.0.2.%d", (w+i)%20), result(t, domain, "v=DMARC1; p=none; rua=mailto:a@"+domain))
			}
		})
	}
	wg.Wait()
	p := &post{}
	for range 4 {
		wg.Go(func() {
			if _, err := p.sender(kv, "").Run(context.Background(), today()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	total := 0
	for _, m := range p.mails {
		_, f := unpack(t, m)
		for _, r := range f.Records {
			total += r.Count
		}
	}
	if total != 1600 || len(p.mails) != 7 {
		t.Errorf("%d messages in %d reports", total, len(p.mails))
	}
}

func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kv := storage.NewMemory(storage.MemoryOptions{})
		p := &post{}
		s := p.sender(nil, "")
		s.Resolver = nil
		note(t, Options{}, kv, "192.0.2.1", result(t, "example.org", wanted))
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		env := &checks.Env{
			Store: kv, Resolver: resolver.None, Log: slog.New(slog.DiscardHandler),
			// Half past eleven in the evening of that day.
			Now: func() time.Time { return today().Add(11*time.Hour + 30*time.Minute + time.Since(start)) },
			Go:  func(_ string, f func()) { wg.Go(f) },
		}
		if err := After(Options{Store: kv, Sender: s}).Start(ctx, env); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Minute)
		if p.count() != 0 {
			t.Error("sent before the day was over for an hour")
		}
		time.Sleep(time.Hour)
		if p.count() != 1 {
			t.Errorf("%d mails", p.count())
		}
		cancel()
		wg.Wait()
	})
}

func TestOptionsAreValidated(t *testing.T) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	for name, o := range map[string]Options{
		"no store": {}, "negative rows": {Store: kv, Rows: -1}, "too many rows": {Store: kv, Rows: MaxRows + 1},
		"an empty sender": {Store: kv, Sender: &Sender{}},
	} {
		_, err := winnow.New(winnow.Options{Families: []*checks.Family{}, After: []winnow.After{After(o)}})
		if !errors.Is(err, winnow.ErrOptions) || !strings.Contains(err.Error(), "dmarcreport") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Mail is noted after its scan, unless a check that says what is noted did not
// come to its end.
func TestNotedAfterScans(t *testing.T) {
	for _, fails := range []bool{false, true} {
		kv := storage.NewMemory(storage.MemoryOptions{})
		c := &checks.Check{Name: "dkim", Doc: "d", Provides: []checks.AnyFact{dkim.Fact}, Run: func(context.Context, *checks.Task) error {
			if fails {
				return errors.New("bug")
			}
			return nil
		}}
		s, err := winnow.New(winnow.Options{
			Families: []*checks.Family{}, Checks: []*checks.Check{c}, Clock: today, After: []winnow.After{After(Options{Store: kv})}, StoreBudget: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		m := &winnow.Message{
			Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}, Body: winnow.FromBytes([]byte("From: a@example.org\r\n\r\n")),
		}
		if _, err := s.Scan(t.Context(), m, checks.Seed(dmarc.Fact, result(t, "example.org", wanted))); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if noted := kv.Stats().Keys > 0; noted == fails {
			t.Errorf("the check fails: %v, noted: %v", fails, noted)
		}
	}
}

func BenchmarkNote(b *testing.B) {
	kv := storage.NewMemory(storage.MemoryOptions{})
	res := result(b, "example.org", wanted)
	b.ReportAllocs()
	for b.Loop() {
		note(b, Options{}, kv, "192.0.2.1", res)
	}
}

// TestKilled: what the store acknowledged is reported after kill -9.
func TestKilled(t *testing.T) {
	res := result(t, "example.org", "v=DMARC1; p=none; rua=mailto:a@example.org")
	kv := statetest.Crash(t, func(store storage.Store) {
		note(t, Options{}, store, "192.0.2.1", res)
		note(t, Options{}, store, "192.0.2.1", res)
	})
	note(t, Options{}, kv, "192.0.2.1", res)
	p := &post{}
	if sum, err := p.sender(kv, "").Run(t.Context(), today()); err != nil || sum.Sent != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if _, f := unpack(t, p.mails[0]); len(f.Records) != 1 || f.Records[0].Count != 3 {
		t.Errorf("records %+v, want one of 3 messages", f.Records)
	}
}

// TestTwoMachines: what two daemons noted on one Redis is one report, and is sent once.
func TestTwoMachines(t *testing.T) {
	server := redistest.Start(t)
	res := result(t, "example.org", "v=DMARC1; p=none; rua=mailto:a@example.org")
	p := &post{}
	stores := []storage.KV{redistest.Open(t, redis.Options{Addrs: []string{server.Addr}}), redistest.Open(t, redis.Options{Addrs: []string{server.Addr}})}
	for i, kv := range stores {
		for range i + 1 {
			note(t, Options{}, kv, "192.0.2.1", res)
		}
	}
	var wg sync.WaitGroup
	for _, kv := range stores {
		wg.Go(func() {
			if _, err := p.sender(kv, "").Run(t.Context(), today()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(p.mails) != 1 {
		t.Fatalf("%d reports", len(p.mails))
	}
	if _, f := unpack(t, p.mails[0]); len(f.Records) != 1 || f.Records[0].Count != 3 {
		t.Errorf("records %+v, want one of 3 messages", f.Records)
	}
}

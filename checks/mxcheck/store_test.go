package mxcheck_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/storage"
)

// A world is what a scan meets.
type world struct {
	opt   mxcheck.Options
	dials atomic.Int64
	dns   resolver.Counter
	store storage.KV
	state checks.State
}

func newWorld(records string) *world {
	w := &world{opt: options(), dns: resolver.Counter{Resolver: zone.Must(records)}}
	w.opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.dials.Add(1)
		return scripted(ctx, network, address)
	}
	return w
}

// scan scans a message from and returns what was raised.
func (w *world) scan(t testing.TB, from string) (string, checks.Outcome) {
	t.Helper()
	st := &checks.State{
		Message: mail.Parse([]byte("From: ann@from.example.org\r\n\r\n"), mail.Envelope{From: from, HasFrom: true}, mail.Limits{}),
		DNS:     func(*checks.Check) resolver.Resolver { return &w.dns },
		Outside: w.state.Outside,
	}
	if w.store != nil {
		st.Store = func(*checks.Check) storage.Store { return storage.Full(w.store) }
	}
	out, err := st.Run(t.Context(), mxcheck.New(w.opt).Checks[0])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range out.Hits {
		names = append(names, fmt.Sprint(h.Def.Name, h.Options))
	}
	return strings.Join(names, " "), out
}

const twoDomains = `
example.org MX 10 mx.example.org
mx.example.org A 127.0.0.1
from.example.org MX 10 mx.from.example.org
mx.from.example.org A 127.0.0.2
`

// TestStore: the outcome of a connection is kept, for as long as its kind.
func TestStore(t *testing.T) {
	now := time.Unix(1e9, 0)
	w := newWorld(twoDomains)
	w.store = storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return now }})
	const want = "MX_GOOD[mx.example.org] MIME_FROM_MX_REFUSED[mx.from.example.org]"
	for i, step := range []struct {
		after time.Duration
		dials int64
	}{{0, 2}, {time.Hour, 2}, {3 * time.Hour, 3}, {20 * time.Hour, 5}} {
		now = now.Add(step.after)
		if got, _ := w.scan(t, "ann@example.org"); got != want || w.dials.Load() != step.dials {
			t.Errorf("step %d: %s, %d connections, want %d", i, got, w.dials.Load(), step.dials)
		}
	}
	v, err := w.store.Get(t.Context(), "rmx:i:127.0.0.1")
	if string(v) != "gd" || err != nil {
		t.Errorf("the store has %q, %v", v, err)
	}
}

// TestStoreContents: any address of the host will do if its outcome is known,
// and what makes no sense is overwritten.
func TestStoreContents(t *testing.T) {
	for name, tc := range map[string]struct {
		keys  map[string]string
		want  string
		dials int64
	}{
		"second address":   {map[string]string{"127.0.0.3": "gd"}, "MX_GOOD[mx.example.org]", 0},
		"Rspamd's error":   {map[string]string{"127.0.0.2": "err:550"}, "MX_ERROR[mx.example.org 550] MX_GOOD[mx.example.org]", 0},
		"locked":           {map[string]string{"127.0.0.2": "l"}, "MX_INFLIGHT[mx.example.org]", 0},
		"nonsense":         {map[string]string{"127.0.0.2": "err:999"}, "MX_REFUSED[mx.example.org]", 1},
		"nothing":          {nil, "MX_REFUSED[mx.example.org]", 1},
		"read timeout":     {map[string]string{"127.0.0.2": "tr"}, "MX_TIMEOUT_READ[mx.example.org]", 0},
		"not SMTP":         {map[string]string{"127.0.0.2": "inv"}, "MX_INVALID[mx.example.org]", 0},
		"connect timeouts": {map[string]string{"127.0.0.2": "tc"}, "MX_TIMEOUT_CONNECT[mx.example.org]", 0},
	} {
		w := newWorld("example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.2\nmx.example.org A 127.0.0.3")
		w.opt.NoFrom = true
		w.store = storage.NewMemory(storage.MemoryOptions{})
		for ip, v := range tc.keys {
			if err := w.store.Set(t.Context(), "rmx:i:"+ip, []byte(v), 0); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := w.scan(t, "ann@example.org"); got != tc.want || w.dials.Load() != tc.dials {
			t.Errorf("%s: %s, %d connections", name, got, w.dials.Load())
		}
	}
}

// broken is a store that fails.
type broken struct{ storage.KV }

var errStore = errors.New("store is down")

func (broken) GetMany(context.Context, []string) ([][]byte, error) { return nil, errStore }
func (broken) Add(context.Context, string, []byte, time.Duration) ([]byte, error) {
	return nil, errStore
}

// TestBrokenStore: without a lock nobody connects, lest all do.
func TestBrokenStore(t *testing.T) {
	w := newWorld(twoDomains)
	w.store = broken{}
	got, _ := w.scan(t, "ann@example.org")
	if got != "MX_REDIS_ERROR[mx.example.org] MIME_FROM_MX_REDIS_ERROR[mx.from.example.org]" || w.dials.Load() != 0 {
		t.Errorf("%s, %d connections", got, w.dials.Load())
	}
}

// TestOneConnection: of scans at the same time one connects; the others say
// that it does, or what it found.
func TestOneConnection(t *testing.T) {
	w := newWorld(twoDomains)
	w.opt.NoFrom = true
	w.store = storage.NewMemory(storage.MemoryOptions{})
	dial := w.opt.Dial
	gate := make(chan struct{})
	w.opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		<-gate
		return dial(ctx, network, address)
	}
	first := make(chan string, 1)
	go func() {
		s, _ := w.scan(t, "ann@example.org")
		first <- s
	}()
	for { // until the lock is there
		if _, err := w.store.Get(t.Context(), "rmx:i:127.0.0.1"); err == nil {
			break
		}
	}
	if got, _ := w.scan(t, "ann@example.org"); got != "MX_INFLIGHT[mx.example.org]" {
		t.Error(got)
	}
	close(gate)
	if got := <-first; got != "MX_GOOD[mx.example.org]" {
		t.Error(got)
	}
	if got, _ := w.scan(t, "ann@example.org"); got != "MX_GOOD[mx.example.org]" || w.dials.Load() != 1 {
		t.Errorf("%s, %d connections", got, w.dials.Load())
	}
}

// TestSharedHost: domains with the same MX cost one connection.
func TestSharedHost(t *testing.T) {
	for _, store := range []storage.KV{nil, storage.NewMemory(storage.MemoryOptions{}), broken{}} {
		w := newWorld("example.org MX 10 mx.example.net\nfrom.example.org MX 10 mx.example.net\nmx.example.net A 127.0.0.1")
		w.store = store
		got, _ := w.scan(t, "ann@example.org")
		want, dials := "MX_GOOD[mx.example.net] MIME_FROM_MX_GOOD[mx.example.net]", int64(1)
		if store == (broken{}) {
			want, dials = strings.ReplaceAll(want, "GOOD", "REDIS_ERROR"), 0
		}
		if got != want || w.dials.Load() != dials {
			t.Errorf("%s, %d connections", got, w.dials.Load())
		}
	}
}

// TestReplay: what the connections told is on the record.
func TestReplay(t *testing.T) {
	w := newWorld(twoDomains)
	var kept []byte
	w.state.Outside = func(_ *checks.Check, _ string, f func() []byte) []byte {
		kept = f()
		return kept
	}
	want, _ := w.scan(t, "ann@example.org")
	w.state.Outside = func(*checks.Check, string, func() []byte) []byte { return kept }
	if got, _ := w.scan(t, "ann@example.org"); got != want || w.dials.Load() != 2 {
		t.Errorf("%s, %d connections, want %s", got, w.dials.Load(), want)
	}
}

// TestInParallel: the hosts of all domains are connected to at the same time.
func TestInParallel(t *testing.T) {
	w := newWorld(twoDomains)
	var both sync.WaitGroup
	both.Add(2)
	w.opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		both.Done()
		both.Wait()
		return scripted(ctx, network, address)
	}
	if got, _ := w.scan(t, "ann@example.org"); got != "MX_GOOD[mx.example.org] MIME_FROM_MX_REFUSED[mx.from.example.org]" {
		t.Error(got)
	}
}

// TestBounds: a thousand records cost no more than a few.
func TestBounds(t *testing.T) {
	var records strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&records, "*.example.net MX %d mx%d.example.test\nexample.org MX 10 mx.example.test\nmx.example.test A 127.0.3.%d\n", i, i, i%250)
	}
	w := newWorld(records.String())
	raw := "From: " + strings.Repeat("a@b.example.net, ", 500)
	for i := range 500 {
		raw += fmt.Sprintf("a@d%d.example.net, ", i)
	}
	st := &checks.State{
		Message: mail.Parse([]byte(raw+"\r\n\r\n"), mail.Envelope{From: "a@example.org", HasFrom: true}, mail.Limits{}),
		DNS:     func(*checks.Check) resolver.Resolver { return &w.dns },
	}
	c := mxcheck.New(w.opt).Checks[0]
	if _, err := st.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if asked := w.dns.Asked(); asked > int64(c.Needs.Queries) || w.dials.Load() > 4 {
		t.Errorf("%d questions of %d, %d connections", asked, c.Needs.Queries, w.dials.Load())
	}
}

func TestRejectNull(t *testing.T) {
	w := newWorld("example.org MX 0 .")
	w.opt.RejectNull, w.opt.NoFrom = true, true
	got, out := w.scan(t, "ann@example.org")
	if got != "MX_NULL[example.org]" || len(out.PreResults) != 1 || out.PreResults[0].Value.Action != actions.Reject {
		t.Errorf("%s, %+v", got, out.PreResults)
	}
}

// TestNoDial: without a dialer DNS alone tells; without DNS nothing.
func TestNoDial(t *testing.T) {
	w := newWorld(twoDomains)
	w.opt.Dial, w.store = nil, storage.NewMemory(storage.MemoryOptions{})
	if got, _ := w.scan(t, "ann@nowhere.example.org"); got != "MX_NONE[nowhere.example.org] MIME_FROM_MX_SKIP[mx.from.example.org]" {
		t.Error(got)
	}
	w.dns.Resolver = resolver.None
	if got, _ := w.scan(t, "ann@example.org"); got != "" {
		t.Error(got)
	}
}

func TestOff(t *testing.T) {
	if f := mxcheck.New(mxcheck.Options{Off: true}); len(f.Checks) != 0 || f.Err != nil {
		t.Errorf("%+v", f)
	}
	if c := mxcheck.New(mxcheck.Options{}).Checks[0]; !c.Needs.DNS || len(c.Symbols) != 78 {
		t.Errorf("%+v, %d symbols", c.Needs, len(c.Symbols))
	}
}

func TestGreylist(t *testing.T) {
	for outcome, want := range map[mxcheck.Outcome]bool{
		mxcheck.Good: false, mxcheck.None: true, mxcheck.DNSFail: false, mxcheck.TimeoutRead: true, mxcheck.Bad: false,
	} {
		if got := (mxcheck.Verdict{Outcome: outcome}).Greylist(); got != want {
			t.Errorf("%s: %v", outcome, got)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	w := newWorld(twoDomains)
	w.store = storage.NewMemory(storage.MemoryOptions{})
	c := mxcheck.New(w.opt).Checks[0]
	m := mail.Parse([]byte("From: ann@from.example.org\r\n\r\n"), mail.Envelope{From: "ann@example.org", HasFrom: true}, mail.Limits{})
	b.ReportAllocs()
	for b.Loop() {
		st := &checks.State{
			Message: m,
			DNS:     func(*checks.Check) resolver.Resolver { return &w.dns },
			Store:   func(*checks.Check) storage.Store { return storage.Full(w.store) },
		}
		if _, err := st.Run(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

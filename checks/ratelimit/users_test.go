package ratelimit_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
	"github.com/winnowmail/winnow/storage/redis"
)

// A desk gets the notices.
type desk struct {
	mu   sync.Mutex
	list []ratelimit.Incident
}

func (d *desk) tell(_ context.Context, in ratelimit.Incident) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, in)
}

// A user whose account was broken into is told of once, whichever machine sees it
// and however often it goes on, and again when it happens anew.
func TestUsers(t *testing.T) {
	var d desk
	o := ratelimit.Options{Users: ratelimit.Users{Messages: buckets(t, "3 / 1h"), Recipients: buckets(t, "10 / 1h")}, FoldPlus: true, Notice: d.tell}
	w := newWorld(t, o)
	other := w.open(o)
	w.expect(5, "hello", "no action") // nobody has logged in
	w.env.User = "Ann@example.org"
	w.env.Rcpts = []string{"postmaster@example.com"} // is no way around it
	w.expect(3, "hello", "no action")
	w.expect(2, "hello", "soft reject RATELIMITED user_messages")
	w.scanner, other = other, w.scanner
	w.env.User = "ann+x@example.org"
	w.expect(2, "hello", "soft reject RATELIMITED user_messages")
	if len(d.list) != 1 {
		t.Fatalf("%+v", d.list)
	}
	in := d.list[0]
	if in.User != "Ann@example.org" || in.Limit != "user_messages" || in.Level != 3 || in.N != 1 || !in.First || !in.Time.Equal(w.now) || in.Bucket.Text() != "3 / 1h" {
		t.Errorf("%+v", in)
	}
	w.now = w.now.Add(21 * time.Minute)
	w.expect(1, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED user_messages")
	if len(d.list) != 1 {
		t.Errorf("the incident is not over: %+v", d.list[1:])
	}
	w.now = w.now.Add(time.Hour)
	w.env.Rcpts = strings.Fields("a@example.com b@example.com c@example.com d@example.com e@example.com f@example.com")
	w.expect(1, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED user_recipients")
	w.scanner = other
	w.expect(1, "hello", "soft reject RATELIMITED user_recipients")
	if len(d.list) != 2 || d.list[1].Limit != "user_recipients" || d.list[1].Level != 6 || d.list[1].N != 6 {
		t.Errorf("%+v", d.list)
	}
	w.env.User = "bob@example.org"
	w.expect(1, "hello", "no action")
}

// Bounces that come back by the hundred are let through, and told of.
func TestBounces(t *testing.T) {
	var d desk
	w := newWorld(t, ratelimit.Options{Users: ratelimit.Users{Bounces: buckets(t, "2 / 1h")}, Notice: d.tell})
	w.env.From = ""
	w.expect(2, "hello", "no action")
	w.expect(3, "hello", "no action RATELIMITED user_bounces")
	if len(d.list) != 1 || d.list[0].User != "bob@example.com" || d.list[0].Level != 2 {
		t.Errorf("%+v", d.list)
	}
	w.env.Rcpts = []string{"eve@example.com"}
	w.expect(1, "hello", "no action")
	w.env.From = "ann@example.org"
	w.expect(3, "hello", "no action")
}

// An ordinary limit tells when it is asked to.
func TestNotify(t *testing.T) {
	for _, notify := range []bool{false, true} {
		var d desk
		o := limit(t, "to", "1 / 1h")
		o.Notice, o.Limits[0].Notify = d.tell, notify
		w := newWorld(t, o)
		w.expect(1, "hello", "no action")
		w.expect(2, "hello", limited)
		if (len(d.list) == 1) != notify {
			t.Errorf("%v: %+v", notify, d.list)
		}
	}
}

// A store that is down puts nothing off, and the Result says so.
func TestStoreDown(t *testing.T) {
	w := newWorld(t, limit(t, "to", "1 / 1min"))
	memory := w.store
	w.store = &flaky{Store: memory}
	w.scanner = w.open(limit(t, "to", "1 / 1min"))
	store := w.store.(*flaky)
	w.expect(1, "hello", "no action")
	store.down.Store(true)
	w.expect(3, "hello", "no action !ratelimit_check")
	store.down.Store(false)
	w.expect(1, "hello", limited)

	// When it dies between the two steps the message has its verdict all the same.
	store.dies.Store(true)
	w.env.Rcpts = []string{"eve@example.com"}
	w.expect(1, "decided: soft reject", "soft reject !ratelimit_check")
}

// flaky is a store that can be down.
type flaky struct {
	storage.Store
	down, dies            atomic.Bool
	takes, settles, ranks atomic.Int64
}

var errDown = errors.New("down")

func (f *flaky) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	f.takes.Add(1)
	if f.down.Load() {
		return nil, errDown
	}
	b, err := f.Store.TakeAll(ctx, claims, now)
	f.down.Store(f.down.Load() || f.dies.Load())
	return b, err
}

func (f *flaky) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	f.settles.Add(1)
	if f.down.Load() {
		return errDown
	}
	return f.Store.Settle(ctx, ss, now)
}

func (f *flaky) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	f.ranks.Add(1)
	if f.down.Load() {
		return errDown
	}
	return f.Store.Rank(ctx, set, member, score, keep, ttl)
}

// A message costs one trip to look, and one more if there is something to update:
// of dynamic buckets, when it was put off by another check, or when it is the first
// to find a bucket full.
func TestTrips(t *testing.T) {
	for name, c := range map[string]struct {
		text           string
		dynamic        bool
		takes, settles int64
		ranks          int64
	}{
		"plain": {"good", false, 1, 0, 0}, "dynamic": {"good", true, 1, 1, 0}, "put off": {"decided: soft reject", true, 1, 1, 0},
		"exceeds": {"hello", true, 1, 0, 1},
	} {
		o := limit(t, "to", "10 / 1h, 5 / 1min")
		o.Limits = append(o.Limits, ratelimit.Limit{Name: "ip_from", Buckets: buckets(t, "9 / 1min")})
		o.Dynamic = c.dynamic
		w := newWorld(t, o)
		store := &flaky{Store: w.store}
		w.store = store
		w.scanner = w.open(o)
		if name == "exceeds" {
			w.expect(5, c.text, "no action")
			store.takes.Store(0)
			store.settles.Store(0)
		}
		w.scan(c.text)
		if got := [3]int64{store.takes.Load(), store.settles.Load(), store.ranks.Load()}; got != [3]int64{c.takes, c.settles, c.ranks} {
			t.Errorf("%s: %d trips to look, %d to settle and %d to the list, want %+v", name, got[0], got[1], got[2], c)
		}
	}
}

// rush sends 64 mails at once through several scanners, and returns how many were
// let through.
func rush(t *testing.T, scanners []*winnow.Scanner, env func(int) mail.Envelope) int {
	t.Helper()
	var through atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			m := &winnow.Message{Envelope: env(i), Body: winnow.FromBytes([]byte("From: ann@example.org\r\n\r\nhello\r\n"))}
			res, err := scanners[i%len(scanners)].Scan(t.Context(), m)
			switch {
			case err != nil || len(res.Incomplete) > 0:
				t.Errorf("%v, %v", err, res)
			case res.Action == actions.NoAction:
				through.Add(1)
			}
		})
	}
	wg.Wait()
	return int(through.Load())
}

// openOn makes a scanner that waits for its store as long as it takes.
func openOn(t *testing.T, store storage.Store, o ratelimit.Options) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{ratelimit.New(o)}, Store: store, StoreBudget: -1, Timeout: 2 * time.Minute,
		Clock: func() time.Time { return time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// exactly holds that of 64 mails at once exactly 20 come through.
func exactly(t *testing.T, stores ...storage.Store) {
	t.Helper()
	var d desk
	o := limit(t, "from", "20 / 1h, 40 / 1d")
	o.Notice, o.Limits[0].Notify = d.tell, true
	var scanners []*winnow.Scanner
	for _, s := range stores {
		scanners = append(scanners, openOn(t, s, o), openOn(t, s, o))
	}
	env := newWorld(t, o).env
	if n := rush(t, scanners, func(int) mail.Envelope { return env }); n != 20 {
		t.Errorf("%d of 64 came through, want 20", n)
	}
	if len(d.list) != 1 {
		t.Errorf("%d notices, want one", len(d.list))
	}
	list, err := ratelimit.LastFull(t.Context(), stores[0], time.Date(2026, 11, 3, 10, 30, 0, 0, time.UTC))
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := list[0]; s.Limit != "from" || s.Value != "ann+news@example.org" || s.Bucket.Level < 9.99 || s.Bucket.Level > 10.01 || s.Burst != 20 {
		t.Errorf("%+v", s)
	}
	if err := ratelimit.Unblock(t.Context(), stores[0], list[0].Key); err != nil {
		t.Fatal(err)
	}
	if n := rush(t, scanners, func(int) mail.Envelope { return env }); n != 20 { // 20 of the 40 of a day are left
		t.Errorf("%d of 64 came through after it was unblocked, want 20", n)
	}
}

func TestExactOnBolt(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "winnow.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	exactly(t, store)
}

func TestExactOnRedis(t *testing.T) {
	server := redistest.Start(t)
	exactly(t, openRedis(t, server), openRedis(t, server))
}

func openRedis(t *testing.T, server *redistest.Server) *redis.Store {
	t.Helper()
	return redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
}

// A user's own machine that scans under many names does not open more.
func TestManyUsers(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	o := limit(t, "ip", "8 / 1h")
	s := openOn(t, store, o)
	n := rush(t, []*winnow.Scanner{s}, func(i int) mail.Envelope {
		return mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.7"), HasFrom: true, From: strings.Repeat("a", i+1) + "@example.org"}
	})
	if n != 8 {
		t.Errorf("%d came through, want 8", n)
	}
}

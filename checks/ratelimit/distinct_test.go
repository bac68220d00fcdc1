package ratelimit_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
)

// to has the world's mail go to these.
func (w *world) to(rcpts ...string) { w.env.Rcpts = rcpts }

// TestDistinct: a user who writes to more different people than the limit allows is
// told of once, on whichever machine, and anew when it was quiet for the window.
func TestDistinct(t *testing.T) {
	var d desk
	o := ratelimit.Options{Users: ratelimit.Users{Distinct: ratelimit.Distinct{Recipients: 3}}, FoldPlus: true, Notice: d.tell}
	w := newWorld(t, o)
	other := w.open(o)
	const many = "no action RATELIMIT_RECIPIENTS 3"
	w.to("a@example.com", "b@example.com", "c@example.com", "d@example.com")
	w.expect(1, "hello", "no action") // nobody has logged in
	w.env.User = "Ann@example.org"
	w.to("a@example.com", "b@example.com", "A+x@Example.com")
	w.expect(3, "hello", "no action")
	w.now = w.now.Add(40 * time.Minute)
	w.to("c@example.com")
	w.expect(3, "hello", "no action")
	w.to("d@example.com")
	w.expect(1, "hello", many)
	w.scanner = other
	w.env.User = "ann+tag@example.org"
	w.expect(2, "hello", many)
	if len(d.list) != 1 {
		t.Fatalf("%+v", d.list)
	}
	in := d.list[0]
	if in.User != "Ann@example.org" || in.Limit != "user_distinct" || in.Level != 3 || in.N != 1 || !in.Time.Equal(w.now) || in.Bucket.Text() != "3 / 1h" {
		t.Errorf("%+v", in)
	}
	list, err := w.store.Members(t.Context(), in.Key, 0, 100)
	if err != nil || len(list) != 4 {
		t.Errorf("the store keeps %d recipients, want 4; %v", len(list), err)
	}
	w.now = w.now.Add(20 * time.Minute) // a and b are out of it
	w.to("a@example.com")
	w.expect(1, "hello", "no action")
	w.to("e@example.com")
	w.expect(1, "hello", many)
	if len(d.list) != 1 {
		t.Errorf("the incident is not over: %+v", d.list[1:])
	}
	w.now = w.now.Add(61 * time.Minute)
	w.to("1@example.com", "2@example.com", "3@example.com", "4@example.com", "5@example.com")
	w.expect(1, "hello", many)
	if len(d.list) != 2 || d.list[1].N != 4 {
		t.Errorf("%+v", d.list)
	}
	if err := ratelimit.Unblock(t.Context(), w.store, in.Key); err != nil {
		t.Fatal(err)
	}
	w.to("6@example.com")
	w.expect(1, "hello", "no action")
	w.env.User = "bob@example.org"
	w.expect(1, "hello", "no action")
}

// TestDistinctPutOff: with PutOff what is beyond the limit is put off, and a store
// that is down puts nothing off.
func TestDistinctPutOff(t *testing.T) {
	w := newWorld(t, ratelimit.Options{})
	memory := w.store
	store := &flaky{Store: memory}
	w.store = store
	o := ratelimit.Options{
		Users:       ratelimit.Users{Distinct: ratelimit.Distinct{Recipients: 1, Window: time.Minute, PutOff: true}, Messages: buckets(t, "100 / 1h")},
		ExemptUsers: []string{"boss"},
	}
	w.scanner = w.open(o)
	w.env.User = "ann"
	w.to("a@example.com")
	w.expect(2, "hello", "no action")
	w.to("b@example.com")
	w.expect(2, "hello", "soft reject RATELIMIT_RECIPIENTS 1")
	store.down.Store(true)
	w.expect(1, "hello", "no action !ratelimit_recipients !ratelimit_check")
	store.down.Store(false)
	w.now = w.now.Add(time.Minute)
	w.expect(1, "hello", "no action")
	w.env.User = "boss"
	w.to("a@example.com", "b@example.com")
	w.expect(1, "hello", "no action")
}

// distinctly holds that of 64 users' mails at once, each to somebody else, no more
// than 20 come through, with one notice, and that the store keeps 21 recipients.
func distinctly(t *testing.T, stores ...storage.Store) {
	t.Helper()
	var d desk
	o := ratelimit.Options{Users: ratelimit.Users{Distinct: ratelimit.Distinct{Recipients: 20, PutOff: true}}, Notice: d.tell}
	var scanners []*winnow.Scanner
	for _, s := range stores {
		scanners = append(scanners, openOn(t, s, o), openOn(t, s, o))
	}
	env := newWorld(t, o).env
	env.User = "ann"
	n := rush(t, scanners, func(i int) mail.Envelope {
		own := env
		own.Rcpts = []string{fmt.Sprintf("u%d@example.com", i)}
		return own
	})
	if n > 20 {
		t.Errorf("%d of 64 came through, want 20 at most", n)
	}
	if len(d.list) != 1 {
		t.Fatalf("%d notices, want one", len(d.list))
	}
	list, err := stores[0].Members(t.Context(), d.list[0].Key, 0, 100)
	if err != nil || len(list) != 21 {
		t.Errorf("the store keeps %d recipients, want 21; %v", len(list), err)
	}
}

func TestDistinctOnBolt(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "winnow.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	distinctly(t, store)
}

func TestDistinctOnRedis(t *testing.T) {
	server := redistest.Start(t)
	distinctly(t, openRedis(t, server), openRedis(t, server))
}

func TestWrongDistinct(t *testing.T) {
	for _, d := range []ratelimit.Distinct{{Recipients: -1}, {Recipients: 10001}, {Window: time.Hour}, {PutOff: true}, {Recipients: 1, Window: -1}} {
		if err := (ratelimit.Options{Users: ratelimit.Users{Distinct: d}}).Validate(); err == nil {
			t.Errorf("%+v is taken", d)
		}
	}
}

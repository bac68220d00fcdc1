package quarantine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/quarantine"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
)

// pair makes a key of an operator.
func pair(t testing.TB) (public, private string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.Recipient().String(), "# made by a test\n" + id.String() + "\n"
}

func reader(t testing.TB, v quarantine.Vault, private string) *quarantine.Reader {
	t.Helper()
	r, err := quarantine.NewReader(v, private)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refuse rejects what has "buy" in it and files what has "perhaps".
var refuse = &checks.Check{
	Name: "refuse", Doc: "for tests", Stage: checks.Early,
	Run: func(_ context.Context, t *checks.Task) error {
		for word, action := range map[string]actions.Action{"buy": actions.Reject, "perhaps": actions.AddHeader} {
			if bytes.Contains(t.Message().Raw(), []byte(word)) {
				t.PreResult(actions.PreResult{Action: action, Message: "no", Check: "refuse"})
			}
		}
		return nil
	},
}

func scanner(t testing.TB, o quarantine.Options, clock func() time.Time) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{}, Checks: []*checks.Check{refuse}, After: []winnow.After{quarantine.After(o)}, Clock: clock, StoreBudget: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func scan(t testing.TB, s *winnow.Scanner, text string, rcpts ...string) {
	t.Helper()
	m := &winnow.Message{
		Envelope: mail.Envelope{From: "ann@example.org", HasFrom: true, Rcpts: rcpts, ClientIP: netip.MustParseAddr("192.0.2.1"), QueueID: "4X"},
		Body:     winnow.FromBytes([]byte(text)),
	}
	if _, err := s.Scan(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

const offer = "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: =?utf-8?q?B=C3=BCcher?=\r\nMessage-ID: <1@example.org>\r\n\r\nbuy now\r\n"

func list(t testing.TB, r *quarantine.Reader, q quarantine.Query) []quarantine.Item {
	t.Helper()
	items, unreadable, err := r.List(t.Context(), q)
	if err != nil || unreadable != 0 {
		t.Fatalf("%d unreadable, %v", unreadable, err)
	}
	return items
}

func TestCopies(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	public, private := pair(t)
	s := scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true}, nil)
	scan(t, s, offer, "bob@example.net", "eve@example.net")
	scan(t, s, "Subject: perhaps\r\n\r\nhello\r\n", "bob@example.net")
	scan(t, s, "Subject: hello\r\n\r\nhello\r\n", "bob@example.net")
	scan(t, s, strings.Replace(offer, "B=C3=BCcher", "Pens", 1), "eve@example.net")
	server := httptest.NewServer(quarantine.Handler(quarantine.Open(store)))
	defer server.Close()
	for name, vault := range map[string]quarantine.Vault{"store": quarantine.Open(store), "remote": quarantine.Remote(server.URL, server.Client())} {
		r := reader(t, vault, private)
		all := list(t, r, quarantine.Query{})
		if len(all) != 2 || all[0].Subject != "Pens" || all[1].Subject != "Bücher" || all[1].From != "ann@example.org" || all[1].Client != "192.0.2.1" ||
			all[1].QueueID != "4X" || all[1].Action != actions.Reject || all[1].Size != len(offer) || !slices.Equal(all[1].Rcpts, []string{"bob@example.net", "eve@example.net"}) {
			t.Fatalf("%s: %+v", name, all)
		}
		item, text, err := r.Show(t.Context(), all[1].ID)
		if err != nil || item.Subject != "Bücher" || string(text) != offer {
			t.Errorf("%s: %+v %q, %v", name, item, text, err)
		}
		for q, want := range map[quarantine.Query]int{
			{Rcpt: "bob@EXAMPLE.net"}: 1, {Rcpt: "nobody@example.net"}: 0, {Text: "BÜCHER"}: 1, {Text: "ann@"}: 2, {Max: 1}: 1,
			{Since: time.Now().Add(time.Hour)}: 0,
		} {
			if got := list(t, r, q); len(got) != want {
				t.Errorf("%s: %+v has %d, want %d", name, q, len(got), want)
			}
		}
		for _, id := range []string{"", "bytes", "../x", "AAAA", all[0].ID + "?x"} {
			if _, _, err := r.Show(t.Context(), id); id != "" && !errors.Is(err, storage.ErrNotFound) || err == nil {
				t.Errorf("%s: copy %q: %v", name, id, err)
			}
			if err := r.Delete(t.Context(), id); err == nil {
				t.Errorf("%s: copy %q was removed", name, id)
			}
		}
		_, other := pair(t)
		if items, unreadable, err := reader(t, vault, other).List(t.Context(), quarantine.Query{}); len(items) != 0 || unreadable != 2 || err != nil {
			t.Errorf("%s: with another key: %v, %d unreadable, %v", name, items, unreadable, err)
		}
	}
	r := reader(t, quarantine.Remote(server.URL, server.Client()), private)
	id := list(t, r, quarantine.Query{})[1].ID
	if err := r.Release(t.Context(), id, func(context.Context, quarantine.Item, []byte) error { return errors.New("the relay is down") }); err == nil {
		t.Error("released without a relay")
	}
	var got string
	if err := r.Release(t.Context(), id, func(_ context.Context, _ quarantine.Item, m []byte) error { got = string(m); return nil }); err != nil || got != offer {
		t.Errorf("released %q, %v", got, err)
	}
	if left := list(t, r, quarantine.Query{}); len(left) != 1 || left[0].Subject != "Pens" {
		t.Errorf("left: %+v", left)
	}
}

// A liar lists the same copies on and on.
type liar struct{ quarantine.Vault }

func (liar) Heads(_ context.Context, before uint64, n int) (heads []quarantine.Head, err error) {
	for i := range n {
		heads = append(heads, quarantine.Head{Seq: before + 7 - min(before, uint64(i)), ID: "A"})
	}
	return heads, nil
}

func TestListEnds(t *testing.T) {
	_, private := pair(t)
	if items, _, err := reader(t, liar{}, private).List(t.Context(), quarantine.Query{}); err == nil || len(items) > 0 {
		t.Errorf("%v, %v", items, err)
	}
}

// TestNothingIsReadable: what the store holds tells nothing of the mail.
func TestNothingIsReadable(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	public, _ := pair(t)
	scan(t, scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true}, nil), offer, "bob@example.net")
	keys, _, err := store.Scan(t.Context(), "", "", 100)
	if err != nil || len(keys) != 3 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	values, err := store.GetMany(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := store.ReadLog(t.Context(), "quarantine", 0, 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, data := range append(values, entries[0].Data) {
		for _, word := range []string{"example", "buy", "B\xc3\xbccher", "192.0.2"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%q stands in %q", word, data)
			}
		}
	}
}

func TestOldestGo(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	public, private := pair(t)
	for name, o := range map[string]quarantine.Options{
		"by number": {MaxMessages: 3}, "by bytes": {MaxBytes: 3 * 6100},
	} {
		store := storage.NewMemory(storage.MemoryOptions{Clock: clock})
		o.Store, o.Keys, o.Durable = store, []string{public}, true
		s := scanner(t, o, clock)
		noise := rand.NewChaCha8([32]byte{})
		for i := range 8 {
			filler := make([]byte, 2300)
			_, _ = noise.Read(filler)
			scan(t, s, fmt.Sprintf("Subject: buy %d\r\n\r\n%x\r\n", i, filler))
		}
		r := reader(t, quarantine.Open(store), private)
		all := list(t, r, quarantine.Query{})
		if len(all) < 3 || len(all) > 6 || name == "by number" && len(all) != 3 || all[0].Subject != "buy 7" {
			t.Errorf("%s: %d are left: %+v", name, len(all), all)
		}
		if keys, _, err := store.Scan(t.Context(), "quarantine:", "", 100); err != nil || len(keys) != 2*len(all)+1 {
			t.Errorf("%s: keys %q, %v", name, keys, err)
		}
		now = now.Add(quarantine.DefaultLasts + time.Hour)
		if left := list(t, r, quarantine.Query{}); len(left) != 0 {
			t.Errorf("%s: after a month %d are left", name, len(left))
		}
		scan(t, s, "Subject: buy it\r\n\r\n")
		if state, err := store.LogState(t.Context(), "quarantine"); err != nil || state.Next-state.First != 1 {
			t.Errorf("%s: after a month: %+v, %v", name, state, err)
		}
	}
}

func TestLargeAndManyRecipients(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	public, private := pair(t)
	s := scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true, MaxMessage: 2 << 20}, nil)
	noise := make([]byte, 600<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	large := fmt.Sprintf("Subject: buy\r\n\r\n%x\r\n", noise)
	rcpts := make([]string, 2500)
	for i := range rcpts {
		rcpts[i] = fmt.Sprintf("user%d@example.net", i)
	}
	scan(t, s, large, rcpts...)
	r := reader(t, quarantine.Open(store), private)
	all := list(t, r, quarantine.Query{})
	var got []string
	for _, item := range slices.Backward(all) {
		got = append(got, item.Rcpts...)
	}
	if len(all) != 3 || !slices.Equal(got, rcpts) {
		t.Errorf("%d copies for %d recipients", len(all), len(got))
	}
	if _, text, err := r.Show(t.Context(), all[0].ID); err != nil || string(text) != large {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	scan(t, s, large+large, "bob@example.net")
	if stats := s.AfterStats(); stats[0].Failed != 1 {
		t.Errorf("a message that is too long: %+v", stats)
	}
}

// TestStoreIsDown: the scan's verdict stands, and the failure is counted.
func TestStoreIsDown(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	public, private := pair(t)
	s := scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true}, nil)
	_ = store.Close()
	scan(t, s, offer, "bob@example.net")
	if stats := s.AfterStats(); stats[0].Failed != 1 {
		t.Errorf("%+v", stats)
	}
	server := httptest.NewServer(quarantine.Handler(quarantine.Open(store)))
	defer server.Close()
	r := reader(t, quarantine.Remote(server.URL, server.Client()), private)
	if _, _, err := r.List(t.Context(), quarantine.Query{}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestOptionsAreValidated(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	public, private := pair(t)
	for name, o := range map[string]quarantine.Options{
		"no store": {Keys: []string{public}}, "no key": {Store: store}, "a private key": {Store: store, Keys: []string{private}},
		"a negative bound": {Store: store, Keys: []string{public}, MaxBytes: -1},
		"all mail":         {Store: store, Keys: []string{public}, Actions: []actions.Action{actions.NoAction}},
	} {
		_, err := winnow.New(winnow.Options{Families: []*checks.Family{}, After: []winnow.After{quarantine.After(o)}})
		if !errors.Is(err, winnow.ErrOptions) || !strings.Contains(err.Error(), "quarantine") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := quarantine.NewReader(quarantine.Open(store), public); err == nil {
		t.Error("a public key opens copies")
	}
}

func TestDigest(t *testing.T) {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	items := []quarantine.Item{
		{ID: "B", Time: at, Rcpts: []string{"eve@example.net", "bob@example.net"}, HeaderFrom: "Ann\r\nBcc: x <ann@example.org>", Subject: "Bücher", Score: 17.25},
		{ID: "A", Time: at.Add(-time.Hour), Rcpts: []string{"bob@EXAMPLE.net"}, Subject: "Pens"},
	}
	all := quarantine.Digests(items, "postmaster@example.net", at.Add(-24*time.Hour), at)
	if len(all) != 2 || all[0].To != "bob@example.net" || len(all[0].Items) != 2 || len(all[1].Items) != 1 {
		t.Fatalf("%+v", all)
	}
	var b strings.Builder
	if err := all[0].Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	m := mail.Parse([]byte(b.String()), mail.Envelope{}, mail.Limits{})
	text := b.String()
	if m.Header().Text("Subject") != "2 messages were kept from you" || len(m.Header().All("Bcc")) != 0 || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") ||
		!strings.Contains(text, "\r\nB  2026-11-27 12:00  score 17.2\r\n") || !strings.Contains(text, "Subject: Bücher\r\n") || strings.Contains(text, "\nBcc") {
		t.Errorf("got %s", text)
	}
	for _, broken := range []string{"To: ${to}\n", "To: ${nobody}\n\n", "To: ${to}\n\n%items\n${id}\n", "To: ${to}\n\n${id}\n", "To: ${to}\n\n%items\n${to}\n%end\n"} {
		if _, err := quarantine.ParseDigest(broken); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
	own, err := quarantine.ParseDigest("To: ${to}\r\nFrom: ${from}\r\n\r\n$5, ${count}\r\n%items\r\n${id} ${subject}\r\n%end\r\n-- \r\n")
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	all[1].From = "é\r\nBcc: x"
	all[1].Items[0].Subject = "${count}\n%end"
	want := "To: eve@example.net\r\nFrom: =?utf-8?q?=C3=A9__Bcc:_x?=\r\n\r\n$5, 1\r\nB ${count} %end\r\n-- \r\n"
	if err := all[1].Write(&b, own); err != nil || b.String() != want {
		t.Errorf("own: %q, %v", b.String(), err)
	}
}

func BenchmarkKeep(b *testing.B) {
	public, _ := pair(b)
	s := scanner(b, quarantine.Options{Store: storage.NewMemory(storage.MemoryOptions{}), Keys: []string{public}, Durable: true}, nil)
	text := offer + strings.Repeat("one more line of an offer\r\n", 400)
	b.ReportAllocs()
	for b.Loop() {
		scan(b, s, text, "bob@example.net")
	}
}

// TestKilled: a copy that the store acknowledged can be read after kill -9.
func TestKilled(t *testing.T) {
	const key = "test:private"
	store := statetest.Crash(t, func(store storage.Store) {
		public, private := pair(t)
		if err := store.Set(t.Context(), key, []byte(private), 0); err != nil {
			t.Fatal(err)
		}
		scan(t, scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true}, nil), offer, "bob@example.net")
	})
	private, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	r := reader(t, quarantine.Open(store), string(private))
	if all := list(t, r, quarantine.Query{}); len(all) != 1 {
		t.Errorf("%d copies, want 1", len(all))
	}
}

package bayes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// seen is what is kept of the n-th mail.
func seen(l *Learner, n int, at time.Time) Seen {
	m := message(n, classOf(n))
	return Seen{
		Message: Digest(m), QueueID: fmt.Sprintf("Q%d", n), MessageID: fmt.Sprintf("%d@example.org", n), Time: at, User: "bob@example.net",
		Features: l.Features(m, []string{fmt.Sprintf("SYMBOL_%d", n)}), LogOdds: float64(n%7) - 3, From: "u@example.org", Subject: fmt.Sprint("note ", n),
	}
}

func keep(l *Learner, ns ...int) {
	for _, n := range ns {
		l.Keep(seen(l, n, time.UnixMilli(int64(n))))
	}
}

// knows holds that the ids of a mail lead to what was kept of it.
func knows(t *testing.T, l *Learner, n int) {
	t.Helper()
	want := seen(l, n, time.UnixMilli(int64(n)))
	for _, id := range []string{want.Message, want.QueueID, want.MessageID, " <" + want.MessageID + ">"} {
		got, err := l.Recall(t.Context(), id)
		if err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		same := func(a, b fused.View) bool { // Nothing may be sorted where it is: it is still to be written.
			return slices.Equal(slices.Sorted(slices.Values(a.Slots)), slices.Sorted(slices.Values(b.Slots)))
		}
		if got.Message != want.Message || !got.Time.Equal(want.Time) || got.User != want.User || got.LogOdds != want.LogOdds ||
			!same(got.Features.Tokens, want.Features.Tokens) || !same(got.Features.Grams, want.Features.Grams) {
			t.Errorf("%q: %+v", id, got)
		}
	}
}

func unknown(t *testing.T, l *Learner, id string) {
	t.Helper()
	if s, err := l.Recall(t.Context(), id); !errors.Is(err, ErrNoScan) {
		t.Errorf("%q: %v, %v", id, s.QueueID, err)
	}
}

func TestRecall(t *testing.T) {
	store := memory(t)
	l := open(t, Options{Store: store})
	keep(l, 1, 2)
	knows(t, l, 1) // not written yet
	for n := range 300 {
		keep(l, n)
	}
	if err := l.Flush(t.Context()); err != nil || l.RecentStats().Waiting != 0 || l.RecentStats().Written != 302 {
		t.Fatalf("%v, %+v", err, l.RecentStats())
	}
	other := open(t, Options{Store: store}) // another process, or after a restart
	for _, n := range []int{0, 1, 127, 128, 299} {
		knows(t, l, n)
		knows(t, other, n)
	}
	for _, id := range []string{"", "<>", "Q300", "300@example.org", "bob@example.net", "note 1"} {
		unknown(t, other, id)
	}
	again := seen(l, 5, time.UnixMilli(9999))
	again.Message, again.MessageID = "another", ""
	l.Keep(again)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := other.Recall(t.Context(), "Q5"); err != nil || s.Message != "another" {
		t.Errorf("the older of two with one queue ID: %+v, %v", s.Message, err)
	}
	prior := open(t, Options{Store: store, Prior: aPrior(t, 1), ChangePrior: true})
	unknown(t, prior, "Q7") // its features know another prior
}

// TestRecentWithoutCare closes the Learner, and writes in time by itself.
func TestRecentIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		l := open(t, Options{Store: store})
		keep(l, 1)
		time.Sleep(DefaultRecentEvery + 1)
		synctest.Wait()
		if st := l.RecentStats(); st.Written != 1 {
			t.Errorf("after a while: %+v", st)
		}
		for n := range batchScans {
			keep(l, n)
		}
		synctest.Wait()
		if st := l.RecentStats(); st.Written != batchScans+1 {
			t.Errorf("a full batch: %+v", st)
		}
		keep(l, 500)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		knows(t, open(t, Options{Store: store}), 500)
	})
}

func TestRecentBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		l := open(t, Options{Store: store, Recent: RecentOptions{Bytes: 200 << 10, Age: 24 * time.Hour}})
		for n := range 20 * batchScans {
			keep(l, n)
			if n%batchScans == 0 {
				synctest.Wait()
			}
		}
		if err := errors.Join(l.Flush(t.Context()), l.trimRecent(t.Context())); err != nil {
			t.Fatal(err)
		}
		if state, err := store.LogState(t.Context(), l.key("recent")); err != nil || state.Bytes > 300<<10 || state.Bytes == 0 {
			t.Errorf("%+v, %v", state, err)
		}
		unknown(t, l, "Q1")
		knows(t, l, 20*batchScans-1)
		time.Sleep(25 * time.Hour)
		keep(l, 5000)
		if err := errors.Join(l.Flush(t.Context()), l.trimRecent(t.Context())); err != nil {
			t.Fatal(err)
		}
		unknown(t, l, fmt.Sprint("Q", 20*batchScans-1))
		knows(t, l, 5000)
	})
}

// A deaf store takes no entries while it is deaf.
type deaf struct {
	Store
	why atomic.Pointer[error]
}

func (d *deaf) hears() { d.why.Store(nil) }

func (d *deaf) fails(err error) { d.why.Store(&err) }

func (d *deaf) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	if why := d.why.Load(); why != nil {
		return 0, *why
	}
	return d.Store.Append(ctx, log, id, data)
}

func TestRecentWithoutStore(t *testing.T) {
	d := &deaf{Store: memory(t)}
	d.fails(errStore)
	l := open(t, Options{Store: d})
	for n := range maxWaiting + 10 {
		keep(l, n)
	}
	if err := l.Flush(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	if st := l.RecentStats(); st != (RecentStats{Lost: 10, Waiting: maxWaiting}) {
		t.Errorf("%+v", st)
	}
	unknown(t, l, "Q9")
	knows(t, l, 10)
	d.hears()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	knows(t, l, 10)
	d.fails(storage.ErrFull)
	before, _ := d.LogState(t.Context(), l.key("recent"))
	keep(l, 5000)
	if err := l.Flush(t.Context()); !errors.Is(err, storage.ErrFull) {
		t.Error(err)
	}
	if after, _ := d.LogState(t.Context(), l.key("recent")); after.Bytes > before.Bytes*3/4 {
		t.Errorf("a full store keeps %d bytes of %d", after.Bytes, before.Bytes)
	}
	d.hears()
}

func TestNothingIsKept(t *testing.T) {
	l := open(t, Options{Store: memory(t), Recent: RecentOptions{Age: -1}})
	keep(l, 1)
	unknown(t, l, "Q1")
	if st := l.RecentStats(); st != (RecentStats{}) {
		t.Errorf("%+v", st)
	}
	for _, o := range []RecentOptions{{Bytes: -1}, {Every: -1}} {
		if l, err := Open(t.Context(), Options{Store: memory(t), Recent: o}); err == nil {
			l.Close()
			t.Errorf("%+v is taken", o)
		}
	}
}

// ids are the queue IDs of the mails that somebody may label.
func unsureIDs(t *testing.T, l *Learner, user string, n int) (ids []string) {
	t.Helper()
	list, err := l.Unsure(t.Context(), user, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range list {
		ids = append(ids, u.QueueID)
	}
	return ids
}

func TestUnsure(t *testing.T) {
	store := memory(t)
	l := open(t, Options{Store: store, Users: true})
	keep(l, 0, 1, 2, 3, 4, 5, 6, 7, 3, 2) // log-odds -3 … 3, -3, 0, -1
	if got := unsureIDs(t, l, "", 10); !slices.Equal(got, []string{"Q2", "Q3", "Q4"}) {
		t.Fatalf("unsure of %q", got)
	}
	list, _ := l.Unsure(t.Context(), "Bob@example.net", 1)
	if len(list) != 1 || list[0].From != "u@example.org" || list[0].Subject != "note 2" || list[0].Probability < .26 || list[0].Probability > .27 {
		t.Errorf("%+v", list)
	}
	if got := unsureIDs(t, l, "eve@example.net", 10); got != nil {
		t.Errorf("eve's: %q", got)
	}
	for _, c := range []struct {
		n    int
		user string
	}{{2, ""}, {3, "bob@example.net"}, {4, "eve@example.net"}} {
		s := lesson(l, c.n, Spam)
		s.User = c.user
		if _, err := l.Learn(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if got := unsureIDs(t, l, "", 10); !slices.Equal(got, []string{"Q4"}) { // eve is not asked about bob's mail
		t.Errorf("after labels: %q", got)
	}
	if _, err := l.Unlearn(t.Context(), lesson(l, 2, "")); err != nil {
		t.Fatal(err)
	}
	if got := unsureIDs(t, l, "", 10); !slices.Equal(got, []string{"Q2", "Q4"}) {
		t.Errorf("after the label was taken back: %q", got)
	}
	if _, err := l.ForgetUser(t.Context(), "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	if got := unsureIDs(t, l, "", 10); got != nil {
		t.Errorf("bob is forgotten: %q", got)
	}
	unknown(t, l, "Q4")
	for n := range 300 {
		keep(l, 7*n+3)
	}
	if got := unsureIDs(t, l, "", 250); got != nil { // older than when bob was forgotten
		t.Errorf("%d", len(got))
	}
}

func TestUnsureWithoutNames(t *testing.T) {
	l := open(t, Options{Store: memory(t), Recent: RecentOptions{Anonymous: true}})
	for n := range 300 {
		keep(l, 7*n+3)
	}
	list, err := l.Unsure(t.Context(), "", 250)
	if err != nil || len(list) != 250 || list[0].QueueID != "Q2096" || list[0].From != "" || list[0].Subject != "" || list[0].ID == "" {
		t.Errorf("%d, %v", len(list), err)
	}
	none := open(t, Options{Store: memory(t), Recent: RecentOptions{UnsureBytes: -1}})
	keep(none, 3)
	if got := unsureIDs(t, none, "", 10); got != nil {
		t.Errorf("%q", got)
	}
	knows(t, none, 3)
}

func FuzzBatch(f *testing.F) {
	l := open(f, Options{Store: memory(f)})
	s := seen(l, 1, time.UnixMilli(5))
	var enc fused.Encoder
	f.Add(appendSeen(batchHead(7), &s, &enc), appendIndex(nil, 3, appendKeys(nil, &s)))
	f.Add(batchHead(7), []byte{batchVersion, 1, 2, 3})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, b, index []byte) {
		inIndex(index, idKey("x"))
		list, err := readBatch(b, 7)
		if err != nil {
			return
		}
		again := batchHead(7)
		for i := range list {
			again = appendSeen(again, &list[i], &fused.Encoder{})
		}
		if back, err := readBatch(again, 7); len(list) > 0 && (err != nil || len(back) != len(list)) {
			t.Errorf("%d scans come back as %d: %v", len(list), len(back), err)
		}
	})
}

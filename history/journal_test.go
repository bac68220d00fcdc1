package history

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// counting counts the rows that are read.
type counting struct {
	*storage.Memory
	rows int
}

func (c *counting) NewestLog(ctx context.Context, log string, before uint64, n int) ([]storage.Entry, error) {
	entries, err := c.Memory.NewestLog(ctx, log, before, n)
	if log == rowsLog {
		c.rows += len(entries)
	}
	return entries, err
}

// fill adds rows, a minute apart.
func (s *site) fill(from, to int) {
	s.Helper()
	for i := from; i < to; i++ {
		r := &Row{
			Subject: fmt.Sprint(i), SenderSMTP: fmt.Sprintf("u%d@example.org", i), MessageID: fmt.Sprint(i), Action: "no action",
			UnixTime: Seconds(s.now.Unix()), Symbols: Symbols{"COMMON": {Name: "COMMON"}},
		}
		if i%700 == 3 {
			r.Symbols["RARE"] = Symbol{Name: "RARE"}
		}
		data, err := s.codec.encode(r)
		if err == nil {
			err = s.shelf.add(s.Context(), nil, data)
		}
		if err != nil {
			s.Fatal(err)
		}
		s.now = s.now.Add(time.Minute)
	}
}

// TestIndex searches in thousands of rows and reads few.
func TestIndex(t *testing.T) {
	store := &counting{}
	s := newSite(t, Options{Rows: 1 << 20, Store: store})
	store.Memory = storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return s.now }})
	const n = 8*block + 100
	s.fill(0, n)
	end := begin().Add(n * time.Minute)
	for _, c := range []struct {
		q    Query
		want string
		most int // rows read
	}{
		{Query{Limit: 3}, "4195 4194 4193", page},
		{Query{Address: "u700@example.org"}, "700", 100 + block},
		{Query{MessageID: "4190"}, "4190", 100},
		{Query{Symbol: "RARE"}, "3503 2803 2103 1403 703 3", 100 + 6*block},
		{Query{Symbol: "RARE", Limit: 1}, "3503", 100 + 2*block},
		{Query{Symbol: "NONE"}, "", 100},
		{Query{From: end.Add(-2*time.Minute - time.Second)}, "4195 4194", page},
		{Query{From: begin().Add(10 * time.Minute), To: begin().Add(11 * time.Minute)}, "11 10", 100 + block},
		{Query{Skip: 4194}, "1 0", 2 * page},
	} {
		store.rows = 0
		if got := s.found(c.q); got != c.want || store.rows > c.most {
			t.Errorf("%+v: %q, want %q; %d rows were read", c.q, got, c.want, store.rows)
		}
	}
	// Without an index the answer is the same.
	if _, err := store.TrimLog(t.Context(), indexLog, storage.Trim{Before: farFuture()}); err != nil {
		t.Fatal(err)
	}
	if got := s.found(Query{Symbol: "RARE"}); got != "3503 2803 2103 1403 703 3" {
		t.Errorf("without an index: %q", got)
	}
}

func TestBounds(t *testing.T) {
	for name, c := range map[string]struct {
		o     Options
		newer int // rows that are there at least, and at most
		most  int
	}{
		"rows": {Options{Rows: 100}, 100, 100}, "age": {Options{Age: 200 * time.Minute}, 199, 201}, "bytes": {Options{Bytes: 60 << 10}, 150, 700},
		"none": {Options{}, DefaultRows, DefaultRows},
	} {
		s := newSite(t, c.o)
		s.fill(0, 3*block)
		rows, err := s.Search(t.Context(), Query{Limit: MaxLimit})
		if err != nil || len(rows) < c.newer || len(rows) > c.most || rows[0].Subject != fmt.Sprint(3*block-1) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
		st, err := s.o.Store.LogState(t.Context(), rowsLog)
		if n := int(st.Next - st.First); err != nil || n > c.most+trimEvery {
			t.Errorf("%s: %d rows in the store, %v", name, n, err)
		}
		if c.o.Bytes > 0 && st.Bytes > c.o.Bytes*5/4 {
			t.Errorf("%s: %d bytes", name, st.Bytes)
		}
		if st, _ := s.o.Store.LogState(t.Context(), indexLog); st.Next-st.First > 4 {
			t.Errorf("%s: %d descriptions for %d rows", name, st.Next-st.First, len(rows))
		}
	}
}

// A day without mail ends what Age bounds.
func TestAgeEnds(t *testing.T) {
	s := newSite(t, Options{Age: 24 * time.Hour})
	s.fill(0, 3)
	s.now = s.now.Add(25 * time.Hour)
	if got := s.found(Query{}); got != "" {
		t.Errorf("rows %q", got)
	}
}

func FuzzItems(f *testing.F) {
	c, err := newCodec(packed)
	if err != nil {
		f.Fatal(err)
	}
	item, _ := c.encode(&Row{Symbols: Symbols{"A": {Options: Strings{"x"}}}})
	f.Add(item)
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x11\x00\x00{}"))
	f.Fuzz(func(t *testing.T, item []byte) {
		for _, c := range []*codec{c, {packing: bare}} {
			r, err := c.row(item)
			if err != nil {
				continue
			}
			if _, err := r.marshal(nil); err != nil && len(item) < 1000 {
				t.Errorf("%q is read and not written: %v", item, err)
			}
			d := newDescription(1)
			d.add(r)
		}
	})
}

func FuzzDescription(f *testing.F) {
	d := newDescription(7)
	d.add(&Row{MessageID: "x", Action: "reject", UnixTime: 9, Symbols: Symbols{"A": {}}})
	f.Add(d.marshal())
	f.Add([]byte{1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, ok := parseDescription(data)
		if !ok {
			return
		}
		again, ok := parseDescription(d.marshal())
		if !ok || again.block != d.block || len(again.hashes) != len(d.hashes) {
			t.Errorf("%v became %v", d, again)
		}
	})
}

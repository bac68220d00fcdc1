package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func logCases() []testCase[storage.Log] {
	return []testCase[storage.Log]{
		{"Append", appends},
		{"IDs", logIDs},
		{"Many", appendMany},
		{"Newest", newest},
		{"TrimByCount", trimCount},
		{"TrimByAge", trimAge},
		{"TrimFloor", trimFloor},
		{"TrimAll", trimAll},
		{"Large", largeEntries},
		{"Copies", logCopies},
		{"Names", logNames},
		{"Concurrent", appendConcurrent},
	}
}

// logged appends an entry to the log "l" and checks its number.
func logged(t *testing.T, l storage.Log, id, data string, want uint64) {
	t.Helper()
	seq, err := l.Append(t.Context(), "l", id, []byte(data))
	must(t, err)
	eq(t, fmt.Sprintf("number of entry %q", data), seq, want)
}

// fill appends n entries whose data are their numbers.
func fill(t *testing.T, l storage.Log, n int) {
	t.Helper()
	for i := 1; i <= n; i++ {
		logged(t, l, fmt.Sprint("id", i), fmt.Sprint(i), uint64(i))
	}
}

// reads checks the data of entries.
func reads(t *testing.T, what string, got []storage.Entry, err error, want ...string) {
	t.Helper()
	must(t, err)
	var data []string
	for _, e := range got {
		data = append(data, string(e.Data))
	}
	if !slices.Equal(data, want) {
		t.Errorf("%s: %q, want %q", what, data, want)
	}
}

func states(t *testing.T, l storage.Log, want storage.LogState) {
	t.Helper()
	got, err := l.LogState(t.Context(), "l")
	must(t, err)
	eq(t, "state of the log", got, want)
}

func appends(t *testing.T, _ Store, l storage.Log) {
	states(t, l, storage.LogState{First: 1, Next: 1})
	none, err := l.ReadLog(t.Context(), "l", 1, 10)
	reads(t, "a log that is not there", none, err)
	logged(t, l, "x", "a\x00\xff", 1)
	logged(t, l, "", "b", 2)
	logged(t, l, "", "", 3)
	logged(t, l, "\x00\xff", "d", 4)
	states(t, l, storage.LogState{First: 1, Next: 5, Bytes: 5})
	all, err := l.ReadLog(t.Context(), "l", 1, 10)
	reads(t, "all", all, err, "a\x00\xff", "b", "", "d")
	for i, e := range all {
		eq(t, "number", e.Seq, uint64(i+1))
		eq(t, "id", e.ID, []string{"x", "", "", "\x00\xff"}[i])
		if e.Time.IsZero() || !e.Time.Equal(e.Time.Truncate(time.Millisecond)) || i > 0 && e.Time.Before(all[i-1].Time) {
			t.Errorf("time of entry %d: %v", e.Seq, e.Time)
		}
	}
	from0, err := l.ReadLog(t.Context(), "l", 0, 1)
	reads(t, "from 0, which is as 1", from0, err, "a\x00\xff")
	some, err := l.ReadLog(t.Context(), "l", 2, 2)
	reads(t, "two from 2", some, err, "b", "")
	end, err := l.ReadLog(t.Context(), "l", 5, 2)
	reads(t, "from the end", end, err)
	beyond, err := l.ReadLog(t.Context(), "l", 1<<62, 2)
	reads(t, "from beyond the end", beyond, err)
	zero, err := l.ReadLog(t.Context(), "l", 1, 0)
	reads(t, "no entries", zero, err)
}

func logIDs(t *testing.T, _ Store, l storage.Log) {
	logged(t, l, "x", "a", 1)
	logged(t, l, "y", "b", 2)
	logged(t, l, "x", "other", 1)
	logged(t, l, "", "c", 3)
	logged(t, l, "", "c", 4)
	other, err := l.Append(t.Context(), "other", "x", []byte("z"))
	must(t, err)
	eq(t, "number of an id in another log", other, 1)
	all, err := l.ReadLog(t.Context(), "l", 1, 10)
	reads(t, "all", all, err, "a", "b", "c", "c")
	_, err = l.TrimLog(t.Context(), "l", storage.Trim{Keep: 2})
	must(t, err)
	// An id that only a trimmed entry had is unknown.
	logged(t, l, "y", "b2", 5)
	logged(t, l, "y", "b3", 5)
}

// appendMany is as many calls of Append.
func appendMany(t *testing.T, _ Store, l storage.Log) {
	logged(t, l, "x", "a", 1)
	many := func(items ...storage.Item) ([]uint64, error) { return storage.AppendMany(t.Context(), l, "l", items) }
	seqs, err := many(storage.Item{ID: "y", Data: []byte("b")}, storage.Item{ID: "x", Data: []byte("other")}, storage.Item{Data: []byte("c")},
		storage.Item{ID: "y", Data: []byte("other")}, storage.Item{})
	must(t, err)
	if !slices.Equal(seqs, []uint64{2, 1, 3, 2, 4}) {
		t.Errorf("numbers %d", seqs)
	}
	all, err := l.ReadLog(t.Context(), "l", 1, 10)
	reads(t, "all", all, err, "a", "b", "c", "")
	states(t, l, storage.LogState{First: 1, Next: 5, Bytes: 3})
	none, err := many()
	must(t, err)
	eq(t, "numbers of no items", len(none), 0)
	seqs, err = many(storage.Item{ID: "z", Data: []byte("d")}, storage.Item{ID: strings.Repeat("k", storage.MaxKey+1)}, storage.Item{Data: []byte("e")})
	if !errors.Is(err, storage.ErrBadKey) || !slices.Equal(seqs, []uint64{5}) {
		t.Errorf("a bad id behind a good one: %d, %v", seqs, err)
	}
	var items []storage.Item
	for i := range 1100 {
		items = append(items, storage.Item{ID: fmt.Sprint("id", i), Data: []byte("0123456789")})
	}
	seqs, err = many(items...)
	must(t, err)
	eq(t, "number of the last of 1,100", seqs[len(seqs)-1], 1105)
	again, err := many(items...)
	must(t, err)
	if !slices.Equal(seqs, again) {
		t.Error("the same items again have other numbers")
	}
	if _, err := storage.AppendMany(t.Context(), l, "", items[:1]); !errors.Is(err, storage.ErrBadKey) {
		t.Errorf("a log without a name: %v", err)
	}
}

func newest(t *testing.T, _ Store, l storage.Log) {
	none, err := l.NewestLog(t.Context(), "l", 0, 10)
	reads(t, "a log that is not there", none, err)
	fill(t, l, 6)
	read := func(before uint64, n int, want ...string) {
		t.Helper()
		got, err := l.NewestLog(t.Context(), "l", before, n)
		reads(t, fmt.Sprintf("%d before %d", n, before), got, err, want...)
	}
	read(0, 2, "6", "5")
	read(5, 2, "4", "3")
	read(3, 100, "2", "1")
	read(1, 5)
	read(100, 1, "6")
	read(0, 0)
	_, err = l.TrimLog(t.Context(), "l", storage.Trim{Keep: 2})
	must(t, err)
	read(0, 10, "6", "5")
	read(6, 10, "5")
	read(5, 10)
	read(2, 10)
}

// trims trims the log "l" and checks how many entries went.
func trims(t *testing.T, l storage.Log, trim storage.Trim, want int) {
	t.Helper()
	n, err := l.TrimLog(t.Context(), "l", trim)
	must(t, err)
	eq(t, fmt.Sprintf("entries that %+v removed", trim), n, want)
}

func trimCount(t *testing.T, _ Store, l storage.Log) {
	trims(t, l, storage.Trim{Keep: 1}, 0)
	fill(t, l, 9)
	trims(t, l, storage.Trim{}, 0)
	trims(t, l, storage.Trim{Keep: 9}, 0)
	trims(t, l, storage.Trim{Keep: 5}, 4)
	states(t, l, storage.LogState{First: 5, Next: 10, Bytes: 5})
	for _, from := range []uint64{0, 1, 4} {
		if got, err := l.ReadLog(t.Context(), "l", from, 10); !errors.Is(err, storage.ErrTrimmed) {
			t.Errorf("from %d: %v, %v, want ErrTrimmed", from, got, err)
		}
	}
	rest, err := l.ReadLog(t.Context(), "l", 5, 10)
	reads(t, "what is left", rest, err, "5", "6", "7", "8", "9")
	logged(t, l, "", "10", 10)
}

func trimAge(t *testing.T, s Store, l storage.Log) {
	for i := range 4 {
		logged(t, l, "", fmt.Sprint(i), uint64(i+1))
		s.Pass(10 * time.Millisecond)
	}
	all, err := l.ReadLog(t.Context(), "l", 1, 4)
	must(t, err)
	eq(t, "entries", len(all), 4)
	trims(t, l, storage.Trim{Before: all[0].Time}, 0)
	trims(t, l, storage.Trim{Before: all[2].Time}, 2)
	trims(t, l, storage.Trim{Before: all[2].Time.Add(time.Millisecond), Keep: 2}, 1)
	rest, err := l.ReadLog(t.Context(), "l", 4, 10)
	reads(t, "what is left", rest, err, "3")
}

func trimFloor(t *testing.T, _ Store, l storage.Log) {
	fill(t, l, 9)
	trims(t, l, storage.Trim{Keep: 2, Floor: 1}, 0)
	trims(t, l, storage.Trim{Keep: 2, Floor: 4}, 3)
	trims(t, l, storage.Trim{Keep: 2, Floor: 3}, 0)
	trims(t, l, storage.Trim{Keep: 3, Floor: 100}, 3)
	rest, err := l.ReadLog(t.Context(), "l", 7, 10)
	reads(t, "what is left", rest, err, "7", "8", "9")
}

// trimAll: the numbers of a log that is empty go on.
func trimAll(t *testing.T, _ Store, l storage.Log) {
	fill(t, l, 3)
	last, err := l.ReadLog(t.Context(), "l", 3, 1)
	must(t, err)
	eq(t, "entries", len(last), 1)
	trims(t, l, storage.Trim{Before: last[0].Time.Add(time.Hour)}, 3)
	states(t, l, storage.LogState{First: 4, Next: 4})
	if got, err := l.ReadLog(t.Context(), "l", 3, 10); !errors.Is(err, storage.ErrTrimmed) {
		t.Errorf("%v, %v, want ErrTrimmed", got, err)
	}
	none, err := l.ReadLog(t.Context(), "l", 4, 10)
	reads(t, "from the end", none, err)
	logged(t, l, "id1", "4", 4)
	logged(t, l, "id1", "4", 4)
}

func largeEntries(t *testing.T, _ Store, l storage.Log) {
	for i := range 3 {
		logged(t, l, "", string(bytes.Repeat([]byte{byte(i)}, storage.MaxValue)), uint64(i+1))
	}
	all, err := l.ReadLog(t.Context(), "l", 1, 3)
	must(t, err)
	eq(t, "entries", len(all), 3)
	for i, e := range all {
		if !bytes.Equal(e.Data, bytes.Repeat([]byte{byte(i)}, storage.MaxValue)) {
			t.Errorf("entry %d came back as %d bytes", e.Seq, len(e.Data))
		}
	}
	states(t, l, storage.LogState{First: 1, Next: 4, Bytes: 3 * storage.MaxValue})
}

func logCopies(t *testing.T, _ Store, l storage.Log) {
	data := []byte("abc")
	_, err := l.Append(t.Context(), "l", "", data)
	must(t, err)
	data[0] = 'X'
	for range 2 {
		got, err := l.ReadLog(t.Context(), "l", 1, 1)
		reads(t, "read", got, err, "abc")
		back, err := l.NewestLog(t.Context(), "l", 0, 1)
		reads(t, "newest", back, err, "abc")
		got[0].Data[1], back[0].Data[2] = 'Y', 'Z'
	}
}

func logNames(t *testing.T, s Store, l storage.Log) {
	for _, name := range s.oddKeys() {
		seq, err := l.Append(t.Context(), name, name, []byte(name))
		must(t, err)
		eq(t, fmt.Sprintf("first number of %q", name), seq, 1)
	}
	for _, name := range s.oddKeys() {
		got, err := l.ReadLog(t.Context(), name, 1, 9)
		reads(t, fmt.Sprintf("log %q", name), got, err, name)
		if len(got) == 1 {
			eq(t, "id", got[0].ID, name)
		}
	}
	for _, name := range badKeys() {
		_, app := l.Append(t.Context(), name, "", nil)
		_, read := l.ReadLog(t.Context(), name, 1, 1)
		_, back := l.NewestLog(t.Context(), name, 0, 1)
		_, state := l.LogState(t.Context(), name)
		_, trim := l.TrimLog(t.Context(), name, storage.Trim{})
		allAre(t, storage.ErrBadKey, app, read, back, state, trim)
	}
	_, id := l.Append(t.Context(), "l", badKeys()[1], nil)
	allAre(t, storage.ErrBadKey, id)
}

// appendConcurrent: numbers have no gaps, and an id has one number whoever
// appends it.
func appendConcurrent(t *testing.T, _ Store, l storage.Log) {
	const workers, rounds = 16, 20
	var mu sync.Mutex
	numbers := map[string]uint64{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				own, shared := fmt.Sprintf("%d-%d", w, i), fmt.Sprintf("shared-%d", (i+w)%rounds)
				for _, id := range []string{own, shared} {
					seq, err := l.Append(t.Context(), "l", id, []byte(id))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if was, ok := numbers[id]; ok && was != seq {
						t.Errorf("%s has the numbers %d and %d", id, was, seq)
					}
					numbers[id] = seq
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	const entries = workers*rounds + rounds
	all, err := l.ReadLog(t.Context(), "l", 1, 2*entries)
	must(t, err)
	eq(t, "entries", len(all), entries)
	for i, e := range all {
		eq(t, "number", e.Seq, uint64(i+1))
		eq(t, "number of "+e.ID, numbers[e.ID], e.Seq)
		eq(t, "data", string(e.Data), e.ID)
	}
}

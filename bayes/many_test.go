package bayes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/storage/bolt"
)

// series are n lessons with all that may happen to one: repeated, corrected,
// refused, too short.
func series(l *Learner, n int) (list []Lesson) {
	for i := range n {
		one := lesson(l, i, classOf(i))
		switch {
		case i%17 == 5:
			one = lesson(l, i-3, classOf(i-3))
		case i%23 == 7:
			one = lesson(l, i-4, classOf(i-3))
		case i%29 == 11:
			one.Source = Trap
		case i%31 == 13:
			one.Features.Grams.Slots = one.Features.Grams.Slots[:3]
		}
		list = append(list, one)
	}
	return list
}

// TestManyIsAsOneByOne: results and tables are those of single lessons.
func TestManyIsAsOneByOne(t *testing.T) {
	file, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	one, many := open(t, Options{Store: memory(t), SnapshotEvery: 50}), open(t, Options{Store: file, SnapshotEvery: 50})
	list := series(one, 700)
	want := make([]LearnResult, len(list))
	for i, lesson := range list {
		if want[i], err = one.Learn(t.Context(), lesson); err != nil {
			t.Fatal(err)
		}
	}
	got, err := many.LearnMany(t.Context(), list)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("other results, %v", err)
	}
	outcomes := map[Outcome]int{}
	for _, r := range got {
		outcomes[r.Outcome]++
	}
	for _, o := range []Outcome{Learned, Already, Known, TooFew, Refused} {
		if outcomes[o] == 0 {
			t.Errorf("no lesson was %q", o)
		}
	}
	if !bytes.Equal(tables(t, one), tables(t, many)) {
		t.Error("other tables")
	}
	if again := open(t, Options{Store: file}); !bytes.Equal(tables(t, again), tables(t, many)) || again.Stats() != many.Stats() {
		t.Error("another Learner reads other tables")
	}
	got, err = many.LearnMany(t.Context(), list[:5])
	if err != nil || len(got) != 5 || got[0].Outcome != Already {
		t.Errorf("again: %+v, %v", got, err)
	}
	unnamed := Lesson{Features: list[0].Features, Class: Ham}
	if got, err := many.LearnMany(t.Context(), []Lesson{list[0], unnamed, list[1]}); err == nil || len(got) != 1 {
		t.Errorf("a lesson without a name: %d results, %v", len(got), err)
	}
}

// TestManyInterrupted fails at each step of a batch: to repeat it leaves each
// lesson once, and the tables of a start from the store.
func TestManyInterrupted(t *testing.T) {
	for _, point := range []string{"cas before", "cas after", "append before", "append after"} {
		for at := range 3 {
			t.Run(fmt.Sprint(point, at), func(t *testing.T) {
				store := memory(t)
				var mu sync.Mutex
				calls, armed := 0, true
				f := &failing{store, func(op string) (bool, bool) {
					mu.Lock()
					defer mu.Unlock()
					if !armed || op != point[:len(op)] {
						return false, false
					}
					calls++
					hit := calls == 1+at*9
					return hit && point == op+" before", hit && point == op+" after"
				}}
				l := open(t, Options{Store: f})
				list := make([]Lesson, 40)
				for n := range list {
					list[n] = lesson(l, n, classOf(n))
				}
				if _, err := l.LearnMany(t.Context(), list); !errors.Is(err, errStore) {
					t.Fatalf("%v", err)
				}
				armed = false
				got, err := l.LearnMany(t.Context(), list)
				if err != nil || len(got) != len(list) {
					t.Fatal(err)
				}
				again := open(t, Options{Store: store})
				if again.Stats().Events != uint64(len(list)) || !bytes.Equal(tables(t, l), tables(t, again)) {
					t.Errorf("%d events of %d lessons", again.Stats().Events, len(list))
				}
			})
		}
	}
}

// TestManyTogether: batches and single lessons of several Learners on one store
// count once and leave the same tables everywhere.
func TestManyTogether(t *testing.T) {
	store := memory(t)
	var all [3]*Learner
	for i := range all {
		all[i] = open(t, Options{Store: store, SnapshotEvery: 20})
	}
	var wg sync.WaitGroup
	for i, l := range all {
		wg.Go(func() {
			var list []Lesson
			for n := range 60 {
				list = append(list, lesson(l, n, classOf(n)))
			}
			for part := range slices.Chunk(list, 10+10*i) {
				if _, err := l.LearnMany(t.Context(), part); err != nil {
					t.Error(err)
				}
				if _, err := l.Learn(t.Context(), part[0]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	late := open(t, Options{Store: store})
	for i, l := range all {
		if err := errors.Join(l.enter(t.Context()), l.catchUp(t.Context())); err != nil {
			t.Error(err)
		}
		l.leave()
		if !bytes.Equal(tables(t, l), tables(t, late)) {
			t.Errorf("Learner %d has other tables", i)
		}
	}
	if s := late.Stats(); s.Events != 60 {
		t.Errorf("%+v of 60 messages", s)
	}
}

// TestManyBesideScans judges while batches replace the tables.
func TestManyBesideScans(t *testing.T) {
	l := open(t, Options{Store: memory(t), SnapshotEvery: 20, Windows: true})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.Judge(l.Features(message(n, Spam), nil), "")
			}
		})
	}
	for at := range 4 {
		var list []Lesson
		for n := range 12 {
			list = append(list, lesson(l, at*12+n, classOf(n)))
		}
		if _, err := l.LearnMany(t.Context(), list); err != nil {
			t.Error(err)
		}
	}
	if err := l.Reset(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
}

package redis_test

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

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// How long each call of a load may take, and what a call that takes longer than
// that is allowed on a busy machine. Options.Timeout is far above both.
const (
	budget  = time.Second
	late    = time.Minute
	timeout = 5 * time.Minute
)

// A load is what workers do to a store while its server fails, and what of it
// the store has acknowledged.
type load struct {
	store *redis.Store
	stop  chan struct{}
	wg    sync.WaitGroup

	mu       sync.Mutex
	ids      map[string]uint64 // of the log, with their numbers
	messages map[string]bool   // learned
	sure     [workers]int64    // of each worker's counter: increments
	unsure   [workers]int64    // whose outcome is not known
	slowest  time.Duration
	done     atomic.Int64 // calls that ended well
	failed   atomic.Int64
}

const workers = 8

func startLoad(t *testing.T, s *redis.Store) *load {
	l := &load{store: s, stop: make(chan struct{}), ids: map[string]uint64{}, messages: map[string]bool{}}
	for w := range workers {
		l.wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-l.stop:
					return
				default:
					l.round(t, w, i)
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

// end stops the workers.
func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.wg.Wait()
}

// call runs one call within the budget and reports whether it was done.
func (l *load) call(t *testing.T, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	began := time.Now()
	err := do(ctx)
	took := time.Since(began)
	l.mu.Lock()
	l.slowest = max(l.slowest, took)
	l.mu.Unlock()
	if err == nil {
		l.done.Add(1)
		return nil
	}
	l.failed.Add(1)
	if errors.Is(err, storage.ErrUnavailable) {
		time.Sleep(time.Millisecond) // Let others have the processor.
	}
	return err
}

func (l *load) round(t *testing.T, w, i int) {
	id := fmt.Sprint(w, "-", i)
	for {
		var seq uint64
		err := l.call(t, func(ctx context.Context) (err error) {
			seq, err = l.store.Append(ctx, "log", id, []byte(id))
			return err
		})
		if err == nil {
			l.mu.Lock()
			l.ids[id] = seq
			l.mu.Unlock()
			break
		}
		select {
		case <-l.stop:
			return
		default: // An append with an id is repeated until it is known.
		}
	}
	err := l.call(t, func(ctx context.Context) error {
		_, err := l.store.Increment(ctx, fmt.Sprint("n", w), 1, 0)
		return err
	})
	l.mu.Lock()
	if err == nil {
		l.sure[w]++
	} else if !errors.Is(err, storage.ErrUnavailable) {
		l.unsure[w]++
	}
	l.mu.Unlock()
	err = l.call(t, func(ctx context.Context) error {
		_, err := l.store.Learn(ctx, "table", storage.Lesson{Message: id, Class: "spam", IDs: []uint64{1, 1 << 63, 2 + uint64(i)}})
		return err
	})
	if err == nil {
		l.mu.Lock()
		l.messages[id] = true
		l.mu.Unlock()
	}
}

// more waits until n calls more have ended well.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := l.done.Load() + n
	redistest.Await(t, "calls that end well", func() bool { return l.done.Load() >= want })
}

// check ends the load and checks that the store has all that it acknowledged,
// and once.
func (l *load) check(t *testing.T) {
	t.Helper()
	l.end()
	if l.slowest > late {
		t.Errorf("a call with a budget of %v took %v", budget, l.slowest)
	}
	entries := readAll(t, l.store)
	seen := map[string]uint64{}
	for i, e := range entries {
		if e.Seq != uint64(i+1) {
			t.Fatalf("entry %d has the number %d", i, e.Seq)
		}
		if seen[e.ID] != 0 {
			t.Errorf("entry %s is there twice, as %d and %d", e.ID, seen[e.ID], e.Seq)
		}
		seen[e.ID] = e.Seq
	}
	for id, seq := range l.ids {
		if seen[id] != seq {
			t.Errorf("entry %s was acknowledged as %d and is %d", id, seq, seen[id])
		}
	}
	l.checkCounts(t)
}

func (l *load) checkCounts(t *testing.T) {
	t.Helper()
	for w := range workers {
		got, err := l.store.Increment(t.Context(), fmt.Sprint("n", w), 0, 0)
		if err != nil || got < l.sure[w] || got > l.sure[w]+l.unsure[w] {
			t.Errorf("counter %d is %d, %v; %d increments were acknowledged and %d are unknown", w, got, err, l.sure[w], l.unsure[w])
		}
	}
	counts, err := l.store.Counts(t.Context(), "table", []uint64{1, 1 << 63})
	if err != nil {
		t.Fatal(err)
	}
	learned := counts.Lessons["spam"]
	if learned < int64(len(l.messages)) || !slices.Equal(counts.Tokens["spam"], []int64{learned, learned}) {
		t.Errorf("%d lessons were acknowledged, %d are there, of their tokens %v", len(l.messages), learned, counts.Tokens["spam"])
	}
	for m := range l.messages {
		if class, err := l.store.Lesson(t.Context(), "table", m); err != nil || class != "spam" {
			t.Errorf("lesson %s was acknowledged and is %q, %v", m, class, err)
		}
	}
}

func readAll(t *testing.T, s *redis.Store) []storage.Entry {
	t.Helper()
	var all []storage.Entry
	for {
		some, err := s.ReadLog(t.Context(), "log", uint64(len(all)+1), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

// down waits until the store says that the server is down.
func down(t *testing.T, s *redis.Store) {
	t.Helper()
	redistest.Await(t, "the store is down", func() bool { st := s.Stats(); return !st.Up && st.Err != nil })
}

func up(t *testing.T, s *redis.Store) {
	t.Helper()
	redistest.Await(t, "the store is up", func() bool { st := s.Stats(); return st.Up && st.Err == nil })
}

func warned(s *redis.Store, text string) bool {
	return slices.ContainsFunc(s.Stats().Warnings, func(w string) bool { return strings.Contains(w, text) })
}

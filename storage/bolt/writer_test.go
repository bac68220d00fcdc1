package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// doing makes an op of a step on a key, for a transaction that the test runs.
func doing(run func(*tx) error) *op { return &op{run: run, done: make(chan struct{})} }

func incrementing(key string) *op {
	return doing(func(t *tx) error {
		it, err := liveItem(t.root(inKV), key, t.now)
		if err != nil {
			return err
		}
		return t.keep(key, it, append(it.value[:len(it.value):len(it.value)], 'x'), 0)
	})
}

func holds(t *testing.T, s *Store, key, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if want == "-" {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s holds %q, %v, want nothing", key, got, err)
		}
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", key, got, err, want)
	}
}

var errTest = errors.New("of the test")

// A message that nobody has learned is taken back from a table that is not there.
func TestTakingBackFromNoTable(t *testing.T) {
	s := opened(t, Options{})
	back := func(tx *tx) error {
		_, err := tx.learn("none", []storage.Lesson{{Message: "m", IDs: []uint64{1}}})
		return err
	}
	tries := 0
	s.commit = func(apply func() error) error {
		tries++
		return apply()
	}
	ops := []*op{incrementing("a"), doing(back), incrementing("b")}
	s.transact(ops)
	for i, o := range ops {
		if o.err != nil {
			t.Errorf("op %d: %v", i, o.err)
		}
	}
	if tries != 1 {
		t.Errorf("%d transactions, want 1", tries)
	}
}

func TestFailingCallLeavesItsNeighbours(t *testing.T) {
	s := opened(t, Options{})
	ops := []*op{
		incrementing("a"),
		doing(func(t *tx) error { return errTest }),
		incrementing("a"),
		doing(func(t *tx) error { return errors.Join(incrementing("spoiled").run(t), errTest) }),
		incrementing("a"),
		doing(func(t *tx) error {
			_ = incrementing("spoiled").run(t)
			panic("of the test")
		}),
		incrementing("b"),
	}
	s.transact(ops)
	for i, o := range ops {
		switch i {
		case 1, 3:
			if !errors.Is(o.err, errTest) {
				t.Errorf("op %d: %v", i, o.err)
			}
		case 5:
			if !errors.Is(o.err, ErrDamaged) {
				t.Errorf("op %d: %v", i, o.err)
			}
		default:
			if o.err != nil {
				t.Errorf("op %d: %v", i, o.err)
			}
		}
	}
	holds(t, s, "a", "xxx")
	holds(t, s, "b", "x")
	holds(t, s, "spoiled", "-")
	if st := s.Stats(); st.Failed != 3 || !st.Up {
		t.Errorf("Stats() = %+v, want 3 failures", st)
	}
}

// TestTransactionThatFailsIsTriedInParts has every transaction fail that
// writes a certain key, when it is committed.
func TestTransactionThatFailsIsTriedInParts(t *testing.T) {
	s := opened(t, Options{})
	bad, attempts := false, 0
	s.commit = func(apply func() error) error {
		bad = false
		attempts++
		return apply()
	}
	var ops []*op
	for i := range 32 {
		key := fmt.Sprint("key ", i%4)
		if i == 13 || i == 30 {
			ops = append(ops, doing(func(t *tx) error {
				// The merge of this table fails at the end of the transaction.
				t.deltas = map[string][]delta{"no such table": {{1, 1, 1}}}
				bad = true
				return incrementing("bad").run(t)
			}))
			continue
		}
		ops = append(ops, incrementing(key))
	}
	s.transact(ops)
	for i, o := range ops {
		if failed := o.err != nil; failed != (i == 13 || i == 30) {
			t.Errorf("op %d: %v", i, o.err)
		}
	}
	for i, n := range []int{8, 7, 7, 8} {
		holds(t, s, fmt.Sprint("key ", i), strings.Repeat("x", n))
	}
	holds(t, s, "bad", "-")
	if attempts > 25 || bad {
		t.Errorf("%d attempts, the last bad: %v", attempts, bad)
	}
}

func TestSyncThatFailsStopsWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Increment(t.Context(), "n", 1, 0); err != nil {
		t.Fatal(err)
	}
	s.commit = func(apply func() error) error { return errors.Join(apply(), errTest) }
	for range 2 {
		if _, err := s.Increment(t.Context(), "n", 1, 0); !errors.Is(err, ErrUnsure) || !errors.Is(err, errTest) || !strings.Contains(err.Error(), path) {
			t.Errorf("Increment: %v, want ErrUnsure with the file's name", err)
		}
	}
	if got, err := s.Get(t.Context(), "n"); err != nil || string(got) != "2" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if st := s.Stats(); st.Up || !errors.Is(st.Err, ErrUnsure) || st.Since.IsZero() || st.Failed != 2 {
		t.Errorf("Stats() = %+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopened(t, path, Options{})
	if n, err := s.Increment(t.Context(), "n", 1, 0); n != 3 || err != nil {
		t.Errorf("after opening again Increment = %d, %v, want 3", n, err)
	}
}

// busy has the writer wait in a call until the function that it returns is
// called. It is for a synctest bubble.
func busy(t *testing.T, s *Store) (release func()) {
	t.Helper()
	hold := make(chan struct{})
	go func() {
		if _, err := write(context.Background(), s, 0, func(t *tx) (int, error) {
			<-hold
			return 0, incrementing("busy").run(t)
		}); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return sync.OnceFunc(func() {
		close(hold)
		synctest.Wait()
	})
}

func TestContextEndsBeforeTheWriterIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		s := reopened(t, path, Options{})
		release := busy(t, s)
		defer release()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if err := s.Set(ctx, "late", nil, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Set: %v", err)
		}
		if took := time.Since(begun); took != 300*time.Millisecond {
			t.Errorf("Set took %v", took)
		}
		if err := s.Set(ctx, "later", nil, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Set with a context that ended: %v", err)
		}
		release()
		holds(t, s, "late", "-")
		holds(t, s, "busy", "x")
	})
}

func TestContextEndsWhileTheWriterWorks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		s := reopened(t, path, Options{})
		hold := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := write(ctx, s, 0, func(t *tx) (int, error) {
			<-hold
			return 0, incrementing("slow").run(t)
		}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("write: %v", err)
		}
		close(hold)
		synctest.Wait()
		holds(t, s, "slow", "x")
		hold = make(chan struct{})
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := read(ctx, s, func(view) (int, error) {
			<-hold
			return 1, nil
		}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		close(hold)
	})
}

func TestReadsAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		s := reopened(t, path, Options{})
		hold := make(chan struct{})
		for range maxReads {
			go func() {
				if _, err := read(context.Background(), s, func(view) (int, error) {
					<-hold
					return 0, nil
				}); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one read too many: %v", err)
		}
		close(hold)
		synctest.Wait()
		holds(t, s, "k", "-")
	})
}

// TestClose holds that Close waits for what was accepted; the bubble would not
// end with a goroutine left.
func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		release := busy(t, s)
		waiting, closed := make(chan error, 1), make(chan error, 2)
		go func() { waiting <- s.Set(context.Background(), "waiting", nil, 0) }()
		synctest.Wait()
		for range 2 {
			go func() { closed <- s.Close() }()
		}
		if err := <-waiting; !errors.Is(err, storage.ErrClosed) {
			t.Errorf("a call that waited for the writer: %v, want ErrClosed", err)
		}
		synctest.Wait()
		if len(closed) > 0 {
			t.Error("Close did not wait for the call in progress")
		}
		release()
		for range 2 {
			if err := <-closed; err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if err := s.Set(context.Background(), "k", nil, 0); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Set: %v", err)
		}
		if _, err := s.Get(context.Background(), "k"); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Get: %v", err)
		}
		if st := s.Stats(); st.Up {
			t.Error("a closed store is up")
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close of a closed store: %v", err)
		}
		s = reopened(t, path, Options{})
		holds(t, s, "busy", "x")
		holds(t, s, "waiting", "-")
	})
}

package bayes

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A dark store does not answer as long as it is dark.
type dark struct {
	Store
	off atomic.Bool
}

func (d *dark) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if d.off.Load() {
		return nil, errStore
	}
	return d.Store.Add(ctx, key, value, ttl)
}

// TestHeals opens a Learner while the store is down: it knows nothing, says so, and
// is as any other when the store is back.
func TestHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		before := open(t, Options{Store: store})
		for n := range 70 {
			learn(t, before, n, classOf(n))
		}
		d := &dark{Store: store}
		d.off.Store(true)
		l := open(t, Options{Store: d, Poll: time.Second})
		if err := l.Ready(); !errors.Is(err, ErrNotReady) || !errors.Is(err, errStore) {
			t.Errorf("ready: %v", err)
		}
		if f := l.Features(message(1, Ham), nil); len(f.Tokens.Slots) != 0 || !l.Judge(f, "").Unread || l.Stats() != (Stats{}) {
			t.Error("it knows something")
		}
		if _, err := l.Learn(t.Context(), lesson(before, 100, Spam)); !errors.Is(err, ErrNotReady) {
			t.Errorf("a lesson: %v", err)
		}
		time.Sleep(3 * time.Second)
		d.off.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if err := l.Ready(); err != nil || !bytes.Equal(tables(t, l), tables(t, before)) {
			t.Errorf("it did not heal: %v", err)
		}
		l.Close()

		d.off.Store(true)
		l = open(t, Options{Store: d})
		d.off.Store(false)
		if err := l.Wake(t.Context()); err != nil || l.Ready() != nil {
			t.Error(err, l.Ready())
		}
		learn(t, l, 101, Ham)
	})
}

// TestNoHealing holds that what waiting does not mend is an error of Open.
func TestNoHealing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l, err := Open(ctx, Options{Store: memory(t)}); !errors.Is(err, context.Canceled) {
		l.Close()
		t.Errorf("after the end: %v", err)
	}
	closed := storage.NewMemory(storage.MemoryOptions{})
	closed.Close()
	if l, err := Open(t.Context(), Options{Store: closed}); !errors.Is(err, storage.ErrClosed) {
		l.Close()
		t.Errorf("a closed store: %v", err)
	}
}

// TestWaitingEnds holds that a lesson that waits for another obeys its context.
func TestWaitingEnds(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	if err := l.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer l.leave()
	why := errors.New("given up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := l.Learn(ctx, lesson(l, 1, Ham)); !errors.Is(err, why) {
		t.Error(err)
	}
	if _, err := l.Unlearn(ctx, lesson(l, 1, Ham)); !errors.Is(err, why) {
		t.Error(err)
	}
}

// TestOldTablesGo holds that tables that were superseded leave the store.
func TestOldTablesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		l := open(t, Options{Store: store, SnapshotEvery: 5})
		most := 0
		for n := range 60 {
			learn(t, l, n, classOf(n))
			time.Sleep(20 * time.Second)
			keys, _, err := store.Scan(t.Context(), "snapshot:", "", 100_000)
			if err != nil {
				t.Fatal(err)
			}
			if n == 20 {
				most = len(keys)
			}
			if n > 20 && len(keys) > 2*most {
				t.Fatalf("%d keys of tables after %d lessons, %d after 20", len(keys), n, most)
			}
		}
	})
}

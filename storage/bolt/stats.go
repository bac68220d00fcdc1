package bolt

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// counters is what Stats reports; the writer measures the file after each
// transaction, so that Stats need not look at it.
type counters struct {
	calls, fails, refused atomic.Int64
	keys, size, free      atomic.Int64

	mu    sync.Mutex
	err   error
	since time.Time
}

func (c *counters) failed(now time.Time, err error, n int) {
	c.fails.Add(int64(n))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.since = now
	}
	c.err = err
}

// reached notes that a transaction went well.
func (c *counters) reached() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err, c.since = nil, time.Time{}
}

// Stats implements storage.Store. Keys are those of KV; Bytes is the size of
// the file and Free what of it is not in use, as of the last write. Up is false
// when the store does not write any more. Err is the latest failure of a write
// or a read since a write succeeded.
func (s *Store) Stats() storage.Stats {
	c := &s.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	st := storage.Stats{
		Kind: "bolt", Up: s.unsure.Load() == nil && s.life.Err() == nil,
		Err: c.err, Since: c.since,
		Calls: c.calls.Load(), Failed: c.fails.Load(), Refused: c.refused.Load(),
		Keys: c.keys.Load(), Bytes: c.size.Load(), Free: c.free.Load(),
	}
	if s.o.NoSync {
		st.Warnings = append(st.Warnings, "bolt: NoSync: when the machine crashes "+s.path+" may be lost")
	}
	return st
}

// setGrowth notes the file's size and sets how much it grows by at a time: an
// eighth, since each growth costs a sync.
func (s *Store) setGrowth() {
	if st, err := s.file.Stat(); err == nil {
		s.stats.size.Store(st.Size())
		s.db.AllocSize = int(min(max(st.Size()/8, 256<<10), 16<<20))
	}
}

// measure notes how large the file is and what of it is in use.
func (s *Store) measure() {
	s.setGrowth()
	d := s.db.Stats()
	_ = guard(func() error {
		return s.db.View(func(t *bbolt.Tx) error {
			used := t.Size() - int64(d.FreePageN+d.PendingPageN)*int64(s.db.Info().PageSize)
			s.stats.free.Store(max(0, s.stats.size.Load()-used))
			if raw := t.Bucket([]byte(inMeta)).Get([]byte("keys")); len(raw) == 8 {
				s.stats.keys.Store(int64(binary.BigEndian.Uint64(raw)))
			}
			return nil
		})
	})
}

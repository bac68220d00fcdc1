// Package bolt keeps winnow's state in one file: the store that programs use
// unless they share their state with other machines.
//
// The file is a bbolt database. One goroutine writes: it takes all the calls
// that came in while the last transaction was being written, executes them in
// order in one transaction, and answers them when the file has been synced.
// So many writers at once cost hardly more than one, and a call that has
// returned without an error is on the disk. Calls are atomic, and one that
// fails leaves the others of its transaction alone. Reads go beside the
// writer, in short transactions of their own.
//
// A call returns when its context ends. A write that was still waiting for the
// writer is then not done, now or later; one that the writer had taken may
// still be done. A disk that hangs therefore holds up nobody whose context has
// an end, but Close and Open wait for it.
//
// A full disk is storage.ErrFull of the calls that needed more room. The store
// goes on, and writes succeed again when there is room; TrimLog works without. After a sync that failed
// when the transaction was written already, nobody knows what the disk holds:
// the store then refuses to write until it is opened again.
//
// The file never shrinks by itself; room that is given up is used again.
// Compact writes a smaller copy. Only one process can have the file open.
package bolt

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Errors of this package; use errors.Is.
var (
	// ErrLocked means that another process, or this one, has the file open.
	ErrLocked = errors.New("bolt: file is in use")
	// ErrNewer means that a later version of winnow wrote the file.
	ErrNewer = errors.New("bolt: file was written by a newer version")
	// ErrForeign means that the file is a bbolt database of another program.
	ErrForeign = errors.New("bolt: file is not a store of winnow")
	// ErrDamaged means that the file, or something in it, can't be read.
	ErrDamaged = errors.New("bolt: file is damaged")
	// ErrUnsure means that a sync failed after a transaction was written. What
	// the transaction did may or may not be on the disk; the store writes
	// nothing more until it is opened again.
	ErrUnsure = errors.New("bolt: sync failed, open the file again")
)

// Options configures Open; the zero value works.
type Options struct {
	// LockTimeout is how long Open waits for a process that has the file open;
	// 0 means three seconds, a negative one that Open does not wait.
	LockTimeout time.Duration
	// Lessons is how many lessons each table remembers for being moved and
	// taken back; 0 means storage.DefaultLessons.
	Lessons int
	// NoSync leaves it to the operating system when the file gets to the disk.
	// Writes are faster, and a killed process loses nothing. When the machine
	// crashes, though, not only the latest writes may be lost: the file may be
	// unusable. It is meant for state that can be thrown away, and for imports
	// that can be repeated. Close syncs the file.
	NoSync bool
	// SweepEvery is how often keys whose time is over are removed from the
	// file; nobody sees them in the meantime. 0 means a minute, a negative one
	// never.
	SweepEvery time.Duration
	// Clock gives the time that TTLs run by; nil means time.Now.
	Clock func() time.Time
}

func (o Options) withDefaults() Options {
	if o.LockTimeout == 0 {
		o.LockTimeout = 3 * time.Second
	}
	if o.LockTimeout < 0 {
		o.LockTimeout = 1 // bbolt takes 0 for waiting without end
	}
	if o.Lessons == 0 {
		o.Lessons = storage.DefaultLessons
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Minute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// A Store is a storage.Store in a file. It is safe for concurrent use.
type Store struct {
	db   *bbolt.DB
	file *os.File
	path string
	o    Options

	ops     chan []*op      // to the writer; unbuffered, so senders are the queue
	reading chan struct{}   // holds a token for each read in progress
	life    context.Context // ends when Close is called
	end     context.CancelFunc
	written sync.WaitGroup // the writer

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // reads and copies in progress; Add only under mu

	unsure atomic.Pointer[error] // why nothing is written any more
	stuck  bool                  // the writer's: bbolt may hold its locks for ever
	stats  counters

	// Hooks of tests.
	commit func(apply func() error) error // wraps each transaction
}

var _ storage.Store = (*Store)(nil)

// maxReads is how many reads go on at once; more wait. It bounds the threads
// that a disk which hangs can hold.
const maxReads = 64

// Close waits for the calls that the writer has taken and for reads in
// progress; calls after it, and those that still wait for the writer, get
// storage.ErrClosed. Backups and compactions in progress are broken off.
// Closing a closed store does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.written.Wait()
	s.users.Wait()
	if was {
		return nil
	}
	if s.stuck {
		return s.named(s.abandon())
	}
	var syncErr error
	if s.o.NoSync {
		syncErr = s.db.Sync()
	}
	return s.named(errors.Join(syncErr, s.db.Close()))
}

// enter counts a user of the file, who calls s.users.Done; it is ErrClosed
// after Close.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.users.Add(1)
	return nil
}

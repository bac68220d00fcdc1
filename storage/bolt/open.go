package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// A schema is how the file is laid out.
type schema struct {
	version uint32
	// steps has for each version before this one, from 1 on, what brings a
	// file from it to the next. A step runs in the transaction that opens the
	// file; so a file is brought up to date wholly or not at all.
	steps []func(*bbolt.Tx) error
}

func current() schema { return schema{version: 1} }

// Open opens a file, which it makes if it is not there; the directory must be.
// Errors name the file; ErrLocked says who has it open where that can be told.
func Open(path string, o Options) (*Store, error) {
	return open(path, o, current())
}

func open(path string, o Options, sch schema) (*Store, error) {
	if o.Lessons < 0 {
		return nil, fmt.Errorf("bolt: options: lessons %d is below 0", o.Lessons)
	}
	o = o.withDefaults()
	s := &Store{path: path, o: o, ops: make(chan []*op), reading: make(chan struct{}, maxReads)}
	if err := s.openFile(); err != nil {
		return nil, s.named(err)
	}
	if err := s.prepare(sch); err != nil {
		return nil, errors.Join(s.named(err), s.db.Close())
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.measure()
	s.written.Add(1)
	go s.writer()
	return s, nil
}

// openFile opens the database. bbolt panics over some damages; the file is
// closed then, so that it is not locked for ever.
func (s *Store) openFile() error {
	known, err := os.Stat(s.path)
	if err == nil && !known.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", ErrForeign)
	}
	reserve := 0
	if err == nil {
		reserve = reservation(known.Size())
	} else {
		reserve = reservation(0)
	}
	options := &bbolt.Options{
		Timeout:         s.o.LockTimeout,
		FreelistType:    bbolt.FreelistMapType,
		NoSync:          s.o.NoSync,
		InitialMmapSize: reserve,
		OpenFile: func(path string, flag int, mode os.FileMode) (f *os.File, err error) {
			s.file, err = os.OpenFile(path, flag, mode)
			return s.file, err
		},
	}
	panicked := true
	err = guard(func() (err error) {
		s.db, err = bbolt.Open(s.path, 0o600, options)
		panicked = false
		return err
	})
	if panicked && s.file != nil {
		_ = s.abandon()
	}
	var system syscall.Errno
	switch {
	case err == nil:
		s.setGrowth()
		return nil
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%w%s", ErrLocked, holder(s.path))
	case errors.Is(err, ErrDamaged), errors.As(err, &system):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err) // both headers are wrong, or there is no room for them
}

// abandon closes the file without bbolt, whose locks may be held for ever. The
// mapping stays, and with it a lock that is not given up.
func (s *Store) abandon() error {
	return errors.Join(unlock(s.file), s.file.Close())
}

// reservation is how much address space is set aside for a file. bbolt waits
// for all readers, and holds up new ones, whenever it needs more: so the space
// suffices until the file is four times its size, and a long Backup is in
// nobody's way. Windows would make the file that large.
func reservation(size int64) int {
	if math.MaxInt == math.MaxInt32 || runtime.GOOS == "windows" {
		return 0
	}
	return int(max(1<<30, min(4*size, 1<<40)))
}

// prepare lays a new file out, checks an old one, and brings one of an older
// version up to date.
func (s *Store) prepare(sch schema) error {
	if err := s.whole(); err != nil {
		return err
	}
	var fresh bool
	var version uint32
	err := guard(func() error {
		return s.db.View(func(t *bbolt.Tx) (err error) {
			first, _ := t.Cursor().First()
			if fresh = first == nil; !fresh {
				version, err = versionOf(t)
			}
			return err
		})
	})
	switch {
	case err != nil:
		return err
	case version > sch.version:
		return fmt.Errorf("%w: it has version %d, this program knows versions up to %d", ErrNewer, version, sch.version)
	case fresh:
		return guard(func() error { return s.db.Update(func(t *bbolt.Tx) error { return layOut(t, sch.version) }) })
	case version < sch.version:
		err = guard(func() error { return s.db.Update(func(t *bbolt.Tx) error { return migrate(t, version, sch) }) })
	}
	if err != nil {
		return err
	}
	return guard(func() error { return s.db.View(complete) })
}

// whole returns an error for a file that was cut off.
func (s *Store) whole() error {
	return guard(func() error {
		return s.db.View(func(t *bbolt.Tx) error {
			st, err := s.file.Stat()
			if err == nil && st.Size() < t.Size() {
				err = fmt.Errorf("%w: it has %d of %d bytes", ErrDamaged, st.Size(), t.Size())
			}
			return err
		})
	})
}

func versionOf(t *bbolt.Tx) (uint32, error) {
	meta := t.Bucket([]byte(inMeta))
	if meta == nil {
		return 0, ErrForeign
	}
	raw := meta.Get([]byte("schema"))
	if len(raw) != 4 || binary.BigEndian.Uint32(raw) == 0 {
		return 0, ErrForeign
	}
	return binary.BigEndian.Uint32(raw), nil
}

func setVersion(t *bbolt.Tx, version uint32) error {
	return t.Bucket([]byte(inMeta)).Put([]byte("schema"), binary.BigEndian.AppendUint32(nil, version))
}

func layOut(t *bbolt.Tx, version uint32) error {
	for _, name := range rootBuckets() {
		if _, err := t.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return setVersion(t, version)
}

func migrate(t *bbolt.Tx, version uint32, sch schema) error {
	for ; version < sch.version; version++ {
		if int(version) > len(sch.steps) {
			return fmt.Errorf("bolt: there is no step from version %d to the next", version)
		}
		if err := sch.steps[version-1](t); err != nil {
			return fmt.Errorf("bolt: from version %d to the next: %w", version, err)
		}
	}
	return setVersion(t, sch.version)
}

// complete returns an error if a bucket is missing.
func complete(t *bbolt.Tx) error {
	for _, name := range rootBuckets() {
		if t.Bucket([]byte(name)) == nil {
			return damaged("it lacks the bucket " + name)
		}
	}
	return nil
}

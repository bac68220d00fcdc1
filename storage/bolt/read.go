package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// A view is a transaction that reads.
type view struct {
	*bbolt.Tx
	now time.Time
}

// read runs a function in a transaction of its own and returns its result.
// What run reads must not be changed by the caller, who may be gone before run
// has ended; what it returns must not point into the file.
func read[T any](ctx context.Context, s *Store, run func(view) (T, error)) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	if err := s.enter(); err != nil {
		return zero, err
	}
	s.stats.calls.Add(1)
	select {
	case s.reading <- struct{}{}:
	case <-ctx.Done():
		s.users.Done()
		return zero, ctx.Err()
	}
	type answer struct {
		value T
		err   error
	}
	do := func() (a answer) {
		defer s.users.Done()
		defer func() { <-s.reading }()
		a.err = s.viewed(func(v view) (err error) {
			a.value, err = run(v)
			return err
		})
		return a
	}
	if ctx.Done() == nil {
		a := do()
		return a.value, a.err
	}
	// The page that is asked for may have to come from a disk that hangs.
	done := make(chan answer, 1)
	go func() { done <- do() }()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

func (s *Store) viewed(run func(view) error) error {
	err := guard(func() error {
		return s.db.View(func(btx *bbolt.Tx) error {
			return run(view{btx, s.o.Clock()})
		})
	})
	if err != nil && !ofCaller(err) {
		err = s.named(err)
		s.stats.failed(s.o.Clock(), err, 1)
	}
	return err
}

// ofCaller reports whether an error says something about what was asked, and
// nothing about the store.
func ofCaller(err error) bool {
	for _, e := range []error{
		storage.ErrNotFound, storage.ErrNotNumber, storage.ErrBadKey, storage.ErrTooLarge,
		storage.ErrTrimmed, storage.ErrForgotten, storage.ErrClosed, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// named puts the file's name before an error, and storage.ErrFull if that is
// what it means.
func (s *Store) named(err error) error {
	if err == nil || ofCaller(err) {
		return err
	}
	var n *fileError
	if errors.As(err, &n) {
		return err
	}
	if noRoom(err) {
		err = fmt.Errorf("%w: %w", storage.ErrFull, err)
	}
	return &fileError{s.path, err}
}

// noRoom reports whether an error says that the disk, a quota or a limit of file
// sizes has no room. bbolt passes some errors on as text only.
func noRoom(err error) bool {
	full := []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
	if runtime.GOOS == "windows" {
		full = []error{syscall.Errno(112)} // ERROR_DISK_FULL
	}
	return slices.ContainsFunc(full, func(e error) bool {
		return errors.Is(err, e) || strings.HasSuffix(err.Error(), e.Error())
	})
}

type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// guard makes errors of what bbolt panics with when a page is not what it must
// be, and of the fault that reading from a file that was cut off raises.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return f()
}

// damaged makes an error of a value that can't be what this package wrote.
func damaged(what string) error {
	return fmt.Errorf("%w: %s", ErrDamaged, what)
}

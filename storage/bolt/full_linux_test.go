package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

// TestFileSizeLimit fills the file up to the process's limit of file sizes, in
// a process of its own.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	c := startChild(t, "fill", filepath.Join(t.TempDir(), "state"))
	if got := c.line(t); got != "done" {
		t.Error(got)
	}
}

// fill is the process of TestFileSizeLimit.
func fill(path string) error {
	limit := func(size uint64) error {
		var was syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			return err
		}
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: min(size, was.Max), Max: was.Max})
	}
	if err := limit(4 << 20); err != nil {
		return err
	}
	if err := fillUp(path, syscall.EFBIG, func() error { return limit(1 << 40) }); err != nil {
		return err
	}
	fmt.Println("done")
	return nil
}

// TestFullDisk fills a small file system of its own.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system of 4 MiB")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("can't mount a file system of 4 MiB: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := fillUp(filepath.Join(dir, "state"), syscall.ENOSPC, func() error {
		return syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=32m")
	}); err != nil {
		t.Error(err)
	}
}

// fillUp appends until a file can't grow, checks what still works, and goes on
// when there is more room.
func fillUp(path string, want error, more func() error) error {
	ctx := context.Background()
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	n := 0
	for err == nil {
		if err = s.Set(ctx, fmt.Sprint("small ", n), []byte("v"), 0); err == nil {
			_, err = s.Append(ctx, "log", fmt.Sprint(n), data)
		}
		if n++; n > 100 {
			return errors.New("the file has no limit")
		}
	}
	if !errors.Is(err, storage.ErrFull) || !strings.Contains(err.Error(), want.Error()) {
		return fmt.Errorf("the full file gives %w, want %w", err, want)
	}
	if st := s.Stats(); st.Err == nil || !st.Up || st.Failed == 0 {
		return fmt.Errorf("stats of a full file: %+v", st)
	}
	n-- // of the entries
	small, err := besides(ctx, s)
	if err != nil {
		return err
	}
	if err := entriesAre(ctx, s, 1, n, data); err != nil {
		return fmt.Errorf("while the file is full: %w", err)
	}
	// bbolt needs free pages in a row for an entry and those that share its
	// page, so that it is not enough to trim as much as is added.
	const keep = 5
	if _, err := s.TrimLog(ctx, "log", storage.Trim{Keep: keep}); err != nil {
		return fmt.Errorf("trimming: %w", err)
	}
	if _, err := s.Append(ctx, "log", fmt.Sprint(n), data); err != nil {
		return fmt.Errorf("after trimming: %w", err)
	}
	if err := more(); err != nil {
		return err
	}
	for i := range 40 {
		if _, err := s.Append(ctx, "log", fmt.Sprint(n+1+i), data); err != nil {
			return fmt.Errorf("with more room: %w", err)
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = Open(path, Options{}); err != nil {
		return err
	}
	defer s.Close()
	for i := range small {
		if _, err := s.Get(ctx, fmt.Sprint("beside ", i)); err != nil {
			return err
		}
	}
	return errors.Join(entriesAre(ctx, s, n-keep+1, n+41, data), check(s))
}

// besides writes small keys and large entries at once; only the entries find
// no room. It returns how many keys it wrote.
func besides(ctx context.Context, s *Store) (int, error) {
	const small = 10
	var wg sync.WaitGroup
	errs := make(chan error, 2*small)
	for i := range small {
		wg.Go(func() {
			if err := s.Set(ctx, fmt.Sprint("beside ", i), []byte("v"), 0); err != nil {
				errs <- fmt.Errorf("a small key beside entries that find no room: %w", err)
			}
		})
		wg.Go(func() {
			if _, err := s.Append(ctx, "other log", "", make([]byte, storage.MaxValue)); err == nil {
				errs <- errors.New("there was room for an entry")
			}
		})
	}
	wg.Wait()
	close(errs)
	return small, <-errs
}

func entriesAre(ctx context.Context, s *Store, first, n int, data []byte) error {
	entries, err := s.ReadLog(ctx, "log", uint64(first), 1000)
	if err != nil {
		return err
	}
	if len(entries) != n-first+1 {
		return fmt.Errorf("%d entries from %d on, want %d", len(entries), first, n-first+1)
	}
	for _, e := range entries {
		if e.ID != fmt.Sprint(e.Seq-1) || !bytes.Equal(e.Data, data) {
			return fmt.Errorf("entry %d has id %q and %d bytes", e.Seq, e.ID, len(e.Data))
		}
	}
	return nil
}

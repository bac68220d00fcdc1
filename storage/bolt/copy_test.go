package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

// furnished opens a store with something of every kind in it.
func furnished(t *testing.T) *Store {
	t.Helper()
	s := opened(t, Options{NoSync: true})
	ctx := t.Context()
	for i := range 300 {
		name := fmt.Sprint("n ", i)
		err := errors.Join(s.Set(ctx, name, bytes.Repeat([]byte("v"), i), 0), s.Push(ctx, "list", []byte(name), 50),
			s.Rank(ctx, "set", name, float64(i%7), 100, 0))
		_, e1 := s.Append(ctx, "log", name, []byte(name))
		_, e2 := s.Learn(ctx, "t", storage.Lesson{Message: name, Class: "ham", IDs: roundIDs(0, i)})
		if err := errors.Join(err, e1, e2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.TrimLog(ctx, "log", storage.Trim{Keep: 10}); err != nil {
		t.Fatal(err)
	}
	return s
}

// contents describes what a store with the things of furnished holds.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	ctx := t.Context()
	var all []any
	add := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	keys, next, err := s.Scan(ctx, "", "", 100_000)
	add(keys, err)
	add(next, nil)
	add(s.GetMany(ctx, keys))
	add(s.Items(ctx, "list", 0, 1000))
	add(s.Members(ctx, "set", 0, 1000))
	add(s.LogState(ctx, "log"))
	add(s.NewestLog(ctx, "log", 0, 1000))
	add(s.Counts(ctx, "t", roundIDs(0, 5)))
	for i := range 300 {
		add(s.Lesson(ctx, "t", fmt.Sprint("n ", i)))
	}
	return fmt.Sprintf("%q", all)
}

func TestBackup(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	want := contents(t, s)
	var copied bytes.Buffer
	if err := s.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
		// The store is in use meanwhile.
		err := errors.Join(s.Set(t.Context(), "n 5", make([]byte, 30_000), 0), s.Push(t.Context(), "list", nil, 3))
		if _, e := s.Append(t.Context(), "log", "", make([]byte, 100_000)); err == nil {
			err = e
		}
		if err != nil {
			return 0, err
		}
		return copied.Write(p)
	})); err != nil {
		t.Fatal(err)
	}
	if contents(t, s) == want {
		t.Error("the store did not change")
	}
	path := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, reopened(t, path, Options{})); got != want {
		t.Errorf("the backup holds\n%.300s, want\n%.300s", got, want)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBackupIsBrokenOff(t *testing.T) {
	s := furnished(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Backup(ctx, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup: %v, want Canceled", err)
	}
	if err := s.Backup(t.Context(), writerFunc(func([]byte) (int, error) { return 0, errTest })); !errors.Is(err, errTest) {
		t.Errorf("Backup: %v", err)
	}
	var closing sync.WaitGroup
	err := s.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
		closing.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		<-s.life.Done()
		return len(p), nil
	}))
	if !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Backup of a store that is being closed: %v, want ErrClosed", err)
	}
	closing.Wait()
	if err := s.Backup(t.Context(), &bytes.Buffer{}); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Backup: %v, want ErrClosed", err)
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	for i := range 30 {
		if err := s.Set(t.Context(), fmt.Sprint("large ", i), make([]byte, 100_000), 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30 {
		if err := s.Delete(t.Context(), fmt.Sprint("large ", i)); err != nil {
			t.Fatal(err)
		}
	}
	want := contents(t, s)
	dir := t.TempDir()
	dst := filepath.Join(dir, "small")
	if err := s.Compact(t.Context(), dst); err != nil {
		t.Fatal(err)
	}
	small, err := os.Stat(dst)
	if err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); small.Size() > st.Bytes/3 || st.Free < st.Bytes/2 {
		t.Errorf("%d bytes became %d, with %d free", st.Bytes, small.Size(), st.Free)
	}
	if small.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v", small.Mode())
	}
	if err := s.Compact(t.Context(), dst); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Compact to a file that is there: %v", err)
	}
	c := reopened(t, dst, Options{})
	if got := contents(t, c); got != want {
		t.Errorf("the copy holds\n%.300s, want\n%.300s", got, want)
	}
	if seq, err := c.Append(t.Context(), "log", "", nil); err != nil || seq != 301 {
		t.Errorf("the next entry of the copy is %d, %v, want 301", seq, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx, filepath.Join(dir, "other")); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact: %v, want Canceled", err)
	}
	if err := s.Compact(t.Context(), filepath.Join(dir, "none", "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Compact: %v, want ErrNotExist", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the directory holds %v, %v, want the copy only", files, err)
	}
}

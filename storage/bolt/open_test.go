package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// refused checks that a file can't be opened and that the error names it.
func refused(t *testing.T, path string, o Options, sch schema, want error, text string) {
	t.Helper()
	s, err := open(path, o, sch)
	if err == nil {
		_ = s.Close()
	}
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), text) {
		t.Errorf("Open: %v, want %v with %q and the file's name", err, want, text)
	}
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, text, Options{}, current(), ErrDamaged, "")
	other := filepath.Join(dir, "other")
	db, err := bbolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(t *bbolt.Tx) error {
		_, err := t.CreateBucket([]byte("theirs"))
		return err
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	refused(t, other, Options{}, current(), ErrForeign, "")
	refused(t, dir, Options{}, current(), ErrForeign, "not a regular file")
	refused(t, filepath.Join(dir, "none", "state"), Options{}, current(), os.ErrNotExist, "")
}

func TestSchemaVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := reopened(t, path, Options{})
	if err := s.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	double := func(t *bbolt.Tx) error {
		b := t.Bucket([]byte(inKV))
		return b.Put([]byte("k"), append(b.Get([]byte("k")), b.Get([]byte("k"))[1:]...))
	}
	fails := func(t *bbolt.Tx) error { return errors.Join(double(t), errTest) }
	refused(t, path, Options{}, schema{3, []func(*bbolt.Tx) error{double, fails}}, errTest, "version 2")
	refused(t, path, Options{}, schema{version: 2}, nil, "no step")
	s, err := open(path, Options{}, schema{3, []func(*bbolt.Tx) error{double, double}})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, s, "k", "vvvv")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, path, Options{}, current(), ErrNewer, "version 3")
}

// TestDamagedFile damages a file in many ways. Each is an error that names it,
// or harms nothing that is asked for; none ends the process.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	s := reopened(t, whole, Options{NoSync: true})
	for i := range 200 {
		if err := s.Set(t.Context(), fmt.Sprint("key ", i), make([]byte, 500), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	used := 0
	for i := 0; i < len(good); i += page {
		if string(good[i:i+page]) != string(make([]byte, page)) {
			used = i + page
		}
	}
	failed := 0
	for i := 0; i < used; i += page {
		for name, data := range map[string][]byte{
			"cut off": good[:i],
			"zeros":   append(append(append([]byte{}, good[:i]...), make([]byte, page)...), good[i+page:]...),
			"junk":    append(append(append([]byte{}, good[:i]...), []byte(strings.Repeat("junk", page/4))...), good[i+page:]...),
		} {
			if i == 0 && name == "cut off" {
				continue // an empty file is a new one
			}
			path := filepath.Join(dir, "damaged")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := useAll(t, path); err != nil {
				failed++
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), path) {
					t.Errorf("page %d, %s: %v", i/page, name, err)
				}
			} else if name == "cut off" {
				t.Errorf("nobody noticed that the file ends at page %d", i/page)
			}
		}
	}
	if failed < used/page {
		t.Errorf("only %d of the damages to %d pages were noticed", failed, used/page)
	}
}

// useAll opens a file, reads and writes, and returns the first error.
func useAll(t *testing.T, path string) error {
	s, err := Open(path, Options{LockTimeout: -1, NoSync: true})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range 200 {
		_, e := s.Get(ctx, fmt.Sprint("key ", i))
		if !errors.Is(e, storage.ErrNotFound) {
			err = errors.Join(err, e)
		}
	}
	for i := range 3 {
		if e := s.Set(ctx, fmt.Sprint("key ", 50*i), nil, 0); err == nil {
			err = e
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a damaged page holds calls up: %v", err)
	}
	return errors.Join(err, s.Close())
}

func TestLockedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := reopened(t, path, Options{})
	text := ""
	if runtime.GOOS == "linux" {
		text = "by this process"
	}
	refused(t, path, Options{LockTimeout: -1}, current(), ErrLocked, text)
	if wait := (Options{LockTimeout: -1}).withDefaults().LockTimeout; wait <= 0 || wait > time.Microsecond {
		t.Errorf("Open without waiting waits for %v", wait)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	child := startChild(t, "hold", path)
	child.line(t)
	if runtime.GOOS == "linux" {
		text = fmt.Sprintf("by process %d (%.8s", child.cmd.Process.Pid, filepath.Base(os.Args[0]))
	}
	refused(t, path, Options{LockTimeout: 100 * time.Millisecond}, current(), ErrLocked, text)
	child.kill(t)
	reopened(t, path, Options{})
}

package state

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
)

// open opens a store and returns it with what was logged.
func open(t *testing.T, where string) (storage.Store, string) {
	t.Helper()
	var log bytes.Buffer
	store, err := Open(t.Context(), where, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return store, log.String()
}

// keeps holds that a store's state outlives it.
func keeps(t *testing.T, where string) {
	t.Helper()
	store, log := open(t, where)
	if err := store.Set(t.Context(), "key", []byte("value"), 0); err != nil {
		t.Errorf("%v, log %q", err, log)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	store, _ = open(t, where)
	defer store.Close()
	if got, err := store.Get(t.Context(), "key"); err != nil || string(got) != "value" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNone(t *testing.T) {
	if store, log := open(t, ""); store != nil || log != "" {
		t.Errorf("%v, log %q", store, log)
	}
}

func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	keeps(t, dir)
	if fi, err := os.Stat(filepath.Join(dir, File)); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", fi, err)
	}
}

func TestRedis(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes")
	keeps(t, "redis://"+server.Addr)
	keeps(t, "unix://"+server.Socket+"?prefix=other:")
}

func TestDeadRedis(t *testing.T) {
	store, log := open(t, "redis://"+redistest.FreeAddr(t))
	defer store.Close()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=WARN") || !strings.Contains(log, "scans go on without it") {
		t.Errorf("log %q", log)
	}
}

func TestRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"postgres://127.0.0.1", "redis://127.0.0.1:0:0", "redis://127.0.0.1?colour=red", filepath.Join(file, "sub")} {
		store, err := Open(t.Context(), where, slog.New(slog.DiscardHandler))
		if err == nil || !strings.HasPrefix(err.Error(), "-state: ") {
			t.Errorf("%s: %v, %v", where, store, err)
		}
	}
}

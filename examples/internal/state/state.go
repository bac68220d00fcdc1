// Package state opens the store that a program's -state flag names.
package state

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
	"github.com/winnowmail/winnow/storage/redis"
)

// Usage is the flag's help.
const Usage = "where to keep state: a `directory`, which is made, or a URL: redis://HOST, rediss://, unix://, " +
	"redis+sentinel://HOST,HOST/NAME; several hosts of redis:// are a cluster"

// File is the name of the bolt file in a state directory.
const File = "winnow.db"

// patience is how long Open waits for a server in order to tell how it is.
const patience = time.Second

// Open opens the store; "" is none and gives nil. A file that can't be opened
// is an error. A server that does not answer is none: log says so, scans go on
// without it, and the store asks for it again and again.
func Open(ctx context.Context, where string, log *slog.Logger) (storage.Store, error) {
	switch {
	case where == "":
		return nil, nil
	case !strings.Contains(where, "://"):
		if scheme, rest, _ := strings.Cut(where, ":"); slices.Contains(schemes(), scheme) {
			return nil, fmt.Errorf("-state: %q is neither a directory nor a URL: want %s://%s", where, scheme, strings.TrimLeft(rest, "/"))
		}
		return openFile(where)
	}
	o, err := redis.Parse(where)
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	store, err := redis.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	tell(ctx, store, log)
	return store, nil
}

// schemes are those of URLs that redis.Parse knows.
func schemes() []string {
	return []string{"redis", "rediss", "unix", "redis+unix", "redis+sentinel", "rediss+sentinel"}
}

func openFile(dir string) (storage.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	store, err := bolt.Open(filepath.Join(dir, File), bolt.Options{})
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	return store, nil
}

// tell asks a server for a key that is hardly there, and logs what an operator
// should know.
func tell(ctx context.Context, store storage.Store, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := store.GetMany(ctx, []string{"state"}); err != nil {
		log.Warn("the store does not answer; scans go on without it", "store", store.Stats().Kind, "error", err)
	}
	for _, w := range store.Stats().Warnings {
		log.Warn("the store may lose data", "warning", w)
	}
}

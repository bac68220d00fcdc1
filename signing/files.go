package signing

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// A KeySource hands out private keys: from files, from memory, from a vault.
// It may be called from several goroutines at once. An error is for the
// operator and says in a few words why there is no key.
type KeySource interface {
	Key(ctx context.Context, id Identity) (crypto.Signer, error)
}

// A KeyFunc is a function that serves as a KeySource.
type KeyFunc func(ctx context.Context, id Identity) (crypto.Signer, error)

// Key calls f.
func (f KeyFunc) Key(ctx context.Context, id Identity) (crypto.Signer, error) { return f(ctx, id) }

// Keys holds keys in memory, by their record's name ("sel._domainkey.dom").
type Keys map[string]crypto.Signer

// Key returns the key of an identity.
func (k Keys) Key(_ context.Context, id Identity) (crypto.Signer, error) {
	if key := k[RecordName(id.Domain, id.Selector)]; key != nil {
		return key, nil
	}
	return nil, keyErrorf("nobody knows one for %s", RecordName(id.Domain, id.Selector))
}

// Files reads keys from files, Identity.Path, and keeps what it read until
// the file's time or size changes. The zero value is ready.
type Files struct {
	// AllowReadable also takes keys that everybody on the machine may read:
	// some file systems can't show any other permissions.
	AllowReadable bool

	mu   sync.Mutex
	keys map[string]fileKey
}

type fileKey struct {
	changed time.Time
	size    int64
	key     crypto.Signer
}

// maxFiles bounds the keys that Files keeps; before it keeps one more it
// forgets all.
const maxFiles = 4096

// ErrReadable is wrapped by the error for a key file that everybody may read.
var ErrReadable = errors.New("everybody on the machine may read it (chmod o-rw)")

// Key returns the key in an identity's file.
func (f *Files) Key(_ context.Context, id Identity) (crypto.Signer, error) {
	info, err := os.Stat(id.Path)
	switch {
	case err != nil:
		return nil, fileError(id.Path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("key file %s: it is no regular file", id.Path)
	case info.Mode().Perm()&0o006 != 0 && !f.AllowReadable:
		return nil, fmt.Errorf("key file %s: %w", id.Path, ErrReadable)
	}
	if key := f.known(id.Path, info); key != nil {
		return key, nil
	}
	key, err := readKey(id.Path)
	if err != nil {
		return nil, err
	}
	f.keep(id.Path, fileKey{info.ModTime(), info.Size(), key})
	return key, nil
}

func readKey(path string) (crypto.Signer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxKeyBytes+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	key, err := ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// fileError leaves out the path, which an *fs.PathError names a second time.
func fileError(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("key file %s: %w", path, err)
}

func (f *Files) known(path string, info fs.FileInfo) crypto.Signer {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k, ok := f.keys[path]; ok && k.changed.Equal(info.ModTime()) && k.size == info.Size() {
		return k.key
	}
	return nil
}

func (f *Files) keep(path string, k fileKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil || len(f.keys) >= maxFiles {
		f.keys = map[string]fileKey{}
	}
	f.keys[path] = k
}

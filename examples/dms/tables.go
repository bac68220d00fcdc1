package main

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/lists"
)

// operatorLists follows the lists that the files name, across reloads, and asks the
// state's Redis about those that are there.
type operatorLists struct {
	dir     string // -maps-cache-dir
	watcher *lists.Watcher
	redis   atomic.Pointer[lists.Table] // nil: the state is not open, or no Redis
}

func (o *operatorLists) register(flags *flag.FlagSet) {
	flags.StringVar(&o.dir, "maps-cache-dir", "", "`directory` for copies of the lists that the files of -config have fetched, so that a new start has them at once; "+
		"by default what options.maps_cache_dir names, else the DBDIR of -var, if it can be written to")
}

// watch is the Watcher of all lists, made by what the files say at the start.
func (o *operatorLists) watch(m scanner.Maps, state string, log func() *slog.Logger) (*lists.Watcher, error) {
	if o.watcher != nil {
		return o.watcher, nil
	}
	dir := cmp.Or(o.dir, m.Dir)
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("no copies of lists can be kept: %w", err)
		}
	} else if writable(state) {
		dir = state
	}
	o.watcher = lists.NewWatcher(lists.Options{Every: m.Every, EveryFile: m.EveryFile, Dir: dir, Unpack: unpackers(), OnStatus: func(st lists.Status) {
		l := log()
		switch {
		case l == nil:
		case st.Err != nil:
			l.Warn("a list can't be read; what was read before stays", "list", st.Name, "err", st.Err)
		default:
			l.Info("list read", "list", st.Name, "entries", st.Entries, "bad", st.BadLines)
		}
	}})
	return o.watcher, nil
}

// look reads lists again whose files changed.
func (o *operatorLists) look(ctx context.Context) {
	if o.watcher != nil {
		o.watcher.Look(ctx)
	}
}

// writable says whether files can be made in a directory.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".winnow-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// unpackers read compressed lists by the end of their name.
func unpackers() map[string]func(io.Reader) (io.Reader, error) {
	zst := func(r io.Reader) (io.Reader, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return map[string]func(io.Reader) (io.Reader, error){
		".zst": zst, ".zstd": zst,
		".gz": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	}
}

// check refuses rules that ask a Redis that there is not.
func (o *operatorLists) check(setup *scanner.Setup, state string) error {
	for _, r := range setup.Families.Multimap.Rules {
		if r.Table == lists.Table(o) && !strings.HasPrefix(state, "redis") {
			return fmt.Errorf("multimap: %s: redis://%s needs a Redis: name one in the section redis or with -state", r.Symbol, r.Name)
		}
	}
	return nil
}

// use asks the store from now on, if it can be asked.
func (o *operatorLists) use(store any) {
	if t, ok := store.(lists.Table); ok {
		o.redis.Store(&t)
	}
}

// Lookup implements lists.Table.
func (o *operatorLists) Lookup(ctx context.Context, name string, keys []string) (map[string]string, error) {
	t := o.redis.Load()
	if t == nil {
		return nil, errors.New("the state is not open")
	}
	return (*t).Lookup(ctx, name, keys)
}

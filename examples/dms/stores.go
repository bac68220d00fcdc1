package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/storage"
)

// ownStores are those of modules for which the files name a server, by module.
type ownStores struct {
	byURL    map[string]storage.Store
	byModule map[string]storage.Store
}

// stores are the servers that the files name for single modules.
func (f *filesFlags) stores() map[string]string {
	if f.setup == nil {
		return nil
	}
	return f.setup.Daemon.Stores
}

// open opens them, each once.
func (s *ownStores) open(ctx context.Context, urls map[string]string, log *slog.Logger) error {
	s.byURL, s.byModule = map[string]storage.Store{}, map[string]storage.Store{}
	for _, module := range slices.Sorted(maps.Keys(urls)) {
		url := urls[module]
		if s.byURL[url] == nil {
			store, err := state.Open(ctx, url, log)
			if err != nil {
				return errors.Join(fmt.Errorf("the server of %s: %w", module, err), s.close())
			}
			s.byURL[url] = store
		}
		s.byModule[module] = s.byURL[url]
	}
	return nil
}

// of is the store of a module; common is that of the others.
func (s *ownStores) of(module string, common storage.Store) storage.Store {
	if own := s.byModule[module]; own != nil {
		return own
	}
	return common
}

// use gives the families that there are their stores.
func (s *ownStores) use(o *winnow.Options) {
	o.Stores = nil
	for _, f := range o.Families {
		if own := s.byModule[f.Name]; own != nil {
			if o.Stores == nil {
				o.Stores = map[string]storage.KV{}
			}
			o.Stores[f.Name] = own
		}
	}
}

func (s *ownStores) close() (err error) {
	for _, url := range slices.Sorted(maps.Keys(s.byURL)) {
		err = errors.Join(err, s.byURL[url].Close())
	}
	s.byURL, s.byModule = nil, nil
	return err
}

// closeStore closes a store, if there is one.
func closeStore(s storage.Store) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

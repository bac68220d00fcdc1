package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/lists"
)

// operatorLists follows the lists that the files name, across reloads, and asks the
// state's Redis about those that are there.
type operatorLists struct {
	watcher *lists.Watcher
	redis   atomic.Pointer[lists.Table] // nil: the state is not open, or no Redis
}

// options are what the section multimap makes lists by.
func (o *operatorLists) options(log func() *slog.Logger) multimap.Options {
	if o.watcher == nil {
		o.watcher = lists.NewWatcher(lists.Options{OnStatus: func(st lists.Status) {
			l := log()
			switch {
			case l == nil:
			case st.Err != nil:
				l.Warn("a list can't be read; what was read before stays", "list", st.Name, "err", st.Err)
			default:
				l.Info("list read", "list", st.Name, "entries", st.Entries, "bad", st.BadLines)
			}
		}})
	}
	return multimap.Options{Watcher: o.watcher, Tables: o}
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
	if t, ok := store.(lists.Table); ok && o != nil {
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

package history

import (
	"context"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/storage"
)

// A list is Rspamd's shelf.
type list struct {
	store Store
	key   string
	rows  int
}

// page is how many rows are read at once.
const page = 128

func (l *list) add(ctx context.Context, r *winnow.Result, data []byte) error {
	return r.Call(ctx, l.store, &storage.PushCall{List: l.key, Item: data, Keep: l.rows})
}

func (l *list) walk(ctx context.Context, f filter, see func([]byte) bool) error {
	for skip := f.skip; skip < l.rows; skip += page {
		n := min(page, l.rows-skip)
		items, err := l.store.Items(ctx, l.key, skip, n)
		if err != nil {
			return err
		}
		for _, item := range items {
			if !see(item) {
				return nil
			}
		}
		if len(items) < n {
			return nil
		}
	}
	return nil
}

// reset deletes the list's key. Where a store has names of its own for lists that
// does nothing: then an empty item, which nobody takes for a row, takes the place of
// all.
func (l *list) reset(ctx context.Context) error {
	if err := l.store.Delete(ctx, l.key); err != nil {
		return err
	}
	items, err := l.store.Items(ctx, l.key, 0, 1)
	if err != nil || len(items) == 0 || len(items[0]) == 0 {
		return err
	}
	return l.store.Push(ctx, l.key, []byte{}, 1)
}

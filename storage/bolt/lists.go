package bolt

import (
	"bytes"
	"context"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Push implements storage.Recent.
func (s *Store) Push(ctx context.Context, list string, item []byte, keep int) error {
	if err := storage.CheckKey(list); err != nil {
		return err
	}
	if err := checkValue(item); err != nil {
		return err
	}
	item = bytes.Clone(item)
	_, err := write(ctx, s, len(item)+len(list), func(t *tx) (bool, error) { return true, t.push(list, item, keep) })
	return err
}

func (t *tx) push(list string, item []byte, keep int) error {
	b, err := t.within(t.root(inLists), list, true)
	if err != nil {
		return err
	}
	first, last, err := span(b)
	if err != nil {
		return err
	}
	if err := t.put(b, fixed(last+1), item); err != nil {
		return err
	}
	for ; keep > 0 && last+2-first > uint64(keep); first++ {
		if err := t.del(b, fixed(first)); err != nil {
			return err
		}
	}
	return nil
}

// span returns the first and the last number of a bucket that has all numbers
// between them; 1 and 0 for an empty one.
func span(b *bbolt.Bucket) (first, last uint64, err error) {
	c := b.Cursor()
	l, _ := c.Last()
	if l == nil {
		return 1, 0, nil
	}
	f, _ := c.First()
	if len(f) != 8 || len(l) != 8 {
		return 0, 0, damaged("the number of an item")
	}
	return binary.BigEndian.Uint64(f), binary.BigEndian.Uint64(l), nil
}

// Items implements storage.Recent.
func (s *Store) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	if err := storage.CheckKey(list); err != nil {
		return nil, err
	}
	return read(ctx, s, func(v view) (items [][]byte, err error) {
		b := v.Bucket([]byte(inLists)).Bucket([]byte(list))
		if b == nil {
			return nil, nil
		}
		first, last, err := span(b)
		if err != nil || uint64(max(0, skip)) > last-first {
			return nil, err
		}
		c := b.Cursor()
		for k, item := c.Seek(fixed(last - uint64(max(0, skip)))); k != nil && len(items) < n; k, item = c.Prev() {
			items = append(items, append([]byte{}, item...))
		}
		return items, nil
	})
}

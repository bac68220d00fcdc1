package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Backup writes a copy of the file as it is now, which Open opens. Calls go on
// beside it; the file can't use again what they give up until it is done, so it
// grows. When ctx ends or the store is closed the backup is broken off before
// the next write to w. What of w was written then is no database.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	return s.copying(ctx, func(stopped func() error, t *bbolt.Tx) error {
		b := &boundWriter{stopped: stopped, w: w}
		_, err := t.WriteTo(b)
		if b.err != nil {
			return b.err // bbolt hides it
		}
		return err
	})
}

// copying runs a function in a transaction that reads, beside the others. What
// the function is given says why it must stop: ctx has ended or the store is
// being closed.
func (s *Store) copying(ctx context.Context, run func(stopped func() error, t *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.users.Done()
	stopped := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.life.Err() != nil {
			return storage.ErrClosed
		}
		return nil
	}
	return s.named(guard(func() error {
		return s.db.View(func(t *bbolt.Tx) error { return run(stopped, t) })
	}))
}

// A boundWriter writes until it is stopped, and keeps the error.
type boundWriter struct {
	stopped func() error
	w       io.Writer
	err     error
}

func (b *boundWriter) Write(p []byte) (n int, err error) {
	if b.err = b.stopped(); b.err == nil {
		n, b.err = b.w.Write(p)
	}
	return n, b.err
}

// Compact writes a copy of the store as it is now to a new file, without the
// room that this one does not use. Calls go on beside it, and are not in the
// copy. The file is there when Compact returns nil and absent otherwise; one
// that is there already is an error. To go on with the copy, close the store
// and rename the copy to its file.
func (s *Store) Compact(ctx context.Context, dst string) error {
	if _, err := os.Lstat(dst); err == nil {
		return fmt.Errorf("bolt: compact: %w", &fs.PathError{Op: "create", Path: dst, Err: fs.ErrExist})
	}
	tmp, err := os.CreateTemp(filepath.Dir(dst), filepath.Base(dst)+".tmp*")
	if err != nil {
		return fmt.Errorf("bolt: compact: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	err = s.copying(ctx, func(stopped func() error, t *bbolt.Tx) error {
		return compact(stopped, t, tmp.Name())
	})
	if err == nil {
		err = os.Rename(tmp.Name(), dst)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncDir(filepath.Dir(dst))
}

// syncDir puts a rename on the disk. Not every system can sync a directory.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}

// compact copies what a transaction sees into an empty file.
func compact(stopped func() error, from *bbolt.Tx, path string) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	end := int64(0)
	defer func() {
		if err = errors.Join(err, db.Close()); err == nil {
			err = shorten(path, end)
		}
	}()
	c := &copier{stopped: stopped, db: db}
	err = from.ForEach(func(name []byte, b *bbolt.Bucket) error {
		return c.bucket([][]byte{name}, b)
	})
	if err == nil {
		err = c.commit()
	}
	if err != nil {
		if c.tx != nil {
			_ = c.tx.Rollback()
		}
		return err
	}
	return db.View(func(t *bbolt.Tx) error {
		end = t.Size()
		return nil
	})
}

// shorten cuts off what bbolt set aside for growth, and syncs a file.
func shorten(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Sync(), f.Close())
}

// A copier copies buckets, some MiB in each transaction.
type copier struct {
	stopped func() error
	db      *bbolt.DB
	tx      *bbolt.Tx
	size    int
}

const copyCost = 8 << 20

// bucket copies a bucket with its name and those of the ones around it.
func (c *copier) bucket(names [][]byte, from *bbolt.Bucket) error {
	to, err := c.open(names)
	if err != nil {
		return err
	}
	if err := to.SetSequence(from.Sequence()); err != nil {
		return err
	}
	return from.ForEach(func(k, v []byte) error {
		if v == nil {
			inner := append(append([][]byte(nil), names...), k)
			if err := c.bucket(inner, from.Bucket(k)); err != nil {
				return err
			}
			to, err = c.open(names)
			return err
		}
		if c.size += len(k) + len(v) + 16; c.size > copyCost {
			if err := errors.Join(c.stopped(), c.commit()); err != nil {
				return err
			}
			if to, err = c.open(names); err != nil {
				return err
			}
		}
		return to.Put(k, v)
	})
}

// open returns a bucket of the copy.
func (c *copier) open(names [][]byte) (b *bbolt.Bucket, err error) {
	if c.tx == nil {
		if c.tx, err = c.db.Begin(true); err != nil {
			return nil, err
		}
	}
	if b, err = c.tx.CreateBucketIfNotExists(names[0]); err != nil {
		return nil, err
	}
	for _, name := range names[1:] {
		if b, err = b.CreateBucketIfNotExists(name); err != nil {
			return nil, err
		}
	}
	b.FillPercent = 0.9 // keys come in order; some room is left for changes
	return b, nil
}

func (c *copier) commit() error {
	if c.tx == nil {
		return nil
	}
	t := c.tx
	c.tx, c.size = nil, 0
	return t.Commit()
}

// Package archive reads collections of mail in order to learn them: mboxes,
// Maildirs, directories and single files.
//
// A walk holds one message at a time, however large the collection, and says
// after each where it is, so that one that was interrupted goes on from there.
// What can't be read is told and passed over.
package archive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
)

// DefaultMaxSize is what a message may hold by default.
const DefaultMaxSize = 50 << 20

// Options describe a walk. The zero value reads all messages from the beginning.
type Options struct {
	// MaxSize is how many bytes of a message are held, 0 means DefaultMaxSize;
	// Message.Cut tells that there is more.
	MaxSize int64
	// Quoting is that of the mboxes.
	Quoting Quoting
	// After is where an earlier walk of the same paths came to; nil: nowhere.
	After *Place
}

func (o Options) maxSize() int64 {
	if o.MaxSize <= 0 {
		return DefaultMaxSize
	}
	return o.MaxSize
}

// A Message is one of a collection.
type Message struct {
	// Name is the file's name, and behind a # the message's number in an mbox.
	Name string
	// Place is that behind the message.
	Place Place

	raw  []byte
	cut  bool
	err  error
	file bool // still to be read
	max  int64
}

// Read returns the message, or why it can't be read. Cut tells that it is larger
// than Options.MaxSize and that raw is only its beginning.
func (m *Message) Read() (raw []byte, cut bool, err error) {
	if !m.file || m.err != nil {
		return m.raw, m.cut, m.err
	}
	f, err := os.Open(m.Name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if fi.IsDir() {
		return nil, false, fmt.Errorf("%s is a directory", m.Name)
	}
	return readAll(f, m.max, fi.Size())
}

// readAll reads at most limit bytes of about size.
func readAll(r io.Reader, limit, size int64) (raw []byte, cut bool, err error) {
	var b bytes.Buffer
	b.Grow(int(min(size, limit)) + bytes.MinRead)
	if _, err = b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, false, err
	}
	raw = b.Bytes()
	if cut = int64(len(raw)) > limit; cut {
		raw = raw[:limit]
	}
	return raw, cut, nil
}

// Walk goes through the messages of files and directories in order. Directories
// are walked by name, those in them too. A directory that has cur and new is a
// Maildir, of which these two are read and nothing else; the flags in the names
// of its files mean nothing here. A file that begins with an mbox's separator is
// an mbox, every other one a message. Links, devices and pipes in a directory are
// left out.
//
// The walk ends when ctx does.
func Walk(ctx context.Context, paths []string, o Options) iter.Seq[*Message] {
	return func(yield func(*Message) bool) {
		w := &walk{ctx: ctx, o: o, yield: yield}
		if o.After != nil {
			w.place = *o.After
		}
		for i, path := range paths {
			if i < w.place.Path {
				continue
			}
			if i > w.place.Path {
				w.place = Place{Path: i, Messages: w.place.Messages}
			}
			if !w.path(path) {
				return
			}
		}
	}
}

// Read goes through the messages of r, which is an mbox if it begins as one does,
// else a message.
func Read(ctx context.Context, name string, r io.Reader, o Options) iter.Seq[*Message] {
	return func(yield func(*Message) bool) {
		w := &walk{ctx: ctx, o: o, yield: yield}
		w.read(name, r)
	}
}

// A walk is one in progress.
type walk struct {
	ctx   context.Context
	o     Options
	yield func(*Message) bool
	place Place  // behind the latest message; its File is "" once that is passed
	head  []byte // of the latest file
}

// emit yields a message behind which the walk is at file, offset and n.
func (w *walk) emit(m *Message, file string, offset int64, n int) bool {
	if w.ctx.Err() != nil {
		return false
	}
	w.place.File, w.place.Offset, w.place.Number = file, offset, n
	w.place.Messages++
	m.Place, m.max = w.place, w.o.maxSize()
	return w.yield(m)
}

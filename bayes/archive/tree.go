package archive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// path walks one path from the command line.
func (w *walk) path(path string) bool {
	after := w.place.File
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		if after != "" {
			return true // It was told.
		}
		return w.emit(&Message{Name: path, err: err}, ".", 0, 0)
	case fi.IsDir():
		return w.dir(path, "", within(after), 0)
	case !fi.Mode().IsRegular():
		return w.stream(path)
	case after == "":
		return w.file(path, ".", 0, 0)
	case w.place.Offset > 0:
		return w.file(path, ".", w.place.Offset, w.place.Number)
	}
	return true
}

// within is a place's file in a directory: none if the path was a file then.
func within(file string) string {
	if file == "." {
		return ""
	}
	return file
}

const (
	// maxDepth bounds how deep directories are walked.
	maxDepth = 100
	// usual is what a file may hold that is read at once; of a larger one only the
	// beginning is, and the rest by whom the message is for.
	usual = 32 << 10
)

// dir walks a directory; rel is its name relative to the path. after is what of it
// was walked already, relative to it.
func (w *walk) dir(root, rel, after string, depth int) bool {
	dir := filepath.Join(root, rel)
	entries, err := os.ReadDir(dir)
	if err != nil || depth == maxDepth {
		if err == nil {
			err = fmt.Errorf("%s: more than %d directories deep", dir, maxDepth)
		}
		if after != "" {
			return true
		}
		return w.emit(&Message{Name: dir, err: err}, rel, 0, 0)
	}
	maildir := isMaildir(entries)
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		if c := before(a.Name(), b.Name()); c != 0 {
			return c
		}
		return strings.Compare(a.Name(), b.Name())
	})
	first, rest, _ := strings.Cut(filepath.ToSlash(after), "/")
	for _, e := range entries {
		name := e.Name()
		if maildir && !(e.IsDir() && (name == "cur" || name == "new" || strings.HasPrefix(name, "."))) {
			continue
		}
		inside, seen := "", false
		if first != "" {
			switch c := before(name, first); {
			case c < 0:
				continue
			case c == 0:
				inside, seen = rest, true
			}
		}
		if !w.entry(root, filepath.Join(rel, name), e, inside, seen) {
			return false
		}
	}
	return true
}

// entry walks an entry of a directory, of which inside was walked already; seen
// says that the walk was at the entry.
func (w *walk) entry(root, rel string, e os.DirEntry, inside string, seen bool) bool {
	switch {
	case w.ctx.Err() != nil:
		return false
	case e.IsDir():
		if seen && inside == "" {
			return true // It could not be read.
		}
		return w.dir(root, rel, inside, strings.Count(filepath.ToSlash(rel), "/")+1)
	case !e.Type().IsRegular():
		return true
	case !seen:
		return w.file(filepath.Join(root, rel), rel, 0, 0)
	case w.place.Offset > 0:
		return w.file(filepath.Join(root, rel), rel, w.place.Offset, w.place.Number)
	}
	return true
}

// isMaildir reports whether a directory is one: it has cur and new. Its folders
// are Maildirs too, whose names begin with a dot.
func isMaildir(entries []os.DirEntry) bool {
	n := 0
	for _, e := range entries {
		if e.IsDir() && (e.Name() == "cur" || e.Name() == "new") {
			n++
		}
	}
	return n == 2
}

// file yields a file as it is, or its messages if it is an mbox, from the offset
// on, before which are n messages.
func (w *walk) file(name, rel string, offset int64, n int) bool {
	f, err := os.Open(name)
	if err != nil {
		return w.emit(&Message{Name: name, err: err}, rel, 0, 0)
	}
	defer f.Close()
	w.head = slices.Grow(w.head[:0], usual)[:usual]
	size, err := io.ReadFull(f, w.head)
	if !isMbox(w.head[:min(size, maxSeparator)]) {
		m := &Message{Name: name, file: true}
		whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if whole && int64(size) <= w.o.maxSize() {
			m.file, m.raw = false, slices.Clone(w.head[:size])
		}
		return w.emit(m, rel, 0, 0)
	}
	if offset > 0 && !w.continues(f, offset) {
		offset, n = 0, 0 // It is another file now.
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return w.emit(&Message{Name: name, err: err}, rel, 0, 0)
	}
	s := splitter{w: w, name: name, rel: rel, offset: offset, n: n}
	return s.split(f)
}

// continues reports whether a message begins at the offset of an mbox.
func (w *walk) continues(f io.ReaderAt, offset int64) bool {
	head := make([]byte, maxSeparator)
	n, _ := f.ReadAt(head, offset)
	return isMbox(head[:n])
}

// stream yields what comes out of a pipe or a device. It can't be read again.
func (w *walk) stream(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return w.emit(&Message{Name: name, err: err}, ".", 0, 0)
	}
	defer f.Close()
	return w.read(name, f)
}

// read yields the messages of a reader.
func (w *walk) read(name string, r io.Reader) bool {
	s := splitter{w: w, name: name, rel: ".", either: true}
	return s.split(r)
}

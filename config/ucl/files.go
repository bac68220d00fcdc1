package ucl

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// Files gives the reader its files. Names are what a text says after its
// variables were expanded, absolute or not.
type Files interface {
	// Open opens a file; that there is none is an error that is fs.ErrNotExist.
	Open(name string) (fs.File, error)
	// Glob lists the files that match a pattern, in the order of their names.
	Glob(pattern string) ([]string, error)
}

// OS are the files of the operating system; relative names begin in the
// working directory.
type OS struct{}

// Open opens a file that can be read from its start to its end: devices and
// pipes are refused.
func (OS) Open(name string) (fs.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	return os.Open(name)
}

// Glob is filepath.Glob.
func (OS) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// FS are the files of fsys; a slash at the beginning of a name is of no account.
func FS(fsys fs.FS) Files { return ioFS{fsys} }

type ioFS struct{ fsys fs.FS }

func (f ioFS) Open(name string) (fs.File, error) { return f.fsys.Open(within(name)) }

func (f ioFS) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(f.fsys, within(pattern))
	if strings.HasPrefix(pattern, "/") {
		for i, name := range names {
			names[i] = "/" + name
		}
	}
	sort.Strings(names)
	return names, err
}

func within(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

package stock

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/config/ucl"
)

// Files are the files of an operator with Texts over and below them.
type Files struct {
	// Dir is the directory that the names of Over and Below are relative to.
	Dir string
	// Files is where all else is read; nil means the operating system's.
	Files ucl.Files
	// Over takes the place of files, Below is there where there is no file.
	Over, Below Texts
}

// Open opens a file or a text.
func (f Files) Open(name string) (fs.File, error) {
	own, inside := f.within(name)
	if text, ok := f.Over[own]; ok && inside {
		return newText(own, text), nil
	}
	file, err := f.files().Open(name)
	if err == nil {
		return file, nil
	}
	if text, ok := f.Below[own]; ok && inside {
		return newText(own, text), nil
	}
	return nil, err
}

// Glob lists files and texts together.
func (f Files) Glob(pattern string) ([]string, error) {
	names, err := f.files().Glob(pattern)
	if err != nil {
		return nil, err
	}
	for _, texts := range []Texts{f.Over, f.Below} {
		for own := range texts {
			name := path.Join(f.Dir, own)
			if ok, err := path.Match(pattern, name); err != nil {
				return nil, err
			} else if ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (f Files) files() ucl.Files {
	if f.Files == nil {
		return ucl.OS{}
	}
	return f.Files
}

// within is the name relative to the directory; inside says whether it is there.
func (f Files) within(name string) (own string, inside bool) {
	return strings.CutPrefix(path.Clean(name), strings.TrimSuffix(path.Clean(f.Dir), "/")+"/")
}

// A text is a file that is no file.
type text struct {
	*strings.Reader
	name string
}

func newText(name, content string) *text { return &text{strings.NewReader(content), path.Base(name)} }

func (t *text) Stat() (fs.FileInfo, error) { return t, nil }
func (t *text) Close() error               { return nil }
func (t *text) Name() string               { return t.name }
func (t *text) Mode() fs.FileMode          { return 0o444 }
func (t *text) ModTime() time.Time         { return time.Time{} }
func (t *text) IsDir() bool                { return false }
func (t *text) Sys() any                   { return nil }

// Package ucl reads and writes UCL, the language of Rspamd's configuration
// files, as libucl in Rspamd 3.4 and 4.1 reads it. It knows nothing of mail.
//
// A text becomes a tree of Values. An object keeps the order of its keys, and
// under one key all values that were written for it: several values of one
// priority are a list ("implicit array"), a value of a higher priority takes
// the place of those below it. Every Value knows where it was written and which
// values it took the place of.
//
// Macros (.include, .include_map, .priority, .inherit, .load), variables
// ($NAME, ${NAME}) and templates ({= env.NAME|default(x) =}) are carried out
// while a text is read. Files are read through Options.Files only.
//
// What is read is not trusted: depth, nesting of includes, the number and size
// of files, and the work done for each byte are bounded by Limits.
//
// docs/configuration.md lists where this reader differs from libucl.
package ucl

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Options say how a text is read. The zero value reads a text without
// variables, whose includes fail for want of files.
type Options struct {
	// Files is where .include, .include_map and .load find files; nil has none.
	Files Files
	// Vars are the variables by name, without the dollar sign. CURDIR and
	// FILENAME are set for each file.
	Vars map[string]string
	// Template holds what templates can name: strings, or maps of strings such
	// as env. Nil leaves templates as they are written.
	Template map[string]any
	// Limits bound what a text can make the reader do; zero fields have defaults.
	Limits Limits
	// Verbatim reads a text for its own sake: macros are skipped, and neither
	// templates nor variables are expanded. Edit uses it.
	Verbatim bool
}

// Limits bound what a text can cost. A zero field has the default in brackets.
type Limits struct {
	Depth    int   // of nested objects and arrays [4096]
	Includes int   // of includes within includes [16]
	Files    int   // read for one document, the first one included [4096]
	FileSize int64 // bytes of one file [16 MiB]
	Size     int64 // bytes of all files and of what variables and templates make of them [64 MiB]
	Values   int   // in the tree, those that were replaced included [4,000,000]
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	set(&l.Depth, 4096)
	set(&l.Includes, 16)
	set(&l.Files, 4096)
	set(&l.Values, 4_000_000)
	if l.FileSize == 0 {
		l.FileSize = 16 << 20
	}
	if l.Size == 0 {
		l.Size = 64 << 20
	}
	return l
}

// A Document is what a text says.
type Document struct {
	Root *Value // an Object, or an Array where the text is one
	// Files are the names of all files that were read, in that order, and
	// Missing those that an .include with try=true looked for in vain.
	Files, Missing []string
	// Maps are the .include_map of the text: they are to be followed by whoever
	// uses the tree, so their contents are not in it.
	Maps []Map
	// Warnings tell of what is likely not meant as it was read.
	Warnings []Warning
}

// A Map is one .include_map.
type Map struct {
	Pos  Pos
	Into *Value // the object that it stands in
	Name string // of the file or URL
}

// A Warning is about something that was read, but hardly in the sense of who
// wrote it.
type Warning struct {
	Pos Pos
	Msg string
}

func (w Warning) String() string { return w.Pos.String() + ": " + w.Msg }

// Parse reads text; name is its file name, for messages and for $CURDIR. An
// error that is about the text is an *Error.
func Parse(name string, text []byte, o Options) (*Document, error) {
	p := newParser(o)
	if err := p.document(name, text); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// ParseFile reads the file of that name through o.Files. A file of zero bytes
// is an error: Rspamd refuses it, too, as the main file.
func ParseFile(name string, o Options) (*Document, error) {
	p := newParser(o)
	text, err := p.read(name)
	if err != nil {
		return nil, &Error{Pos: Pos{File: name}, Kind: Missing, Msg: "cannot be read: " + plain(err), Err: err}
	}
	if len(text) == 0 {
		return nil, &Error{Pos: Pos{File: name, Line: 1, Col: 1}, Kind: Empty, Msg: "the file is empty"}
	}
	if err := p.document(name, text); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// document reads the main text.
func (p *parser) document(name string, text []byte) error {
	src, err := p.source(name, text)
	if err != nil {
		return err
	}
	c := &chunk{src: src, text: src.text, end: len(src.text)}
	p.doc.Root, err = c.top(p)
	return err
}

// read reads a file whole, within the limits.
func (p *parser) read(name string) ([]byte, error) {
	if p.o.Files == nil {
		return nil, errors.New("no files can be read here")
	}
	if len(p.doc.Files) >= p.limits.Files {
		return nil, fmt.Errorf("%w: more than %d files", errLimit, p.limits.Files)
	}
	f, err := p.o.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	text, err := io.ReadAll(io.LimitReader(f, p.limits.FileSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > p.limits.FileSize {
		return nil, fmt.Errorf("%w: more than %d bytes", errLimit, p.limits.FileSize)
	}
	p.doc.Files = append(p.doc.Files, name)
	return text, nil
}

var errLimit = errors.New("limit exceeded")

// plain is the text of err without the operation and the path that an
// fs.PathError repeats.
func plain(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "open ")
}

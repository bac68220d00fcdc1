package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// An input is one message to scan.
type input struct {
	name string
	raw  []byte // nil: the file name, read by the worker
	err  error  // it could not be read
}

// maxMessage bounds what is held of one message: the Scanner's default limit
// and a byte, so that it notes the cut.
const maxMessage = 50<<20 + 1

// inputs yields the messages under paths in order, until yield returns false.
// Directories are walked in lexical order; a file or a standard input that
// begins with an mbox separator is split.
func inputs(ctx context.Context, stdin io.Reader, paths []string, yield func(input) bool) {
	for _, path := range paths {
		if path == "-" {
			if !split("-", stdin, yield) {
				return
			}
			continue
		}
		root := path
		if fi, err := os.Stat(path); err == nil && fi.IsDir() {
			root += string(filepath.Separator) // follows a link to a directory
		}
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return fs.SkipAll
			case err != nil:
				if !yield(input{name: name, err: err}) {
					return fs.SkipAll
				}
				return nil
			case d.IsDir() || (name != root && !d.Type().IsRegular()):
				return nil
			}
			if !file(name, yield) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}

// file yields a file as it is, or its messages if it is an mbox.
func file(name string, yield func(input) bool) bool {
	f, err := os.Open(name)
	if err != nil {
		return yield(input{name: name, err: err})
	}
	defer f.Close()
	head := make([]byte, maxSeparator)
	if n, _ := io.ReadFull(f, head); !isMbox(head[:n]) {
		return yield(input{name: name})
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return yield(input{name: name, err: err})
	}
	return split(name, f, yield)
}

// load reads a message's file.
func (in *input) load() ([]byte, error) {
	if in.raw != nil || in.err != nil {
		return in.raw, in.err
	}
	f, err := os.Open(in.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.IsDir() {
		return nil, fmt.Errorf("%s is a directory", in.name)
	}
	var b bytes.Buffer
	b.Grow(int(min(fi.Size(), maxMessage)) + bytes.MinRead)
	_, err = b.ReadFrom(io.LimitReader(f, maxMessage))
	return b.Bytes(), err
}

// maxSeparator bounds the line between two messages of an mbox.
const maxSeparator = 256

// separator matches that line: an address and a date by asctime, so that a
// sentence or a broken header field that begins with "From " is none.
var separator = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^From [ \t]*[^ \t:\r\n][^\r\n]*\d\d:\d\d[^\r\n]* \d{4}( [+-]\d{4})?[ \t]*\r?\n`)
})

// isMbox reports whether a file with these first bytes is an mbox.
func isMbox(head []byte) bool { return separator().Match(head) }

// split yields the messages of an mbox, or one message if r does not begin
// with a separator. ">From " loses the ">" that mbox put there.
func split(name string, r io.Reader, yield func(input) bool) bool {
	lines := bufio.NewReaderSize(r, 64<<10)
	head, _ := lines.Peek(maxSeparator)
	mbox := isMbox(head)
	var raw []byte
	count, blank, begun, whole := 0, true, !mbox, true
	emit := func() bool {
		if !begun {
			return true
		}
		count++
		in := input{name: name, raw: append([]byte{}, raw...)}
		if mbox {
			in.name = fmt.Sprintf("%s#%d", name, count)
		}
		raw = raw[:0]
		return yield(in)
	}
	for {
		line, err := lines.ReadSlice('\n')
		start := whole // line begins a line of the file
		whole = err != bufio.ErrBufferFull
		switch {
		case mbox && start && blank && len(line) <= maxSeparator && separator().Match(line):
			raw = trimBlank(raw)
			if !emit() {
				return false
			}
			begun = true
		case mbox && start && quoted(line):
			raw = hold(raw, line[1:])
		default:
			raw = hold(raw, line)
		}
		blank = start && len(bytes.TrimRight(line, "\r\n")) == 0
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return emit()
		default:
			return yield(input{name: name, err: err})
		}
	}
}

func hold(raw, line []byte) []byte {
	return append(raw, line[:min(len(line), max(0, maxMessage-len(raw)))]...)
}

// quoted reports whether a line is "From " behind one or more ">".
func quoted(line []byte) bool {
	rest := bytes.TrimLeft(line, ">")
	return len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From "))
}

// trimBlank takes the blank line off that mbox puts after a message.
func trimBlank(raw []byte) []byte {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if bytes.HasSuffix(raw, []byte(end)) {
			return raw[:len(raw)-len(end)/2]
		}
	}
	return raw
}

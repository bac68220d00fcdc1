package archive

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"sync"
)

// A Quoting says how an mbox marks lines that begin with "From ".
type Quoting uint8

const (
	// Mboxrd puts one more > before "From ", ">From ", ">>From " and so on. The
	// zero value.
	Mboxrd Quoting = iota
	// Mboxo puts a > before "From " alone, so that ">From " may have been written
	// so.
	Mboxo
	// Mboxcl2 marks nothing.
	Mboxcl2
)

// ParseQuoting returns the quoting of a name: mboxrd, mboxo or mboxcl2.
func ParseQuoting(name string) (Quoting, error) {
	for q, n := range [...]string{"mboxrd", "mboxo", "mboxcl2"} {
		if n == name {
			return Quoting(q), nil
		}
	}
	return 0, fmt.Errorf("archive: %q is neither mboxrd nor mboxo nor mboxcl2", name)
}

// unquote takes the mark off a line.
func (q Quoting) unquote(line []byte) []byte {
	if q == Mboxcl2 || len(line) == 0 || line[0] != '>' {
		return line
	}
	rest := line[1:]
	if q == Mboxrd {
		rest = bytes.TrimLeft(rest, ">")
	}
	if bytes.HasPrefix(rest, []byte("From ")) {
		return line[1:]
	}
	return line
}

// maxSeparator bounds the line between two messages of an mbox.
const maxSeparator = 256

// separator matches that line: an address and a date by asctime, so that a
// sentence or a broken header field that begins with "From " is none.
var separator = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^From [ \t]*[^ \t:\r\n][^\r\n]*\d\d:\d\d[^\r\n]* \d{4}( [+-]\d{4})?[ \t]*\r?\n`)
})

// isMbox reports whether a file with these first bytes is an mbox.
func isMbox(head []byte) bool {
	return bytes.HasPrefix(head, []byte("From ")) && separator().Match(head)
}

// A splitter yields the messages of an mbox.
type splitter struct {
	w         *walk
	name, rel string
	either    bool  // what it reads may be a single message
	offset    int64 // of the next line
	n         int   // messages so far

	raw  []byte // of the message that is read
	cut  bool
	open bool // a message has begun
}

// split yields the messages of an mbox, or the one message that r is. A separator
// follows a blank line and stays no part of a message.
func (s *splitter) split(r io.Reader) bool {
	lines := bufio.NewReaderSize(r, 64<<10)
	mbox := true
	if s.either {
		head, _ := lines.Peek(maxSeparator)
		mbox = isMbox(head)
		s.open = !mbox
	}
	blank, whole := true, true
	for {
		line, err := lines.ReadSlice('\n')
		start := whole // line begins a line of the file
		whole = err != bufio.ErrBufferFull
		switch {
		case mbox && start && blank && len(line) <= maxSeparator && isMbox(line):
			if s.open && !s.emit(mbox, s.offset) {
				return false
			}
			s.open = true
		case mbox && start:
			s.hold(s.w.o.Quoting.unquote(line))
		default:
			s.hold(line)
		}
		s.offset += int64(len(line))
		blank = start && len(bytes.TrimRight(line, "\r\n")) == 0
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return !s.open || s.emit(mbox, 0)
		default:
			return s.w.emit(&Message{Name: s.name, err: err}, s.rel, 0, 0)
		}
	}
}

// emit yields the message that was read; the next one begins at the offset.
func (s *splitter) emit(mbox bool, next int64) bool {
	s.n++
	m := &Message{Name: s.name, cut: s.cut}
	if mbox {
		m.Name = fmt.Sprintf("%s#%d", s.name, s.n)
		if next > 0 {
			s.raw = trimBlank(s.raw)
		}
	}
	if cap(s.raw) > keep {
		m.raw, s.raw = s.raw, nil
	} else {
		m.raw, s.raw = append([]byte{}, s.raw...), s.raw[:0]
	}
	s.cut = false
	return s.w.emit(m, s.rel, next, s.n)
}

// keep is how much memory serves for the next message too.
const keep = 1 << 20

func (s *splitter) hold(line []byte) {
	room := s.w.o.maxSize() - int64(len(s.raw))
	if int64(len(line)) > room {
		line, s.cut = line[:room], true
	}
	s.raw = append(s.raw, line...)
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

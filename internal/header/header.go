// Package header tells where a message's header block lies and what in it is
// a field. Package mail reads headers by it and winnow.Apply changes them by
// it, so that what a check saw as a field is what an edit finds.
//
// Lines end with LF, CRLF, CRCRLF or a bare CR, as in Rspamd 4.1.6.
package header

import "bytes"

// white is what is passed over before a header block.
const white = " \t\r\n\v\f"

// Begin returns where a message's header block begins: behind white space and
// an mbox "From " line. That line is b[mbox:end]; both are 0 without one.
func Begin(b []byte) (start, mbox, end int) {
	i := spaces(b)
	if !bytes.HasPrefix(b[i:], []byte("From ")) {
		return i, 0, 0
	}
	n := bytes.IndexByte(b[i:], '\n') + 1
	if n == 0 {
		return i, 0, 0
	}
	end = i + n
	return end + spaces(b[end:]), i, end
}

func spaces(b []byte) int { return len(b) - len(bytes.TrimLeft(b, white)) }

// End finds the empty line that ends the header block at the start of b: end
// is the length of the block with its last line end, body where the body
// begins. Without such a line ok is false and all of b is header if
// LooksLike says so, else body.
func End(b []byte) (end, body int, ok bool) {
	for i := 0; i < len(b); {
		j := bytes.IndexAny(b[i:], "\r\n")
		if j < 0 {
			break
		}
		i += LineEnd(b, i+j) + j
		if n := LineEnd(b, i); n > 0 {
			return i, i + n, true
		}
	}
	return 0, 0, false
}

// LooksLike decides whether a message without empty line is all header or all
// body: the first line must look like a field.
func LooksLike(b []byte) bool {
	const look = 76
	for i := 0; i < len(b) && i < look; i++ {
		switch c := b[i]; {
		case c == ':':
			return i > 0 && i+1 < len(b)
		case c <= ' ' || c >= 0x7f:
			return false
		}
	}
	return false
}

// LineEnd returns the length of the line end at i, 0 if there is none.
func LineEnd(b []byte, i int) int {
	if i >= len(b) {
		return 0
	}
	switch b[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(b) && b[i+1] == '\n' {
			return 2
		}
		if i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n' {
			return 3
		}
		return 1
	}
	return 0
}

// LineAfter returns where the line after the one at i begins.
func LineAfter(b []byte, i int) int {
	j := bytes.IndexAny(b[i:], "\r\n")
	if j < 0 {
		return len(b)
	}
	return i + j + LineEnd(b, i+j)
}

// FoldEnd returns where the field ends whose first line ends at i: lines that
// begin with white space belong to it.
func FoldEnd(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i = LineAfter(b, i)
	}
	return i
}

// A Line says whether a line begins a field, and if not why.
type Line int

// Only a line of kind Field begins a field; the others are passed over.
const (
	Field    Line = iota
	NoLetter      // the line does not begin with a letter
	Spaced        // it has white space where a name would go on or end
	NoColon
)

// Colon finds the colon of the field whose first line is b[i:next]. The line
// must not be empty.
func Colon(b []byte, i, next int) (colon int, kind Line) {
	if c := b[i] | 0x20; c < 'a' || c > 'z' {
		return 0, NoLetter
	}
	for j := i; j < next; j++ {
		switch c := b[j]; {
		case c == ':':
			return j, Field
		case c == ' ' || c >= '\t' && c <= '\r':
			return 0, Spaced
		}
	}
	return 0, NoColon
}

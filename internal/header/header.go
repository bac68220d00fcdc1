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
// a line that is Mbox. That line is b[mbox:end]; both are 0 without one.
func Begin(b []byte) (start, mbox, end int) {
	i := spaces(b)
	end = LineAfter(b, i)
	if end == len(b) && !ended(b) || !Mbox(b[i:end]) {
		return i, 0, 0
	}
	return end + spaces(b[end:]), i, end
}

func ended(b []byte) bool { return len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') }

// Mbox reports whether a line is the one that mbox files put before a message
// (RFC 4155): "From ", an address, and a date or nothing. A field that has
// white space before its colon is none, nor is a sentence.
func Mbox(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("From "))
	if !ok {
		return false
	}
	rest = bytes.Trim(rest, white)
	if bytes.HasPrefix(rest, []byte(":")) {
		return false
	}
	i := bytes.IndexAny(rest, " \t")
	return i < 0 && !bytes.HasSuffix(rest, []byte(":")) || i > 0 && dated(rest[i:])
}

// dated reports whether a time of day, as "12:00:00" or "9:05", is among the
// words.
func dated(words []byte) bool {
	for len(words) > 0 {
		words = bytes.TrimLeft(words, " \t")
		n := bytes.IndexAny(words, " \t")
		if n < 0 {
			n = len(words)
		}
		colon := bytes.IndexByte(words[:n], ':')
		if (colon == 1 || colon == 2) && n >= colon+3 && digits(words[:colon]) && digits(words[colon+1:colon+3]) {
			return true
		}
		words = words[n:]
	}
	return false
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func spaces(b []byte) int { return len(b) - len(bytes.TrimLeft(b, white)) }

// End finds the empty line that ends the header block at the start of b: end
// is the length of the block with its last line end, body where the body
// begins. Without such a line ok is false and all of b is header if
// LooksLike says so, else body.
func End(b []byte) (end, body int, ok bool) {
	for i := 0; i < len(b); {
		j := lineBreak(b[i:])
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
	name := 0
	for i := 0; i < len(b) && i < look; i++ {
		switch c := b[i]; {
		case c == ':':
			return i > 0 && i+1 < len(b)
		case (c == ' ' || c == '\t') && i > 0:
			if name == 0 {
				name = i
			}
		case c <= ' ' || c >= 0x7f || name > 0:
			return false
		}
	}
	return false
}

// Fields returns where the fields at the start of b end: at the first line that
// neither begins a field nor continues one.
func Fields(b []byte) int {
	i := 0
	for i < len(b) {
		next := LineAfter(b, i)
		if _, _, kind := Colon(b, i, next); kind != Field {
			break
		}
		i = FoldEnd(b, next)
	}
	return i
}

// lineBreak returns where the first CR or LF is, -1 without one.
func lineBreak(b []byte) int {
	const step = 256 // a text of one kind of line ends is not searched for the other
	for at := 0; at < len(b); at += step {
		piece := b[at:min(at+step, len(b))]
		i := bytes.IndexByte(piece, '\n')
		if i >= 0 {
			piece = piece[:i]
		}
		if j := bytes.IndexByte(piece, '\r'); j >= 0 {
			i = j
		}
		if i >= 0 {
			return at + i
		}
	}
	return -1
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
	j := lineBreak(b[i:])
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
	Spaced        // it has white space, or ends, where a name would go on
	NoColon
)

// Colon finds the colon of the field whose first line is b[i:next], and where
// its name ends: blanks may stand between the two (RFC 5322 section 4.5). The
// line must not be empty.
func Colon(b []byte, i, next int) (name, colon int, kind Line) {
	if c := b[i] | 0x20; c < 'a' || c > 'z' {
		return 0, 0, NoLetter
	}
	for j := i; j < next; j++ {
		switch c := b[j]; {
		case c == ':':
			return j, j, Field
		case c == ' ' || c >= '\t' && c <= '\r':
			k := j
			for k < next && (b[k] == ' ' || b[k] == '\t') {
				k++
			}
			if k < next && b[k] == ':' {
				return j, k, Field
			}
			return 0, 0, Spaced
		}
	}
	return 0, 0, NoColon
}

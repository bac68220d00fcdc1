package pdf

import "bytes"

// A reader cuts bytes into tokens. It only goes forward.
type reader struct {
	b   []byte
	pos int
	// inside is true within an object: there strings are read, and end at limit
	// at the latest. Between objects a stray bracket means nothing.
	inside bool
	limit  int

	// nextObject and nextStream are the next ends of an object and of a stream,
	// kept so that a search from before them costs nothing.
	nextObject, nextStream mark
}

// A mark is a place that was looked for.
type mark struct {
	at    int
	known bool
}

// endOfObject returns where the next object ends, at the latest at the end of
// the data.
func (r *reader) endOfObject() int {
	m := &r.nextObject
	if !m.known || m.at < r.pos {
		m.known, m.at = true, len(r.b)
		if i := bytes.Index(r.b[r.pos:], []byte(endObject)); i >= 0 {
			m.at = r.pos + i
		}
	}
	return m.at
}

// next returns the next token.
func (r *reader) next() token {
	r.space()
	if r.pos >= len(r.b) {
		return token{at: len(r.b)}
	}
	at := r.pos
	c := r.b[at]
	r.pos++
	t := token{kind: word, at: at}
	switch c {
	case '/':
		r.regular()
		t.kind, t.text = name, r.b[at+1:r.pos]
		return t
	case '(':
		if r.inside {
			return r.literal()
		}
	case '<':
		switch {
		case r.pos < len(r.b) && r.b[r.pos] == '<':
			r.pos++
			t.kind = dictStart
		case r.inside:
			return r.hexadecimal()
		}
	case '>':
		if r.pos < len(r.b) && r.b[r.pos] == '>' {
			r.pos++
			t.kind = dictEnd
		}
	case '[':
		t.kind = arrayStart
	case ']':
		t.kind = arrayEnd
	case ')', '{', '}':
	default:
		r.regular()
		t.text = r.b[at:r.pos]
		if n, ok := whole(t.text); ok {
			t.kind, t.n = number, n
		}
		return t
	}
	t.text = r.b[at:r.pos]
	return t
}

// space goes past white space and comments.
func (r *reader) space() {
	for r.pos < len(r.b) {
		switch c := r.b[r.pos]; {
		case isSpace(c):
			r.pos++
		case c == '%':
			line := r.b[r.pos:min(len(r.b), r.pos+maxComment)]
			if i := bytes.IndexAny(line, "\r\n"); i >= 0 {
				line = line[:i]
			}
			r.pos += len(line)
		default:
			return
		}
	}
}

// maxComment bounds what is passed over as one comment.
const maxComment = 256

// regular goes past regular characters.
func (r *reader) regular() {
	for r.pos < len(r.b) && !isSpace(r.b[r.pos]) && !isDelimiter(r.b[r.pos]) {
		r.pos++
	}
}

// literal reads a string in brackets, which may hold balanced ones.
func (r *reader) literal() token {
	from, depth := r.pos, 1
	stop := max(min(r.limit, len(r.b)), from)
	for r.pos < stop {
		c := r.b[r.pos]
		r.pos++
		switch c {
		case '\\':
			r.pos = min(r.pos+1, stop)
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return token{kind: text, at: from - 1, text: r.b[from : r.pos-1]}
			}
		}
	}
	return token{kind: word, at: from - 1}
}

// hexadecimal reads a string in angle brackets.
func (r *reader) hexadecimal() token {
	from := r.pos
	for r.pos < len(r.b) && (nibble(r.b[r.pos]) >= 0 || isSpace(r.b[r.pos])) {
		r.pos++
	}
	if r.pos == len(r.b) || r.b[r.pos] != '>' {
		return token{kind: word, at: from - 1}
	}
	r.pos++
	return token{kind: text, hex: true, at: from - 1, text: r.b[from : r.pos-1]}
}

// stream returns the data of the stream that begins here and goes past it.
// length is what the dictionary says, -1 if it says nothing; where that is
// wrong, the first end that is followed by the end of the object counts.
func (r *reader) stream(length int) []byte {
	if r.pos < len(r.b) && r.b[r.pos] == '\r' {
		r.pos++
	}
	if r.pos < len(r.b) && r.b[r.pos] == '\n' {
		r.pos++
	}
	from := r.pos
	if length >= 0 && length <= len(r.b)-from && r.endsAt(from+length, endStream) {
		r.pos = from + length
		return r.b[from:r.pos]
	}
	if m := &r.nextStream; !m.known || m.at < from {
		m.known, m.at = true, len(r.b)
		for i := from; ; {
			n := bytes.Index(r.b[i:], []byte(endStream))
			if n < 0 {
				break
			}
			i += n + len(endStream)
			if r.endsAt(i, endObject) {
				m.at = i - len(endStream)
				break
			}
		}
	}
	r.pos = r.nextStream.at
	return r.b[from:r.pos]
}

const (
	endObject = "endobj"
	endStream = "endstream"
)

// endsAt reports whether a keyword stands at a place, a little white space
// left aside.
func (r *reader) endsAt(i int, keyword string) bool {
	for n := 0; n < 8 && i < len(r.b) && isSpace(r.b[i]); n++ {
		i++
	}
	return bytes.HasPrefix(r.b[i:], []byte(keyword))
}

// whole reads a whole number that may be a place in a file or an object number:
// at most ten digits and below 1<<31-1.
func whole(s []byte) (n int, ok bool) {
	if len(s) == 0 || len(s) > 10 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n < 1<<31-1
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

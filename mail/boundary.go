package mail

import (
	"bytes"
	"slices"

	"github.com/winnowmail/winnow/internal/header"
)

// A delimiter is a line that begins with two dashes.
type delimiter struct {
	start, next int    // the line's range, line end included
	text        []byte // after the dashes, without white space at the end
	hash        uint32 // of text in lower case
	open        uint32 // of text without two trailing dashes; 0: it has none
}

// A boundary is the boundary of an open multipart. Its case counts, unless no
// line has it in the case that was declared.
type boundary struct {
	text  []byte
	hash  uint32
	exact bool
}

// maxBoundary is the longest boundary taken for one; RFC 2046 allows 70 bytes,
// but longer ones are sent.
const maxBoundary = 1024

// boundaryOf takes the declared boundary or guesses one.
func (w *walker) boundaryOf(p *Part, lines []delimiter) boundary {
	text := bytes.TrimRight([]byte(p.Type.Boundary), " \t")
	if len(text) == 0 {
		w.m.note(NoteNoBoundary, p.Path, p.BodyOffset, "no parameter")
		text = guessBoundary(lines)
	}
	b := boundary{text: text, hash: hashLower(text)}
	// Lines of an equal boundary around this one would not be among its own.
	b.exact = slices.ContainsFunc(w.stack, func(o boundary) bool {
		return o.exact && o.hash == b.hash && bytes.Equal(o.text, text)
	}) || slices.ContainsFunc(lines, func(d delimiter) bool {
		return d.hash == b.hash && bytes.Equal(d.text, text)
	})
	return b
}

// matches tells whether the line opens a part or ends the multipart.
func (b *boundary) matches(d *delimiter) (open, end bool) {
	if d.hash == b.hash && b.equal(d.text) {
		return true, false
	}
	return false, d.open == b.hash && d.open != 0 && b.equal(d.text[:len(d.text)-2])
}

func (b *boundary) equal(text []byte) bool {
	if b.exact {
		return bytes.Equal(text, b.text)
	}
	return bytes.EqualFold(text, b.text)
}

// isOuter reports whether the line belongs to a multipart that encloses the
// innermost one.
func (w *walker) isOuter(d *delimiter) bool {
	return len(w.stack) > 0 && w.belongs(d, w.stack[:len(w.stack)-1])
}

func slot(hash uint32) int { return int(hash>>1) % len(walker{}.open) }

func (w *walker) belongs(d *delimiter, stack []boundary) bool {
	if w.open[slot(d.hash)] == 0 && w.open[slot(d.open)] == 0 {
		return false
	}
	for k := range stack {
		if h := stack[k].hash; h == d.hash || h == d.open {
			if open, end := stack[k].matches(d); open || end {
				return true
			}
		}
	}
	return false
}

// nextOuter returns the first line from i on that belongs to any open
// multipart.
func (w *walker) nextOuter(i, last int) int {
	for i < last && !w.belongs(&w.lines[i], w.stack) {
		i++
	}
	return i
}

// maxLines is how many lines that begin with two dashes are kept: far more than
// a message has boundaries, and less memory than a scan takes anyway.
const maxLines = 1 << 17

// findLines lists the lines of the buffer that begin with two dashes: one pass
// for all multiparts in it. Behind maxLines only those of outer are kept, the
// outermost multipart.
func (w *walker) findLines(outer *Part) {
	if w.found {
		return
	}
	w.found = true
	own := hashLower(bytes.TrimRight([]byte(outer.Type.Boundary), " \t"))
	b := w.buf
	w.lines = make([]delimiter, 0, min(bytes.Count(b, []byte("\n--"))+1, 2*maxLines)) // growing would take twice as much
	for i := 0; i < len(b); {
		if (i == 0 || b[i-1] == '\n' || b[i-1] == '\r') && i+2 < len(b) && b[i] == '-' && b[i+1] == '-' {
			next := header.LineAfter(b, i)
			if text := bytes.TrimRight(b[i+2:next], " \t\r\n"); len(text) > 0 && len(text) <= maxBoundary {
				if !w.keep(outer, newDelimiter(i, next, text), own) {
					return
				}
			}
			i = next
			continue
		}
		for i < len(b) && b[i] == '-' {
			i++
		}
		j := bytes.Index(b[i:], []byte("--"))
		if j < 0 {
			return
		}
		i += j
	}
}

// keep keeps a line, or notes that it did not; it returns false when no line is
// kept any more.
func (w *walker) keep(outer *Part, d delimiter, own uint32) bool {
	if len(w.lines) >= maxLines && (len(w.lines) == 2*maxLines || d.hash != own && d.open != own) {
		if !w.short {
			w.m.note(NoteCut, outer.Path, outer.BodyOffset, "Boundaries")
		}
		w.short = true
		return len(w.lines) < 2*maxLines
	}
	w.lines = append(w.lines, d)
	return true
}

func newDelimiter(start, next int, text []byte) delimiter {
	d := delimiter{start: start, next: next, text: text, hash: hashLower(text)}
	if n := len(text) - 2; n > 0 && text[n] == '-' && text[n+1] == '-' {
		d.open = hashLower(text[:n])
	}
	return d
}

// lineAt returns the index of the first candidate at or after a byte.
func (w *walker) lineAt(at int) int {
	i, _ := slices.BinarySearchFunc(w.lines, at, func(d delimiter, at int) int { return d.start - at })
	return i
}

// guessBoundary takes the first candidate that is more than dashes.
func guessBoundary(lines []delimiter) []byte {
	for i := range lines {
		if t := bytes.TrimSuffix(lines[i].text, []byte("--")); len(bytes.Trim(t, "- ")) > 0 {
			return t
		}
	}
	return nil
}

// hashLower is FNV-1a over ASCII lower case; never 0.
func hashLower(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h | 1
}

package dkimsig

import (
	"bytes"
	"crypto"
	"errors"
	"hash"
)

// A Body hashes the canonical forms of one message body, each of them once
// however many signatures there are. It is not safe for concurrent use.
type Body struct {
	raw    []byte
	done   map[bodyForm]BodyHash
	read   int64 // bytes of raw looked at so far
	others int   // how often a signature was compared with another reading of CRs
	stray  *bool // whether there are CRs without LF; nil: nobody looked
}

type bodyForm struct {
	canon  Canon
	hash   crypto.Hash
	length int64
	cr     strayCR
}

// A strayCR is what a CR without LF is in a body. Everybody takes an LF without
// CR for a line end.
type strayCR byte

const (
	crEnds  strayCR = iota // a line end, as in Rspamd and to OpenDKIM's FixCRLF
	crSpace                // a space, or nothing at the end of a line: what Postfix passes on
	crPlain                // a character as any other: OpenDKIM by default
)

// A BodyHash is the hash of a canonical body.
type BodyHash struct {
	Sum []byte
	// Length is the length of the whole canonical body in bytes.
	Length int64
}

// MaxBodyForms bounds the forms of a body that are hashed for one message:
// differing l= tags would otherwise buy a pass over the body each.
const MaxBodyForms = 8

// maxOthers bounds what MaxBodyForms bounds for readings of a CR alone other
// than the first.
const maxOthers = 4

// ErrBodyForms says that signatures ask for too many forms of the body.
var ErrBodyForms = errors.New("too many forms of the body asked for")

// NewBody takes the bytes after the empty line that ends the header.
func NewBody(raw []byte) *Body { return &Body{raw: raw} }

// Read returns how many bytes of the body were looked at so far, each pass
// over it counted.
func (b *Body) Read() int64 { return b.read }

// Hash returns the hash of the canonical body, of its first length bytes if
// length is not negative, for a signer: an LF alone is a line end and a CR alone
// a space, since a verifier finds the body as Postfix passes it on.
func (b *Body) Hash(c Canon, h crypto.Hash, length int64) (BodyHash, error) {
	return b.form(bodyForm{c, h, max(length, -1), crSpace})
}

func (b *Body) form(form bodyForm) (BodyHash, error) {
	if sum, ok := b.done[form]; ok {
		return sum, nil
	}
	if len(b.done)-b.others == MaxBodyForms {
		return BodyHash{}, ErrBodyForms
	}
	w := &bodyWriter{hash: form.hash.New(), left: form.length, cr: form.cr}
	w.buf = make([]byte, 0, min(len(b.raw)+2, 2*bodyChunk))
	w.body(form.canon, b.raw)
	w.flush()
	sum := BodyHash{w.hash.Sum(nil), w.total}
	b.read += int64(len(b.raw))
	if b.done == nil {
		b.done = map[bodyForm]BodyHash{}
	}
	b.done[form] = sum
	return sum, nil
}

// Errors of a signature's body hash.
var (
	ErrBodyHash   = errors.New("body hash does not fit the body")
	ErrBodyLength = errors.New("l= is longer than the body")
)

// Check compares the body hash of s. Beside ErrBodyHash and ErrBodyLength it
// may return ErrBodyForms. total is the length of the canonical body. A CR
// alone ends a line, as in Rspamd; where the hash does not fit then, it is what
// other signers take it for.
func (b *Body) Check(s *Signature) (total int64, err error) {
	total, err = b.check(s, crEnds)
	for _, cr := range [...]strayCR{crSpace, crPlain} {
		if err == nil || b.others == maxOthers || !b.hasStray() {
			break
		}
		b.others++
		if n, other := b.check(s, cr); other == nil {
			return n, nil
		}
	}
	return total, err
}

// hasStray reports whether a CR stands in the body without an LF after it.
func (b *Body) hasStray() bool {
	if b.stray == nil {
		stray := false
		for rest := b.raw; !stray; {
			i := bytes.IndexByte(rest, '\r')
			if i < 0 {
				break
			}
			stray = i+1 == len(rest) || rest[i+1] != '\n'
			rest = rest[i+1:]
		}
		b.stray = &stray
	}
	return *b.stray
}

func (b *Body) check(s *Signature, cr strayCR) (total int64, err error) {
	sum, err := b.form(bodyForm{s.BodyCanon, s.Algorithm.Hash, max(s.Length, -1), cr})
	switch {
	case err != nil:
	case s.Length > sum.Length:
		err = ErrBodyLength
	case !bytes.Equal(sum.Sum, s.BodyHash):
		err = ErrBodyHash
	}
	return sum.Length, err
}

// bodyChunk is how many canonical bytes are hashed at once.
const bodyChunk = 8192

// A bodyWriter makes the canonical form (RFC 6376 sections 3.4.3, 3.4.4).
type bodyWriter struct {
	hash  hash.Hash
	buf   []byte
	total int64
	left  int64 // bytes still to hash, -1: all
	cr    strayCR
	empty int // empty lines not written yet
}

func (w *bodyWriter) body(c Canon, raw []byte) {
	for len(raw) > 0 {
		line, rest, ended := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if ended {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		if w.cr != crEnds {
			w.line(c, w.withStray(line))
			continue
		}
		for more := true; more; {
			for len(line) > 0 && line[0] == '\r' {
				w.empty++
				line = line[1:]
			}
			var part []byte
			part, line, more = bytes.Cut(line, []byte("\r"))
			w.line(c, part)
		}
	}
	if c == Simple && w.total == 0 {
		w.lineEnd()
	}
}

// withStray returns a line with the CRs in it as the form has them.
func (w *bodyWriter) withStray(line []byte) []byte {
	if w.cr == crPlain || bytes.IndexByte(line, '\r') < 0 {
		return line
	}
	return bytes.ReplaceAll(bytes.TrimRight(line, "\r"), []byte("\r"), []byte(" "))
}

// manyEnds is what a run of empty lines is written with.
const manyEnds = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"

// line writes a line. Empty lines wait for one that is not.
func (w *bodyWriter) line(c Canon, line []byte) {
	if c == Relaxed {
		line = bytes.TrimRight(line, " \t")
	}
	if len(line) == 0 {
		w.empty++
		return
	}
	for w.empty > 0 {
		n := min(w.empty, len(manyEnds)/2)
		w.write([]byte(manyEnds[:2*n]))
		w.empty -= n
	}
	if c == Relaxed && !single(line) {
		w.reduce(line)
	} else {
		w.write(line)
	}
	w.lineEnd()
}

// single reports whether every run of white space in line is one space.
func single(line []byte) bool {
	space := false
	for _, c := range line {
		if c == '\t' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return true
}

// reduce writes line with each run of white space as one space.
func (w *bodyWriter) reduce(line []byte) {
	space := false
	for _, c := range line {
		if c == ' ' || c == '\t' {
			if space {
				continue
			}
			c = ' '
		}
		space = c == ' '
		w.total++
		if w.buf = append(w.buf, c); len(w.buf) >= bodyChunk {
			w.flush()
		}
	}
}

func (w *bodyWriter) lineEnd() {
	w.total += 2
	if w.buf = append(w.buf, '\r', '\n'); len(w.buf) >= bodyChunk {
		w.flush()
	}
}

func (w *bodyWriter) write(p []byte) {
	w.total += int64(len(p))
	if len(p) >= bodyChunk {
		w.flush()
		w.hashed(p)
		return
	}
	if w.buf = append(w.buf, p...); len(w.buf) >= bodyChunk {
		w.flush()
	}
}

func (w *bodyWriter) flush() {
	w.hashed(w.buf)
	w.buf = w.buf[:0]
}

func (w *bodyWriter) hashed(p []byte) {
	if w.left >= 0 {
		p = p[:min(int64(len(p)), w.left)]
		w.left -= int64(len(p))
	}
	w.hash.Write(p)
}

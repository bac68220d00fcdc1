package controller

import (
	"bytes"
	"io"

	"github.com/winnowmail/winnow"
)

// readAhead is how much of a body is read before its message is admitted. Most
// messages are shorter: net/http tells of a client that goes away only after the
// end of the body, so those whose client went leave the queue.
const readAhead = 32 << 10

// A body is the body of a request; it remembers why it could not be read.
type body struct {
	rest  io.Reader
	ahead []byte
	err   error // of the first Read that failed, io.EOF is none
	ended bool
}

func newBody(r io.Reader) *body { return &body{rest: r} }

// message reads ahead and returns what is to be scanned; length is the
// announced one, negative if there is none.
func (b *body) message(length int64) winnow.Body {
	var ahead bytes.Buffer
	if length > 0 {
		ahead.Grow(int(min(length, readAhead+1)) + bytes.MinRead) // what ReadFrom wants to see the end
	}
	_, _ = io.Copy(&ahead, io.LimitReader((*source)(b), readAhead+1)) // b keeps the error; one more byte shows the end
	b.ahead = ahead.Bytes()
	if b.ended && b.err == nil {
		return winnow.FromBytes(b.ahead)
	}
	return winnow.FromSizedReader(b, length)
}

// Read implements io.Reader: what was read ahead, then the rest.
func (b *body) Read(p []byte) (int, error) {
	if len(b.ahead) > 0 {
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	}
	return (*source)(b).Read(p)
}

// drain reads what the scan left, so that a body that is too long is told from
// one that was cut by the Scanner's limits.
func (b *body) drain() {
	if b.err == nil && !b.ended {
		_, _ = io.Copy(io.Discard, (*source)(b)) // b keeps the error
	}
}

// source is the part of a body that has not been read.
type source body

func (s *source) Read(p []byte) (int, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case s.ended:
		return 0, io.EOF
	}
	n, err := s.rest.Read(p)
	if err == io.EOF {
		s.ended = true
	} else if err != nil {
		s.err = err
	}
	return n, err
}

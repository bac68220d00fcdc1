// Package intake takes in a message that comes in pieces and has it scanned. A
// short message is kept until its end. Of a longer one the beginning is kept;
// the rest goes to the scan as it comes in, once the Scanner has admitted the
// message.
package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/mail"
)

// readAhead is how much of a message is kept before its scan begins. Most
// messages are shorter.
const readAhead = 64 << 10

// A Scan gives the verdict on a message, such as (*winnow.Scanner).Scan. It must
// not panic: it may run in a goroutine of its own.
type Scan = func(ctx context.Context, m *winnow.Message) (*winnow.Result, error)

// A Message is one that comes in: its fields, the end of its header, and its
// body. Only one goroutine may use it. It is over with End or Abort, one of
// which must be called.
type Message struct {
	Envelope  mail.Envelope // a scan that has begun does not see what changes
	Announced int64         // bytes that the client announced, negative: none
	Names     []string      // of the header's fields
	Size      int64         // bytes that came in

	ctx    context.Context
	limit  int64
	scan   Scan
	ended  bool // the header is
	ahead  []byte
	pipe   *io.PipeWriter // what is beyond ahead, nil until then
	done   chan struct{}  // closed when the scan beyond ahead is over
	cancel context.CancelFunc
	res    *winnow.Result
	err    error
}

// New begins a message. Of its bytes no more than limit are scanned. Scans end
// with ctx.
func New(ctx context.Context, env mail.Envelope, limit int64, scan Scan) *Message {
	return &Message{Envelope: env, Announced: -1, ctx: ctx, limit: limit, scan: scan}
}

// Field adds a header field. Its value comes with the blanks that lead it, or
// else without the one that is usual; lines of it may end with LF alone.
func (m *Message) Field(name, value string, blanks bool) {
	const longest = 998                                                      // RFC 5322 section 2.1.1
	m.Names = append(m.Names, strings.Clone(name[:min(len(name), longest)])) // the value must not be kept with it
	line := make([]byte, 0, len(name)+len(value)+4)
	line = append(append(line, name...), ':')
	if !blanks {
		line = append(line, ' ')
	}
	if strings.Contains(value, "\n") {
		value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", "\r\n")
	}
	m.Write(append(append(line, value...), "\r\n"...))
}

// EndHeader ends the header; from the second call on it does nothing.
func (m *Message) EndHeader() {
	if !m.ended {
		m.ended = true
		m.Write([]byte("\r\n"))
	}
}

// Write adds bytes of the message, up to the limit.
func (m *Message) Write(p []byte) {
	m.Size += int64(len(p))
	if over := m.Size - m.limit; over > 0 {
		p = p[:max(0, int64(len(p))-over)]
	}
	switch {
	case len(p) == 0:
	case m.pipe != nil:
		_, _ = m.pipe.Write(p) // an error means that the scan has what it wants
	case m.err != nil:
	case len(m.ahead)+len(p) <= readAhead:
		m.ahead = append(m.ahead, p...)
	default:
		m.stream(p)
	}
}

var (
	errScanned = errors.New("the scan is over")
	errAborted = errors.New("the message was aborted")
)

// stream begins the scan with what is there.
func (m *Message) stream(p []byte) {
	var ctx context.Context
	ctx, m.cancel = context.WithCancel(m.ctx)
	read, write := io.Pipe()
	m.pipe, m.done = write, make(chan struct{})
	size := int64(-1)
	if m.Announced >= 0 {
		size = max(2*m.Announced, int64(len(m.ahead)+len(p))) + readAhead // clients reckon without line ends
	}
	msg := &winnow.Message{Envelope: m.Envelope, Body: winnow.FromSizedReader(io.MultiReader(bytes.NewReader(m.ahead), read), size)}
	go func() {
		m.res, m.err = m.scan(ctx, msg)
		read.CloseWithError(errScanned)
		close(m.done)
	}()
	_, _ = write.Write(p)
}

// Fail gives the message up: End will return err.
func (m *Message) Fail(err error) {
	m.Abort()
	m.res, m.err, m.ahead = nil, err, nil
}

// Abort ends the scan of a message that will not come to its end.
func (m *Message) Abort() {
	if m.pipe == nil {
		return
	}
	m.cancel()
	m.pipe.CloseWithError(errAborted)
	<-m.done
	m.pipe = nil
}

// End waits for the verdict on the message as it stands.
func (m *Message) End() (*winnow.Result, error) {
	m.EndHeader()
	switch {
	case m.pipe != nil:
		m.pipe.Close()
		<-m.done
		m.cancel()
		m.pipe = nil
	case m.err == nil:
		m.res, m.err = m.scan(m.ctx, &winnow.Message{Envelope: m.Envelope, Body: winnow.FromBytes(m.ahead)})
	}
	return m.res, m.err
}

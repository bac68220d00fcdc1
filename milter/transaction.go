package milter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/mail"
)

// readAhead is how much of a message is kept before its scan begins. Most
// messages are shorter; of longer ones the rest goes to the Scanner as it comes
// in, once it was admitted.
const readAhead = 64 << 10

// A transaction is a message that comes in.
type transaction struct {
	session   *session
	env       mail.Envelope
	announced int64    // bytes, -1: nothing
	names     []string // of the header's fields
	ended     bool     // the header is
	size      int64
	ahead     []byte
	pipe      *io.PipeWriter // what is beyond ahead, nil until then
	scanned   chan struct{}  // closed when the scan beyond ahead is over
	cancel    context.CancelFunc
	res       *winnow.Result
	err       error
}

func (x *session) newTransaction() *transaction {
	return &transaction{session: x, env: x.client, announced: -1}
}

// field adds a header field as the MTA has it: a value with its leading blanks,
// or else without the one that is usual.
func (t *transaction) field(name, value string, blanks bool) {
	const longest = 998                                                      // RFC 5322 section 2.1.1
	t.names = append(t.names, strings.Clone(name[:min(len(name), longest)])) // the value must not be kept with it
	line := make([]byte, 0, len(name)+len(value)+4)
	line = append(append(line, name...), ':')
	if !blanks {
		line = append(line, ' ')
	}
	if strings.Contains(value, "\n") {
		value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", "\r\n")
	}
	t.write(append(append(line, value...), "\r\n"...))
}

func (t *transaction) endHeader() {
	if !t.ended {
		t.ended = true
		t.write([]byte("\r\n"))
	}
}

// write adds bytes of the message, up to the limit.
func (t *transaction) write(p []byte) {
	t.size += int64(len(p))
	if over := t.size - t.session.server.o.Limits.Message; over > 0 {
		p = p[:max(0, int64(len(p))-over)]
	}
	switch {
	case t.err != nil && t.pipe == nil || len(p) == 0:
	case t.pipe != nil:
		_, _ = t.pipe.Write(p) // an error means that the scan has what it wants
	case len(t.ahead)+len(p) <= readAhead:
		t.ahead = append(t.ahead, p...)
	default:
		t.stream(p)
	}
}

// stream begins the scan with what is there.
func (t *transaction) stream(p []byte) {
	var ctx context.Context
	ctx, t.cancel = context.WithCancel(t.session.server.ctx)
	read, write := io.Pipe()
	t.pipe, t.scanned = write, make(chan struct{})
	size := int64(-1)
	if t.announced >= 0 {
		size = max(2*t.announced, int64(len(t.ahead)+len(p))) + readAhead // clients reckon without line ends
	}
	m := t.message(winnow.FromSizedReader(io.MultiReader(bytes.NewReader(t.ahead), read), size))
	go func() {
		t.scan(ctx, m)
		read.CloseWithError(errScanned)
		close(t.scanned)
	}()
	_, _ = write.Write(p)
}

var (
	errScanned = errors.New("milter: the scan is over")
	errAborted = errors.New("milter: the message was aborted")
)

func (t *transaction) message(body winnow.Body) *winnow.Message {
	return &winnow.Message{Envelope: t.env, Body: body}
}

// scan sets res or err.
func (t *transaction) scan(ctx context.Context, m *winnow.Message) {
	defer func() {
		if v := recover(); v != nil {
			t.res, t.err = nil, t.session.server.panicked(v)
		}
	}()
	if early := t.session.early; early != nil {
		t.res, t.err = early.Data(ctx, m)
		return
	}
	t.res, t.err = t.session.server.o.Scanner.Scan(ctx, m)
}

// fail gives the message up; its end will tell.
func (t *transaction) fail(err error) {
	t.abort()
	t.res, t.err, t.ahead = nil, err, nil
}

// abort ends the scan of a message that will not come to its end.
func (t *transaction) abort() {
	if t.pipe == nil {
		return
	}
	t.cancel()
	t.pipe.CloseWithError(errAborted)
	<-t.scanned
	t.pipe = nil
}

// end waits for the verdict on the message as it stands.
func (t *transaction) end(m protocol.Modifier) {
	t.endHeader()
	if t.err != nil && t.pipe == nil {
		return
	}
	t.session.whileAt(m, func() {
		if t.pipe == nil {
			t.scan(t.session.server.ctx, t.message(winnow.FromBytes(t.ahead)))
			return
		}
		t.pipe.Close()
		<-t.scanned
		t.cancel()
	})
}

// whileAt tells the MTA of progress while do runs.
func (x *session) whileAt(m protocol.Modifier, do func()) {
	if m.Version() < 6 {
		do()
		return
	}
	var mu sync.Mutex // a report and the end
	var timer *time.Timer
	over, every := false, x.server.o.Timeouts.Progress
	mu.Lock()
	timer = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over && m.Progress() == nil {
			timer.Reset(every)
		}
	})
	mu.Unlock()
	defer func() {
		timer.Stop()
		mu.Lock()
		over = true
		mu.Unlock()
	}()
	do()
}

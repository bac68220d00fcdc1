package milterguard

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// What a connection waits for.
type state int

const (
	negotiating state = iota
	between           // two messages
	within            // a message
)

// A conn lets whole frames through that the library can take, and keeps what
// the library writes until it wants to read again: one write an answer.
// Anything else ends the connection with a log line; the library then sees
// io.EOF, which it takes for an ordinary end.
type conn struct {
	net.Conn
	guard  *Guard
	reader *bufio.Reader
	buf    []byte // a frame with its length
	frame  []byte // what the library has not read of buf
	out    []byte
	err    error // set once the connection is over
	timed  bool  // the frame has a deadline
	rcpts  int
	fields int
	begun  time.Time // of the message

	mu      sync.Mutex // guards what Drain looks at
	state   state
	waiting bool // for a frame's first byte
	closed  bool
}

// The library's deadlines are not the guard's.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.frame) == 0 {
		if c.err == nil {
			c.err = c.flush()
		}
		if c.err == nil {
			c.err = c.next()
		}
		if c.err != nil {
			return 0, io.EOF
		}
	}
	n := copy(p, c.frame)
	c.frame = c.frame[n:]
	return n, nil
}

// next reads a frame into c.frame and logs why there is none.
func (c *conn) next() error {
	err := c.fill()
	if err == nil {
		cmd, data := c.buf[4], c.buf[5:]
		if err = c.follow(cmd, data); err == nil {
			if !useless(cmd, data) {
				c.frame = c.buf
			}
			return nil
		}
	}
	c.mu.Lock()
	quiet := c.closed || c.guard.draining() && c.state != within || errors.Is(err, io.EOF) && c.waiting && c.state != within
	c.mu.Unlock()
	if !quiet {
		c.guard.Log.Warn("milter: connection closed", "peer", peer(c.Conn), "err", err)
	}
	return err
}

var errDraining = errors.New("the server shuts down")

// fill reads a frame, with its length, into buf.
func (c *conn) fill() error {
	if err := c.await(); err != nil {
		return err
	}
	c.buf = append(c.buf[:0], 0, 0, 0, 0)
	if err := c.full(c.buf); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(c.buf)
	if n == 0 || int64(n) > int64(c.guard.MaxFrame) {
		return fmt.Errorf("a frame of %d bytes, the limit is %d", n, c.guard.MaxFrame)
	}
	if cap(c.buf) > 128<<10 {
		c.buf = bytes.Clone(c.buf)
	}
	for need := int(n); need > 0; { // memory is taken as the bytes come in
		step := min(need, 64<<10)
		at := len(c.buf)
		c.buf = slices.Grow(c.buf, step)[:at+step]
		if err := c.full(c.buf[at:]); err != nil {
			return err
		}
		need -= step
	}
	return nil
}

// full reads what a frame still has, within the frame's time.
func (c *conn) full(p []byte) error {
	if c.reader.Buffered() < len(p) && !c.timed {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.guard.Frame)); err != nil {
			return err
		}
		c.timed = true
	}
	_, err := io.ReadFull(c.reader, p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("in the middle of a frame: %w", err)
	}
	return nil
}

// await waits for a frame's first byte, as long as the state allows.
func (c *conn) await() error {
	c.timed = false
	until, where, err := c.patience()
	if err != nil || c.reader.Buffered() > 0 {
		return err
	}
	c.mu.Lock()
	if c.guard.draining() && c.state != within {
		c.mu.Unlock()
		return errDraining
	}
	c.waiting = true
	if c.state != within && cap(c.buf) > 16<<10 { // an idle connection holds little
		c.buf = nil
	}
	err = c.Conn.SetReadDeadline(until)
	c.mu.Unlock()
	if err == nil {
		_, err = c.reader.Peek(1)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	c.mu.Lock()
	c.waiting = false
	c.mu.Unlock()
	return nil
}

// patience says until when a frame may begin.
func (c *conn) patience() (until time.Time, where string, err error) {
	g, now := c.guard, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state {
	case negotiating:
		return now.Add(g.Negotiate), "before the negotiation", nil
	case between:
		return now.Add(g.Idle), "between two messages", nil
	}
	end := c.begun.Add(g.Message)
	if now.After(end) {
		return end, "", fmt.Errorf("a message takes more than %v", g.Message)
	}
	if until = now.Add(g.Command); end.Before(until) {
		until = end
	}
	return until, "in a message", nil
}

// follow checks a frame and notes where it leads.
func (c *conn) follow(cmd byte, data []byte) error {
	g := c.guard
	if err := check(cmd, data, g.MaxMacros); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if (cmd == cmdNegotiate) != (c.state == negotiating) {
		return fmt.Errorf("command %q, and the negotiation comes first and once", cmd)
	}
	switch cmd {
	case cmdNegotiate, cmdAbort, cmdEnd, cmdQuitNew, cmdQuit:
		c.state = between
	case cmdMail:
		c.state, c.begun, c.rcpts, c.fields = within, time.Now(), 0, 0
	case cmdRcpt:
		if c.rcpts++; c.rcpts > g.MaxRcpts {
			return fmt.Errorf("more than %d recipients", g.MaxRcpts)
		}
	case cmdHeader:
		if c.fields++; c.fields > g.MaxFields {
			return fmt.Errorf("more than %d header fields", g.MaxFields)
		}
	}
	return nil
}

// Write implements net.Conn. The library's only writes are answers: they go out
// when it wants to read again, or at once if they tell of progress.
func (c *conn) Write(p []byte) (int, error) {
	if c.err == nil {
		c.out = append(c.out, p...)
		if len(c.out) > 32<<10 || len(p) == 5 && p[4] == 'p' && len(c.out) == 5 {
			c.err = c.flush()
		}
	}
	if c.err != nil {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	err := c.Conn.SetWriteDeadline(time.Now().Add(c.guard.Write))
	if err == nil {
		_, err = c.Conn.Write(c.out)
	}
	c.out = c.out[:0]
	if err != nil {
		c.guard.Log.Warn("milter: connection closed", "peer", peer(c.Conn), "err", fmt.Errorf("writing: %w", err))
	}
	return err
}

// wake ends the wait for a message that must not begin any more.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting && c.state != within {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // a connection that is closed already needs none
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.mu.Lock()
	already := c.closed
	c.closed = true
	c.mu.Unlock()
	if already {
		return nil
	}
	c.guard.mu.Lock()
	delete(c.guard.conns, c)
	c.guard.mu.Unlock()
	if err := c.Conn.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		c.guard.Log.Debug("milter: close", "peer", peer(c.Conn), "err", err)
	}
	return nil
}

// Package milterguard stands between the milter protocol's library and its
// peers: it lets whole frames through that the library can take, bounds the
// connections and how long each may take, and lets them end between two
// messages when the server shuts down.
package milterguard

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Config bounds what peers can do. All fields must be set.
type Config struct {
	Log *slog.Logger
	// Times of a connection: to its first frame, between two messages, between
	// two frames of a message, from MAIL to the end of the message, from a
	// frame's first byte to its last, and of one write.
	Negotiate, Idle, Command, Message, Frame, Write time.Duration
	// At most this many connections, bytes of a frame and of one with macros,
	// recipients and header fields of a message.
	MaxConnections, MaxFrame, MaxMacros, MaxRcpts, MaxFields int
}

// A Guard is all connections of a server. It is safe for concurrent use.
type Guard struct {
	Config
	drain chan struct{} // closed by Drain

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// New makes a Guard.
func New(c Config) *Guard {
	return &Guard{Config: c, drain: make(chan struct{}), conns: map[*conn]struct{}{}}
}

// Listener returns l with guarded connections.
func (g *Guard) Listener(l net.Listener) net.Listener { return &listener{l, g} }

// Drain closes the connections that are between two messages, and lets the
// others end with their message. New ones are closed at once. It is called once.
func (g *Guard) Drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.drain)
	for c := range g.conns {
		c.wake()
	}
}

func (g *Guard) draining() bool {
	select {
	case <-g.drain:
		return true
	default:
		return false
	}
}

type listener struct {
	net.Listener
	guard *Guard
}

// Accept goes on where the process is short of something for the moment.
func (l *listener) Accept() (net.Conn, error) {
	wait := 5 * time.Millisecond
	for {
		inner, err := l.Listener.Accept()
		switch {
		case err == nil:
			if c := l.guard.admit(inner); c != nil {
				return c, nil
			}
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.ENOBUFS):
			l.guard.Log.Warn("milter: accept", "err", err)
			select {
			case <-time.After(wait):
			case <-l.guard.drain:
			}
			wait = min(2*wait, time.Second)
		default:
			return nil, err
		}
	}
}

// admit guards a connection; it closes one too many and returns nil.
func (g *Guard) admit(inner net.Conn) *conn {
	c := &conn{Conn: inner, guard: g, reader: bufio.NewReaderSize(inner, 16<<10), state: negotiating}
	g.mu.Lock()
	full := len(g.conns) >= g.MaxConnections
	if !full && !g.draining() {
		g.conns[c] = struct{}{}
		g.mu.Unlock()
		return c
	}
	g.mu.Unlock()
	if full {
		g.Log.Warn("milter: connection refused", "peer", peer(inner), "connections", g.MaxConnections)
	}
	_ = inner.Close() // it was never used
	return nil
}

func peer(c net.Conn) string { return c.RemoteAddr().Network() + ":" + c.RemoteAddr().String() }

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

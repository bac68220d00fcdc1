package redis

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A line is a way to one server, which all connections made on it share. When
// it is cut, those that are idle are not used again.
type line struct{ cuts atomic.Uint64 }

func (l *line) cut() { l.cuts.Add(1) }

// A transport makes connections that tell more about a failure than the
// client library passes on: whether a command can have reached the server.
//
// A connection that could not be made is made all the same, as one that fails
// at the first write. So the library, which writes a line to stderr for each
// failed dial, never sees one.
type transport struct {
	life    context.Context // until close
	end     context.CancelFunc
	timeout time.Duration
	tls     *tls.Config

	dials  sync.WaitGroup
	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
}

func newTransport(o *Options) *transport {
	t := &transport{timeout: o.DialTimeout, tls: o.TLS, conns: map[*conn]struct{}{}}
	t.life, t.end = context.WithCancel(context.Background())
	return t
}

var (
	errCut    = errors.New("the connection is to a server that is not in use any more")
	errClosed = errors.New("the store is closed")
)

// dial connects to an address. The connection is never nil; one that is given
// with an error fails with that error.
func (t *transport) dial(ctx context.Context, l *line, addr string) (net.Conn, error) {
	if !t.enter() {
		return refused(errClosed), errClosed
	}
	defer t.dials.Done()
	c := &conn{t: t, line: l, cuts: l.cuts.Load()}
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	raw, secured, err := t.open(ctx, addr)
	if err != nil {
		return refused(err), err
	}
	c.Conn = secured
	c.raw, _ = raw.(syscall.Conn)
	c.secure = secured != raw
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = raw.Close()
		return refused(errClosed), errClosed
	}
	t.conns[c] = struct{}{}
	return c, nil
}

func (t *transport) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.dials.Add(1)
	}
	return !t.closed
}

// open makes a connection and, where TLS is used, the secured one on top.
func (t *transport) open(ctx context.Context, addr string) (raw, secured net.Conn, err error) {
	network := "tcp"
	if addr != "" && addr[0] == '/' {
		network = "unix"
	}
	raw, err = (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil || t.tls == nil {
		return raw, raw, err
	}
	config := t.tls
	if config.ServerName == "" && network == "tcp" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	over := tls.Client(raw, config)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return raw, over, nil
}

// close ends all connections, those in use too, and waits for those that are
// being made.
func (t *transport) close() {
	t.mu.Lock()
	t.closed = true
	conns := t.conns
	t.conns = map[*conn]struct{}{}
	t.mu.Unlock()
	t.end()
	for c := range conns {
		_ = c.Conn.Close()
	}
	t.dials.Wait()
}

// A conn is a connection that knows whether its latest command was sent.
type conn struct {
	net.Conn
	t      *transport
	line   *line
	cuts   uint64
	raw    syscall.Conn
	secure bool

	read bool      // since the latest write
	sent bool      // of the latest command: more than what opens a connection
	at   time.Time // when that was
}

// A connError is a failure of a connection.
type connError struct {
	err    error
	unsent bool          // no command was sent, so none was done
	waited time.Duration // for an answer
}

func (e *connError) Error() string { return e.err.Error() }
func (e *connError) Unwrap() error { return e.err }

// hasty reports a failure that the shortness of the caller's time explains, so
// that it says nothing about the server.
func (e *connError) hasty() bool {
	return errors.Is(e.err, os.ErrDeadlineExceeded) && e.waited < patience
}

// patience is how long a server may always take to answer.
const patience = 20 * time.Millisecond

func (c *conn) stale() bool { return c.cuts != c.line.cuts.Load() }

func (c *conn) Write(p []byte) (int, error) {
	if c.read {
		c.read, c.sent = false, false
	}
	if !c.sent && c.stale() {
		return 0, &connError{err: errCut, unsent: true}
	}
	c.at = time.Now()
	n, err := c.Conn.Write(p)
	c.sent = c.sent || n > 0 && !opens(p)
	if err != nil {
		return n, &connError{err: err, unsent: !c.sent, waited: time.Since(c.at)}
	}
	return n, nil
}

func (c *conn) Read(p []byte) (int, error) {
	c.read = true
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, &connError{err: err, unsent: !c.sent, waited: time.Since(c.at)}
	}
	return n, nil
}

func (c *conn) Close() error {
	c.t.mu.Lock()
	delete(c.t.conns, c)
	c.t.mu.Unlock()
	return c.Conn.Close()
}

// SyscallConn lets the pool see, before it uses a connection, that the server
// has closed it.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	switch {
	case c.stale():
		return nil, errCut
	case c.secure || c.raw == nil:
		// What is there to read may be TLS's own.
		return unseen{}, nil
	}
	return c.raw.SyscallConn()
}

// unseen is a RawConn that looks at nothing.
type unseen struct{}

func (unseen) Control(func(uintptr)) error    { return nil }
func (unseen) Read(func(uintptr) bool) error  { return nil }
func (unseen) Write(func(uintptr) bool) error { return nil }

// opens reports whether a command is one of those that the library sends on a
// new connection. They change nothing: where one fails, the call was not done.
func opens(p []byte) bool {
	_, p, ok := bytes.Cut(p, []byte("\r\n$"))
	if !ok {
		return false
	}
	_, p, _ = bytes.Cut(p, []byte("\r\n"))
	name, _, _ := bytes.Cut(p, []byte("\r\n"))
	switch string(bytes.ToLower(name)) {
	case "hello", "auth", "select", "role":
		return true
	}
	return false
}

// A refusal is a connection that could not be made.
type refusal struct {
	net.Conn
	err error
}

func refused(err error) net.Conn {
	// One end of a pipe has all the other methods.
	end, _ := net.Pipe()
	return &refusal{Conn: end, err: err}
}

func (r *refusal) Write([]byte) (int, error) { return 0, &connError{err: r.err, unsent: true} }
func (r *refusal) Read([]byte) (int, error)  { return 0, &connError{err: r.err, unsent: true} }

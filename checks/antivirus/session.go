package antivirus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/winnowmail/winnow/internal/peer"
)

const (
	maxReply = 4 << 10   // of one reply
	chunk    = 256 << 10 // of what is sent
	maxIdle  = 8         // connections that are kept open
	// idleFor is how long one is kept; clamd's IdleTimeout is 30 s.
	idleFor = 20 * time.Second
)

// A pool keeps connections open that clamd would take the next question on.
type pool struct {
	dial peer.Dialer

	mu     sync.Mutex
	idle   []idle // the one used last comes last
	sweep  *time.Timer
	closed bool
}

type idle struct {
	conn             net.Conn
	network, address string
	asked            int
	since            time.Time
}

// connect gives a connection in a session, one that is open already if there is one.
func (p *pool) connect(ctx context.Context, network, address string) (net.Conn, error) {
	s := &session{pool: p, network: network, address: address}
	if i, ok := p.take(network, address); ok {
		s.conn, s.asked, s.reused = i.conn, i.asked, true
		return s, nil
	}
	c, err := p.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.conn = c
	return s, nil
}

func (p *pool) take(network, address string) (idle, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if k := p.idle[i]; k.network == network && k.address == address && time.Since(k.since) < idleFor {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return k, true
		}
	}
	return idle{}, false
}

// put keeps a connection, or closes it where there are enough.
func (p *pool) put(k idle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) == maxIdle {
		k.conn.Close()
		return
	}
	k.since = time.Now()
	p.idle = append(p.idle, k)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(idleFor, p.expire)
	}
}

// expire closes what was not used for a while.
func (p *pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 && time.Since(p.idle[0].since) >= idleFor {
		p.idle[0].conn.Close()
		p.idle = p.idle[1:]
	}
	p.sweep = nil
	if len(p.idle) > 0 {
		p.sweep = time.AfterFunc(idleFor-time.Since(p.idle[0].since), p.expire)
	}
}

// close closes what is kept, and from now on what comes back.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	for _, k := range p.idle {
		k.conn.Close()
	}
	p.idle = nil
}

// A session is a connection on which clamd answers one question after the other,
// numbered from 1 (clamd(8), IDSESSION). Close gives it back to its pool when the
// last question was answered. It is what peer.Group takes for a connection.
type session struct {
	net.Conn         // nil: its methods are those below
	pool             *pool
	network, address string
	asked            int
	reused           bool // it waited in the pool
	good             bool // the last question was answered, and nothing else said

	mu       sync.Mutex // SetDeadline may be called beside the others, and late
	conn     net.Conn
	deadline time.Time
}

// SetDeadline bounds the question. Once the session was given back it does nothing.
func (s *session) SetDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.conn == nil {
		return nil
	}
	return s.conn.SetDeadline(t)
}

func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conn
	if s.conn = nil; c == nil {
		return nil
	}
	if !s.good || c.SetDeadline(time.Time{}) != nil {
		return c.Close()
	}
	s.pool.put(idle{conn: c, network: s.network, address: s.address, asked: s.asked})
	return nil
}

// renew replaces a connection that was closed while it waited.
func (s *session) renew(ctx context.Context) error {
	s.mu.Lock()
	deadline := s.deadline
	s.mu.Unlock()
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	c, err := s.pool.dial(ctx, s.network, s.address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.Close()
	s.conn, s.asked, s.reused = c, 0, false
	return c.SetDeadline(s.deadline)
}

// scan has clamd look at data behind a lead and returns its reply, without number and NUL. A
// connection that waited in the pool may have been closed meanwhile: then a new one
// is made.
func (s *session) scan(ctx context.Context, lead string, data []byte) (string, error) {
	reply, err := s.instream(lead, data)
	if err != nil && s.reused && !errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		if err = s.renew(ctx); err == nil {
			reply, err = s.instream(lead, data)
		}
	}
	return reply, err
}

// instream sends data while it waits for the reply: clamd answers early, and
// closes, when there is more than it takes.
func (s *session) instream(lead string, data []byte) (string, error) {
	s.good = false
	c := s.conn
	type result struct {
		reply string
		extra bool
		err   error
	}
	replies := make(chan result, 1)
	go func() {
		var r result
		r.reply, r.extra, r.err = readReply(c)
		if r.err == nil {
			_ = c.SetWriteDeadline(time.Unix(1, 0)) // nothing more is wanted
		}
		replies <- r
	}()
	s.asked++
	sent := send(c, lead, data, s.asked == 1)
	r := <-replies // it comes by the deadline
	if r.err != nil {
		return "", errors.Join(sent, r.err)
	}
	reply, err := numbered(r.reply, s.asked)
	if err == nil && reply == r.reply && s.reused {
		err = errors.New("the session ended")
	}
	s.good = err == nil && sent == nil && !r.extra
	return reply, err
}

// send writes the command and data in chunks with their lengths, an empty one last.
func send(c net.Conn, lead string, data []byte, begin bool) error {
	head := []byte("zINSTREAM\x00")
	if begin {
		head = []byte("zIDSESSION\x00zINSTREAM\x00")
	}
	if lead != "" {
		head = binary.BigEndian.AppendUint32(head, uint32(len(lead)))
		head = append(head, lead...)
	}
	for more := true; more; {
		n := min(chunk, len(data))
		head = binary.BigEndian.AppendUint32(head, uint32(n))
		more = n > 0
		part := net.Buffers{head, data[:n]}
		if n == 0 {
			part = net.Buffers{head}
		}
		if _, err := part.WriteTo(c); err != nil {
			return err
		}
		head, data = head[:0], data[n:]
	}
	return nil
}

// readReply reads up to a NUL; extra tells that something stood behind it.
func readReply(c net.Conn) (reply string, extra bool, err error) {
	var buf [maxReply]byte
	n := 0
	for {
		k, err := c.Read(buf[n:])
		if i := bytes.IndexByte(buf[n:n+k], 0); i >= 0 {
			return string(buf[:n+i]), i+1 < k, nil
		}
		n += k
		switch {
		case err != nil:
			return "", false, fmt.Errorf("%d bytes of a reply: %w", n, err)
		case n == len(buf):
			return "", false, errors.New("the reply does not end")
		}
	}
}

// numbered takes the number of the question off its reply. What clamd says of the
// session as a whole has none.
func numbered(reply string, asked int) (string, error) {
	number, rest, ok := strings.Cut(reply, ": ")
	if ok && number == fmt.Sprint(asked) {
		return rest, nil
	}
	if ok && number != "" && strings.Trim(number, "0123456789") == "" {
		return "", fmt.Errorf("reply %s to question %d", number, asked)
	}
	return reply, nil
}

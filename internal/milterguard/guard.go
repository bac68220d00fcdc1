// Package milterguard stands between the milter protocol's library and its
// peers: it lets whole frames through that the library can take, bounds the
// connections and how long each may take, and lets them end between two
// messages when the server shuts down.
package milterguard

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Config bounds what peers can do; zero values mean defaults.
type Config struct {
	Log *slog.Logger // must be set
	// Times of a connection: to its first frame, between two messages, between
	// two frames of a message, from MAIL to the end of the message, from a
	// frame's first byte to its last, and of one write.
	Negotiate, Idle, Command, Message, Frame, Write time.Duration
	// At most this many connections, bytes of a frame and of one with macros,
	// recipients and header fields of a message.
	MaxConnections, MaxFrame, MaxMacros, MaxRcpts, MaxFields int
}

// complete puts defaults in the place of zero values. Errors name the fields as
// package milter does.
func (c *Config) complete() error {
	return errors.Join(
		preset("Timeouts.Negotiate", &c.Negotiate, 10*time.Second),
		preset("Timeouts.Idle", &c.Idle, 10*time.Minute),
		preset("Timeouts.Command", &c.Command, 10*time.Minute),
		preset("Timeouts.Message", &c.Message, time.Hour),
		preset("Timeouts.Frame", &c.Frame, 30*time.Second),
		preset("Timeouts.Write", &c.Write, 10*time.Second),
		preset("Limits.Connections", &c.MaxConnections, 1000),
		preset("Limits.Frame", &c.MaxFrame, 1<<20),
		preset("Limits.Macros", &c.MaxMacros, 64<<10),
		preset("Limits.Rcpts", &c.MaxRcpts, 5000),
		preset("Limits.Fields", &c.MaxFields, 20000),
	)
}

func preset[T ~int | ~int64](what string, value *T, zero T) error {
	if *value < 0 {
		return fmt.Errorf("%s is negative: %v", what, *value)
	}
	*value = cmp.Or(*value, zero)
	return nil
}

// A Guard is all connections of a server. It is safe for concurrent use.
type Guard struct {
	Config
	drain chan struct{} // closed by Drain

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// New makes a Guard.
func New(c Config) (*Guard, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	return &Guard{Config: c, drain: make(chan struct{}), conns: map[*conn]struct{}{}}, nil
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
	inner = promptly(inner)
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

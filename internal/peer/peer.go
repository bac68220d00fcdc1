// Package peer reaches servers that judge mail on the host's behalf, such as
// clamd or spamd: one of several addresses that do the same, each try within
// its time, addresses that failed last.
package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/winnowmail/winnow/internal/valid"
)

// A Dialer makes connections, as (*net.Dialer).DialContext does.
type Dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// The defaults of Options.
const (
	DefaultTimeout = 5 * time.Second
	DefaultTries   = 2
	// Pause is how long an address that failed comes after the others.
	Pause = 30 * time.Second
)

// Options says whom to ask.
type Options struct {
	// Servers are addresses of equal servers, "host:port" or "unix:/path".
	Servers []string
	// Dial makes the connections; nil means a net.Dialer.
	Dial Dialer
	// Timeout bounds one try, connection included; 0 means DefaultTimeout.
	Timeout time.Duration
	// Tries is how often a question is asked at most, at the next address each
	// time; 0 means DefaultTries.
	Tries int
	// Clock is for tests; nil means time.Now.
	Clock func() time.Time
}

// Address tells network and address of a server; the error says what is wrong.
func Address(server string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(server, "unix:"); ok {
		if path == "" {
			return "", "", errors.New("unix: without a path")
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" || port == "" {
		return "", "", fmt.Errorf("%q is no address: want host:port or unix:/path", server)
	}
	return "tcp", server, nil
}

// Validate notes what is wrong with the Servers, Timeout, Tries and MaxSize of a rule
// that asks, the field of that name.
func Validate(v *valid.Fields, field string, servers []string, timeout time.Duration, tries, maxSize int) {
	v.If(len(servers) == 0, field+".Servers", "missing")
	for i, s := range servers {
		if _, _, err := Address(s); err != nil {
			v.Add(valid.At(field+".Servers", i), "%w", err)
		}
	}
	v.If(timeout < 0, field+".Timeout", "%v is negative", timeout)
	v.Number(field+".Tries", int64(tries), 0, 10)
	v.Number(field+".MaxSize", int64(maxSize), 0, 1<<30)
}

// A Group is a set of equal servers. It is safe for concurrent use and keeps no
// connection open.
type Group struct {
	o Options

	mu     sync.Mutex
	next   int         // whose turn it is
	failed []time.Time // until when each server comes last
}

// New returns the group. Addresses must be such that Address takes them.
func New(o Options) *Group {
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Tries == 0 {
		o.Tries = DefaultTries
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Group{o: o, failed: make([]time.Time, len(o.Servers))}
}

// ErrFinal is wrapped by errors of a talk that another server would answer
// likewise: Do does not try again.
var ErrFinal = errors.New("final")

// Do connects and has talk ask its question, at another server when that fails,
// until it succeeds or the tries are used up. The connection has a deadline and
// ends with ctx: errors wrap os.ErrDeadlineExceeded then. Do closes it. The error
// names the server of the last try.
func (g *Group) Do(ctx context.Context, talk func(c net.Conn) error) error {
	err := errors.New("no servers")
	for range g.o.Tries {
		if len(g.o.Servers) == 0 || ctx.Err() != nil {
			break
		}
		i := g.pick()
		if err = g.once(ctx, g.o.Servers[i], talk); err == nil || errors.Is(err, ErrFinal) {
			g.mark(i, time.Time{})
			break
		}
		g.mark(i, g.o.Clock().Add(Pause))
		err = fmt.Errorf("%s: %w", g.o.Servers[i], err)
	}
	return err
}

// pick returns the server whose turn it is among those that did not fail lately.
func (g *Group) pick() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, best := g.o.Clock(), -1
	for k := range g.failed {
		i := (g.next + k) % len(g.failed)
		if !g.failed[i].After(now) {
			best = i
			break
		}
		if best < 0 || g.failed[i].Before(g.failed[best]) {
			best = i
		}
	}
	g.next = best + 1
	return best
}

func (g *Group) mark(i int, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed[i] = until
}

func (g *Group) once(ctx context.Context, server string, talk func(c net.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	network, address, err := Address(server)
	if err != nil {
		return err
	}
	c, err := g.o.Dial(ctx, network, address)
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	return talk(c)
}

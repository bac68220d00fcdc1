package dnsclient

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// A socket is used for so many questions and so long at most, and so many are
// kept for each server. The next question leaves from one of them at random.
const (
	socketQuestions = 256
	socketLife      = 10 * time.Second
	maxSockets      = 128
)

// A socket is a connected UDP socket, which the kernel gave a random port. It
// serves one volley at a time.
type socket struct {
	*net.UDPConn
	batch interface {
		ReadBatch(ms []ipv4.Message, flags int) (int, error)
		WriteBatch(ms []ipv4.Message, flags int) (int, error)
	}
	opened    time.Time
	questions int
	spent     bool // not to be used again
}

func openSocket(to netip.AddrPort, now time.Time) (*socket, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: conn, opened: now}
	if to.Addr().Is4() {
		s.batch = ipv4.NewPacketConn(conn)
	} else {
		s.batch = ipv6.NewPacketConn(conn)
	}
	return s, nil
}

// send sends datagrams, all in one system call where there is one for that.
func (s *socket) send(ms []ipv4.Message) error {
	for len(ms) > 0 {
		n, err := s.batch.WriteBatch(ms, 0)
		if err != nil {
			return err
		}
		ms = ms[n:]
	}
	return nil
}

// old reports whether the port has been in use for long enough.
func (s *socket) old(now time.Time) bool {
	return s.spent || s.questions >= socketQuestions || now.Sub(s.opened) >= socketLife
}

// sockets are the open ones to one server.
type sockets struct {
	*Client
	to netip.AddrPort

	sync.Mutex
	idle   []*socket
	lent   int
	opened uint64
	reaper *time.Timer // nil: none of idle is left to close; it belongs to what Close waits for
	closed bool
}

// lend gives out a socket; it must be given back. As long as few are open it is
// a new one.
func (p *sockets) lend() (*socket, error) {
	now := p.now()
	p.Lock()
	for len(p.idle) > 0 && len(p.idle)+p.lent >= maxSockets {
		s := p.take(rand.IntN(len(p.idle)))
		if !s.old(now) {
			p.lent++
			p.Unlock()
			return s, nil
		}
		s.Close()
	}
	p.lent++
	p.opened++
	p.Unlock()
	s, err := openSocket(p.to, now)
	if err != nil {
		p.Lock()
		p.lent--
		p.opened--
		p.Unlock()
	}
	return s, err
}

func (p *sockets) take(i int) *socket {
	s, last := p.idle[i], len(p.idle)-1
	p.idle[i], p.idle[last] = p.idle[last], nil
	p.idle = p.idle[:last]
	return s
}

// giveBack ends the use of a socket.
func (p *sockets) giveBack(s *socket) {
	now := p.now()
	p.Lock()
	defer p.Unlock()
	p.lent--
	if p.closed || s.old(now) || len(p.idle) >= maxSockets {
		s.Close()
		return
	}
	p.idle = append(p.idle, s)
	if p.reaper == nil {
		p.busy.Add(1)
		p.reaper = time.AfterFunc(socketLife, p.reap)
	}
}

// reap closes the sockets that have been open for long enough: nobody may ask
// for them any more.
func (p *sockets) reap() {
	p.Lock()
	defer p.Unlock()
	now := p.now()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if p.idle[i].old(now) {
			p.take(i).Close()
		}
	}
	if len(p.idle) > 0 && !p.closed {
		p.reaper.Reset(socketLife)
		return
	}
	p.reaper = nil
	p.busy.Done()
}

// close closes what is idle, and what is lent when it is given back.
func (p *sockets) close() {
	p.Lock()
	defer p.Unlock()
	p.closed = true
	if p.reaper != nil && p.reaper.Stop() {
		p.reaper = nil
		p.busy.Done()
	}
	for len(p.idle) > 0 {
		p.take(len(p.idle) - 1).Close()
	}
}

func (p *sockets) count() (open int, opened uint64) {
	p.Lock()
	defer p.Unlock()
	return len(p.idle) + p.lent, p.opened
}

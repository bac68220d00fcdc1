package dnsclient

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// quarantine is how long a silent server is asked last, plainFor how long
	// one is asked without EDNS0.
	quarantine = 10 * time.Second
	plainFor   = 10 * time.Minute
)

// A server is one to ask, and what is known about it.
type server struct {
	addr    netip.AddrPort
	tcp     string
	sockets sockets
	silent  atomic.Int32 // tries without reply in a row
	last    atomic.Int64 // asked last until then, in nanoseconds
	plain   atomic.Int64 // asked without EDNS0 until then
}

func newServer(c *Client, a netip.AddrPort) *server {
	return &server{addr: a, tcp: a.String(), sockets: sockets{Client: c, to: a}}
}

// heard notes whether the server said anything.
func (s *server) heard(yes bool, now time.Time) {
	if yes {
		s.silent.Store(0)
		s.last.Store(0)
	} else if s.silent.Add(1) >= 2 {
		s.last.Store(now.Add(quarantine).UnixNano())
	}
}

func (s *server) knowsEDNS(now time.Time) bool { return s.plain.Load() <= now.UnixNano() }

// rank orders the reasons of several servers by how much they tell.
func rank(k resolver.Kind) int {
	switch k {
	case resolver.KindTimeout:
		return 0
	case resolver.KindNetwork:
		return 1
	case resolver.KindMalformed, resolver.KindLame, resolver.KindRefused:
		return 2
	}
	return 3
}

// order returns the servers in the order in which to ask them.
func (c *Client) order() []*server {
	first := 0
	to := make([]*server, 0, len(c.servers))
	if c.o.Rotate {
		first = int(c.turn.Add(1)) % len(c.servers)
	}
	now := c.now().UnixNano()
	for _, last := range [...]bool{false, true} {
		for i := range c.servers {
			s := c.servers[(first+i)%len(c.servers)]
			if (s.last.Load() > now) == last {
				to = append(to, s)
			}
		}
	}
	return to
}

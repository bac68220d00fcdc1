//go:build !linux

package dnsclient

import (
	"net"
	"net/netip"
	"time"
)

// A socket is a connected UDP socket.
type socket struct{ *net.UDPConn }

// openSocket opens a socket to a server; the kernel gives it a random port.
func openSocket(to netip.AddrPort) (*socket, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	return &socket{conn}, nil
}

func (s *socket) write(b []byte) error {
	_, err := s.Write(b)
	return err
}

// poll never takes a datagram here, since nothing says without waiting whether
// there is one.
func (s *socket) poll([]byte) (n int, there bool, err error) { return 0, false, nil }

// wait makes Read wait until the time.
func (s *socket) wait(until time.Time) error { return s.SetDeadline(until) }

package dnsclient

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A socket is a connected UDP socket. It joins Go's poller only when somebody
// waits for it: most replies of a resolver nearby are there when they are
// first looked for, and the poller costs as much as all the rest.
type socket struct {
	fd   int
	file *os.File // owns fd from wait on
}

// openSocket opens a socket to a server; the kernel gives it a random port.
func openSocket(to netip.AddrPort) (*socket, error) {
	var addr syscall.Sockaddr
	family := syscall.AF_INET
	switch ip := to.Addr(); {
	case ip.Is4():
		addr = &syscall.SockaddrInet4{Port: int(to.Port()), Addr: ip.As4()}
	default:
		family = syscall.AF_INET6
		in6 := &syscall.SockaddrInet6{Port: int(to.Port()), Addr: ip.As16()}
		if ip.Zone() != "" {
			face, err := net.InterfaceByName(ip.Zone())
			if err != nil {
				return nil, err
			}
			in6.ZoneId = uint32(face.Index)
		}
		addr = in6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.Connect(fd, addr); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return &socket{fd: fd}, nil
}

func (s *socket) write(b []byte) error {
	for {
		_, err := syscall.Write(s.fd, b)
		if err != syscall.EINTR {
			return os.NewSyscallError("write", err)
		}
	}
}

// poll takes a datagram if there is one, without waiting. Don't mix it with
// Read.
func (s *socket) poll(b []byte) (n int, there bool, err error) {
	for {
		n, err = syscall.Read(s.fd, b)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, false, nil
		}
		return n, true, os.NewSyscallError("read", err)
	}
}

// wait makes Read wait until the time.
func (s *socket) wait(until time.Time) error {
	if s.file == nil {
		s.file = os.NewFile(uintptr(s.fd), "udp")
	}
	return s.file.SetDeadline(until)
}

// Read takes a datagram; call wait before.
func (s *socket) Read(b []byte) (int, error) { return s.file.Read(b) }

// SetDeadline changes what wait set, from any goroutine.
func (s *socket) SetDeadline(t time.Time) error { return s.file.SetDeadline(t) }

// Close closes it.
func (s *socket) Close() error {
	if s.file != nil {
		return s.file.Close()
	}
	return syscall.Close(s.fd)
}

package milterguard

import (
	"net"
	"syscall"
)

// acknowledger returns what has the system send the acknowledgement that it
// puts off, nil where the connection is not by TCP.
func acknowledger(c net.Conn) func() {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	now := func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) // else it comes later
	}
	return func() { _ = raw.Control(now) } // a closed connection owes nothing
}

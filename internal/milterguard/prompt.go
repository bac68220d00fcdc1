package milterguard

import "net"

// A prompt conn acknowledges what it has read before it waits for more. An MTA
// that was told not to wait for answers writes a message in small pieces; where
// it leaves Nagle's algorithm on, as Postfix does, each piece waits for the
// acknowledgement of the one before, which the system puts off for 40 ms in the
// hope of an answer to send it with.
type prompt struct {
	net.Conn
	acknowledge func()
	owes        bool // since the last read nothing was written
}

// promptly makes a connection a prompt one where the system can do that.
func promptly(c net.Conn) net.Conn {
	if acknowledge := acknowledger(c); acknowledge != nil {
		return &prompt{Conn: c, acknowledge: acknowledge}
	}
	return c
}

// Read implements net.Conn.
func (p *prompt) Read(b []byte) (int, error) {
	if p.owes {
		p.acknowledge()
	}
	n, err := p.Conn.Read(b)
	p.owes = n > 0
	return n, err
}

// Write implements net.Conn. The acknowledgement goes with what is written.
func (p *prompt) Write(b []byte) (int, error) {
	p.owes = false
	return p.Conn.Write(b)
}

package external

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A replyError is a reply that is none.
type replyError struct{ says string }

func (e *replyError) Error() string { return e.says }

func badReply(format string, args ...any) error { return &replyError{fmt.Sprintf(format, args...)} }

// maxReply bounds what a scanner may say.
const maxReply = 1 << 20

// exchange sends what is given, says that this is all, and returns the reply.
func exchange(c net.Conn, request ...[]byte) ([]byte, error) {
	buffers := net.Buffers(request)
	if _, err := buffers.WriteTo(c); err != nil {
		return nil, err
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return nil, err
		}
	}
	reply, err := io.ReadAll(io.LimitReader(c, maxReply+1))
	if err != nil {
		return nil, err
	}
	if len(reply) > maxReply {
		return nil, badReply("the reply is too long")
	}
	return reply, nil
}

// line makes a line of text that a sender may have chosen.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return -1
		}
		return r
	}, s)
}

func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

// number reads a finite number of usual size.
func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && f > -1e6 && f < 1e6
}

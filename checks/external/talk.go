package external

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A replyError is a reply that is none.
type replyError struct{ says string }

func (e *replyError) Error() string { return e.says }

func badReply(format string, args ...any) error { return &replyError{fmt.Sprintf(format, args...)} }

// maxReply bounds what a scanner may say.
const maxReply = 1 << 20

// What one answer says at most.
const (
	maxOptions   = 100
	maxOption    = 1024 // bytes
	longestScore = 1e6
)

// bounded returns an answer that is no larger than a symbol can tell, in printable
// characters: scanners repeat what a sender wrote, and anybody may have written what
// a store holds.
func (a answer) bounded() answer {
	a.Factor = max(-longestScore, min(a.Factor, longestScore))
	list := make([]string, 0, min(len(a.Options), maxOptions))
	for _, o := range a.Options[:min(len(a.Options), maxOptions)] {
		list = append(list, printable(o, maxOption))
	}
	if a.Options != nil {
		a.Options = list
	}
	return a
}

// printable cuts a text, with a mark of it, and makes control characters and what is
// no UTF-8 question marks.
func printable(s string, most int) string {
	cut := len(s) > most
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s[:min(len(s), most)])
	if cut {
		s += "..."
	}
	return s
}

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
	return f, err == nil && f > -longestScore && f < longestScore
}

package mxcheck

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"
)

// maxGreeting bounds what is read of a greeting.
const maxGreeting = 4 << 10

// probe connects to ip and returns the outcome's code.
func (c *check) probe(ctx context.Context, ip netip.Addr) string {
	dialCtx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	conn, err := c.Dial(dialCtx, "tcp", net.JoinHostPort(ip.String(), strconv.Itoa(int(c.Port))))
	if err != nil {
		return connectError(err)
	}
	defer conn.Close()
	if !c.VerifyGreeting {
		return codeGood
	}
	deadline := time.Now().Add(c.ReadTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return codeFailed
	}
	// A context that is canceled ends the reading too.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	code := readGreeting(conn, c.SendQuit)
	if code == codeGood && c.SendQuit {
		io.WriteString(conn, "QUIT\r\n") // whether it arrives does not matter
	}
	return code
}

// connectError tells what a failed connection means.
func connectError(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return codeRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return codeTimeoutConnect
	}
	return codeFailed
}

// readGreeting reads a server's greeting, all lines of it or the first, and
// returns the outcome's code.
func readGreeting(r io.Reader, all bool) string {
	in := bufio.NewReaderSize(io.LimitReader(r, maxGreeting), maxGreeting)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return codeTimeoutRead
			}
			return codeInvalid
		}
		code, more, ok := parseGreeting(line)
		switch {
		case !ok:
			return codeInvalid
		case code[0] == '4', code[0] == '5':
			return codeError + code
		case code != "220":
			return codeInvalid
		case !more || !all:
			return codeGood
		}
	}
}

// parseGreeting reads one line of an SMTP reply (RFC 5321 section 4.2): three
// digits, then nothing, a space, or a dash if more lines follow.
func parseGreeting(line []byte) (code string, more, ok bool) {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) < 3 || !isDigit(line[0]) || !isDigit(line[1]) || !isDigit(line[2]) {
		return "", false, false
	}
	code = string(line[:3])
	if len(line) == 3 {
		return code, false, true
	}
	return code, line[3] == '-', line[3] == '-' || line[3] == ' '
}

package mxcheck_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/relay"
)

// scripted is a world of hosts for fixtures, which have loopback addresses:
// the last number tells how one answers.
func scripted(_ context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	greetings := map[string]string{
		"127.0.0.1": "220 mx.example.org ESMTP\r\n",
		"127.0.0.5": "554 5.7.1 not you\r\n",
		"127.0.0.6": "HTTP/1.1 400 Bad Request\r\n",
		"127.0.0.7": "421-busy\r\n421 later\r\n",
		"::1":       "220-mx6.example.org\r\n220 ready\r\n",
	}
	fail := func(err error) error { return &net.OpError{Op: "dial", Net: network, Err: err} }
	switch g := greetings[host]; {
	case g != "":
		return &conn{Reader: strings.NewReader(g)}, nil
	case host == "127.0.0.2":
		return nil, fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case host == "127.0.0.4":
		return &conn{Reader: silent{}}, nil
	case host == "127.0.0.8":
		return nil, errors.New("too many open files")
	}
	return nil, fail(os.ErrDeadlineExceeded)
}

// A conn is a connection that has its input already.
type conn struct {
	io.Reader
	net.Conn
	sent strings.Builder
}

func (c *conn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.sent.Write(p) }
func (c *conn) Close() error                { return nil }
func (c *conn) SetDeadline(time.Time) error { return nil }

// silent is a server that says nothing until time is up.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func options() mxcheck.Options {
	return mxcheck.Options{
		Dial: scripted, VerifyGreeting: true, SendQuit: true, Loopback: true, IPv6: true,
		ExcludeDomains: []string{"*.trusted.example.net", "Exact.example.net", "*.bücher.example"},
		ExcludeMXs:     []string{"mx?.provider.test", "mx.trap.test"},
		BadMXs:         []mxcheck.BadName{{Pattern: "*.trap.test", Factor: 0.5}, {Pattern: "mx.spammer.test"}},
		BadIPs:         []mxcheck.BadNet{{Net: netip.MustParsePrefix("127.0.9.0/24"), Factor: 2}},
		ExcludeIPs:     []netip.Prefix{netip.MustParsePrefix("127.0.8.0/24"), netip.MustParsePrefix("127.0.9.0/25")},
	}
}

// facts lets fixtures say that mail was relayed.
func facts() *checks.Check {
	return &checks.Check{
		Name: "facts", Doc: "provides the fact", Stage: checks.Early, Priority: 20,
		Provides: []checks.AnyFact{relay.Fact},
		Run:      func(context.Context, *checks.Task) error { return nil },
	}
}

func TestFixtures(t *testing.T) {
	checktest.Run(t, mxcheck.New(options()), checktest.With(facts()))
}

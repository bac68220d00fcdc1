package maddycheck

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"github.com/emersion/go-message/textproto"
)

// A Meta is what the server knows of a message before its first step.
type Meta struct {
	ID       string // the queue's
	Hostname string // HELO
	Addr     net.Addr
	TLS      tls.ConnectionState
	User     string // who logged in, "" for nobody
}

// A Buffer is a message body that can be opened any number of times.
type Buffer interface{ Open() (io.ReadCloser, error) }

// A State is the check of one message. The server calls the steps in this
// order, CheckRcpt for each recipient, and Close at the end in any case.
type State interface {
	CheckConnection(ctx context.Context) Result
	CheckSender(ctx context.Context, from string) Result
	CheckRcpt(ctx context.Context, rcpt string) Result
	CheckBody(ctx context.Context, header textproto.Header, body Buffer) Result
	Close() error
}

// A Result is what a step asks of the server. The zero Result lets the message
// pass.
type Result struct {
	Reason     error // an *SMTPError with Reject or Quarantine
	Reject     bool
	Quarantine bool // into the Junk mailbox
	Header     textproto.Header
}

// An SMTPError is a reply to the client.
type SMTPError struct {
	Code         int
	EnhancedCode [3]int
	Message      string
}

func (e *SMTPError) Error() string { return e.Message }

package main

import (
	"context"
	"io"

	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// A backend is what all SMTP sessions share.
type backend struct {
	scanner *winnow.Scanner
	name    string
	deliver func(from string, msg []byte) error
}

// NewSession notes who is there: the filter wants to know what the dialogue
// tells, not only the message. After STARTTLS go-smtp asks for another one.
func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	state, _ := c.TLSConnectionState()
	client := mail.Envelope{
		ClientIP: mail.AddrOf(c.Conn().RemoteAddr()), Helo: c.Hostname(), TLS: mail.TLSOf(&state), MTAName: b.name,
	}
	return &session{backend: b, client: client, env: client}, nil
}

// A session is one connection; env is the transaction in hand.
type session struct {
	*backend
	client, env mail.Envelope
}

func (s *session) Reset() { s.env = s.client }

func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.env.From, s.env.HasFrom = from, true
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.env.Rcpts = append(s.env.Rcpts, to)
	return nil
}

// Data scans the message and does as the Result says.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	res, err := s.scanner.Scan(context.Background(), &winnow.Message{Envelope: s.env, Body: winnow.FromBytes(raw)})
	if err != nil { // the filter is to blame, not the mail: let the client try again
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Content filter failed"}
	}
	if r := res.Reply; r.Code != 0 {
		return &smtp.SMTPError{Code: r.Code, EnhancedCode: r.EnhancedCode(), Message: r.Text}
	}
	if res.Action == actions.Discard {
		return nil
	}
	tagged, err := winnow.Apply(raw, res.Edits) // where the Result asks for it
	if err != nil {
		return err
	}
	return s.deliver(s.env.From, tagged)
}

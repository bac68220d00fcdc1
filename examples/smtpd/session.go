package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"

	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// A backend is what all SMTP sessions share.
type backend struct {
	scanner   *winnow.Scanner
	name, dir string
}

// NewSession notes who is there: the filter wants to know what the dialogue
// tells, not only the message.
func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s := &session{backend: b}
	s.client.Helo, s.client.MTAName = c.Hostname(), b.name
	if tcp, ok := c.Conn().RemoteAddr().(*net.TCPAddr); ok {
		ip, _ := netip.AddrFromSlice(tcp.IP)
		s.client.ClientIP = ip.Unmap()
	}
	s.Reset()
	return s, nil
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
		return &smtp.SMTPError{Code: r.Code, EnhancedCode: enhanced(r.Enhanced), Message: r.Text}
	}
	if res.Action == actions.Discard {
		return nil
	}
	tagged, err := winnow.Apply(raw, res.Edits) // where the Result asks for it
	if err != nil {
		return err
	}
	return s.deliver(tagged)
}

func (s *session) deliver(msg []byte) error {
	f, err := os.CreateTemp(s.dir, "*.eml")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "Return-Path: <%s>\r\n%s", s.env.From, msg); err != nil {
		return err
	}
	return f.Close()
}

// enhanced reads an enhanced status code (RFC 3463).
func enhanced(code string) (c smtp.EnhancedCode) {
	if _, err := fmt.Sscanf(code, "%d.%d.%d", &c[0], &c[1], &c[2]); err != nil {
		return smtp.NoEnhancedCode
	}
	return c
}

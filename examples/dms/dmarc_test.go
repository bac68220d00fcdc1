package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow/checks/dmarcreport"
)

// relayMail is what a relay took.
type relayMail struct{ from, to, text string }

// A relay takes mail, but for gone@ and later@ any domain.
type relay struct {
	smtp.Session
	mail  relayMail
	taken chan relayMail
}

func (r *relay) NewSession(*smtp.Conn) (smtp.Session, error) { return &relay{taken: r.taken}, nil }
func (r *relay) Reset()                                      {}
func (r *relay) Logout() error                               { return nil }

func (r *relay) Mail(from string, _ *smtp.MailOptions) error {
	if strings.HasPrefix(from, "banned@") {
		return &smtp.SMTPError{Code: 550, Message: "not you"}
	}
	r.mail.from = from
	return nil
}

func (r *relay) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch user, _, _ := strings.Cut(to, "@"); user {
	case "gone":
		return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	case "later":
		return &smtp.SMTPError{Code: 451, Message: "try again"}
	}
	r.mail.to = to
	return nil
}

func (r *relay) Data(body io.Reader) error {
	text, err := io.ReadAll(body)
	r.mail.text = string(text)
	r.taken <- r.mail
	return err
}

func TestReportsAreHandedOver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan relayMail, 1)
	server := smtp.NewServer(&relay{taken: taken})
	server.EnableSMTPUTF8 = true
	go server.Serve(l)
	defer server.Close()
	d := dmarcFlags{email: "postmaster@example.net", organization: "Example", relay: l.Addr().String()}
	m := dmarcreport.Mail{Subject: "Report Domain: example.org", Text: "about\r\n.\r\n", Filename: "r.xml.gz", Data: []byte("\x1f\x8b"), Domain: "example.org", ReportID: "1@example.net"}
	for _, to := range []string{"rua@example.org", "bücher@example.org"} {
		m.To = to
		if err := d.send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := <-taken; got.from != d.email || got.to != to || !strings.Contains(got.text, "From: \"Example\" <postmaster@example.net>\r\n") || !strings.Contains(got.text, "\r\nabout\r\n.\r\n") {
			t.Errorf("the relay has %+v", got)
		}
	}
	m.To = "gone@example.org"
	if err := d.send(t.Context(), m); !errors.Is(err, dmarcreport.ErrRefused) {
		t.Errorf("no such mailbox: %v", err)
	}
	m.To = "later@example.org"
	if err := d.send(t.Context(), m); err == nil || errors.Is(err, dmarcreport.ErrRefused) {
		t.Errorf("another time: %v", err)
	}
	d.email, m.To = "banned@example.net", "rua@example.org"
	if err := d.send(t.Context(), m); err == nil || errors.Is(err, dmarcreport.ErrRefused) {
		t.Errorf("a sender that may not: %v", err)
	}
}

// TestRelayThatHangs: a relay that says nothing holds a report up no longer than
// its context.
func TestRelayThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
			cancel()
			<-t.Context().Done()
		}
	}()
	d := dmarcFlags{email: "postmaster@example.net", relay: l.Addr().String()}
	if err := d.send(ctx, dmarcreport.Mail{To: "rua@example.org"}); err == nil {
		t.Error("sent")
	}
}

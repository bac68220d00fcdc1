// Package maddycheck is winnow as a check in the manner of maddy, whose
// interface the file maddy.go describes in types of its own: an adapter for the
// real server is a few lines of assignments.
//
// The check speaks at every step, so that a client on a DNS list is refused
// before it sends a message. maddy adds header fields on top and can't remove
// any, so of the verdict's edits only the additions are made.
package maddycheck

import (
	"context"

	"github.com/emersion/go-message/textproto"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// A Check is shared by all messages.
type Check struct{ Scanner *winnow.Scanner }

// StateFor begins the check of a message.
func (c *Check) StateFor(meta *Meta) (State, error) {
	session, err := c.Scanner.NewSession(mail.Envelope{
		ClientIP: mail.AddrOf(meta.Addr), Helo: meta.Hostname, TLS: mail.TLSOf(&meta.TLS), User: meta.User, QueueID: meta.ID,
	})
	if err != nil {
		return nil, err
	}
	return &state{session}, nil
}

type state struct{ session *winnow.Session }

func (s *state) CheckConnection(ctx context.Context) Result {
	res, err := s.session.Connect(ctx)
	return result(res, err)
}

func (s *state) CheckSender(ctx context.Context, from string) Result {
	res, err := s.session.MailFrom(ctx, from)
	return result(res, err)
}

func (s *state) CheckRcpt(ctx context.Context, rcpt string) Result {
	res, err := s.session.Rcpt(ctx, rcpt)
	r := result(res, err)
	if r.Reject {
		s.session.DropRcpt()
	}
	return r
}

func (s *state) CheckBody(ctx context.Context, header textproto.Header, body Buffer) Result {
	b, err := body.Open()
	if err != nil {
		return result(nil, err)
	}
	defer b.Close()
	whole, err := mail.Join(header, b)
	if err != nil {
		return result(nil, err)
	}
	res, err := s.session.Data(ctx, &winnow.Message{Body: winnow.FromReader(whole)})
	r := result(res, err)
	if err == nil && !r.Reject {
		if err := winnow.ApplyHeader(&r.Header, res.Edits); err != nil {
			return result(nil, err)
		}
	}
	return r
}

func (s *state) Close() error {
	s.session.Close()
	return nil
}

// result says in maddy's words what a step found.
func result(res *winnow.Result, err error) Result {
	if err != nil { // the filter is to blame, not the mail: let the client try again
		return Result{Reject: true, Reason: &SMTPError{451, [3]int{4, 3, 0}, "Content filter failed"}}
	}
	if r := res.Reply; r.Code != 0 {
		return Result{Reject: true, Reason: &SMTPError{r.Code, r.EnhancedCode(), r.Text}}
	}
	switch res.Action {
	case actions.AddHeader, actions.RewriteSubject, actions.Quarantine, actions.Discard:
		return Result{Quarantine: true, Reason: &SMTPError{554, [3]int{5, 7, 1}, "Spam: " + string(res.Action)}}
	}
	return Result{}
}

package main

import (
	"context"
	"errors"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// deferFlag collects -defer ADDRESS=TEXT: senders whose mail is put off.
type deferFlag struct{ texts map[string]string }

func (f *deferFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (f *deferFlag) Set(s string) error {
	address, text, ok := strings.Cut(s, "=")
	if !ok || address == "" || text == "" {
		return errors.New("not ADDRESS=TEXT")
	}
	if f.texts == nil {
		f.texts = map[string]string{}
	}
	f.texts[mail.AddressKey(address)] = text
	return nil
}

// check puts the senders' mail off before anything else looks at it.
func (f *deferFlag) check() *checks.Check {
	return &checks.Check{
		Name: "defer", Doc: "puts off the mail of senders that the operator names", Stage: checks.Early, Priority: 10,
		Needs: checks.Needs{Phase: checks.MailFrom}, Config: f.texts,
		Run: func(_ context.Context, t *checks.Task) error {
			if text, ok := f.texts[mail.AddressKey(t.Message().EnvelopeFrom().Addr)]; ok {
				t.PreResult(actions.PreResult{Action: actions.SoftReject, Message: text, Check: "defer"})
			}
			return nil
		},
	}
}

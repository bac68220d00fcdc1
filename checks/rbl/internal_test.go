package rbl

import (
	"context"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// askedAbout returns the only question that a list is asked about a text.
func askedAbout(t testing.TB, l List, text string) string {
	t.Helper()
	asked := ""
	st := &checks.State{Message: mail.Parse([]byte("Subject: x\r\n\r\n"+text+"\r\n"), mail.Envelope{}, mail.Limits{})}
	st.DNS = func(*checks.Check) resolver.Resolver {
		return resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			asked += name
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
		})
	}
	for _, c := range New(Options{Lists: []List{l}, NoKnown: true, NoMonitoring: true}).Checks {
		if _, err := st.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return asked
}

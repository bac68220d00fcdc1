package sender

import (
	"context"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func BenchmarkRun(b *testing.B) {
	raw := []byte("From: \"Ann Example\" <ann@example.org>\r\nReply-To: Office <office@example.org>\r\n" +
		"To: Bob <bob@example.net>, carol@example.com\r\nSubject: hello\r\n\r\n")
	env := mail.Envelope{From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}
	family := New().Checks
	b.ReportAllocs()
	for b.Loop() {
		s := &checks.State{Message: mail.Parse(raw, env, mail.Limits{})}
		for _, c := range family {
			if _, err := s.Run(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
}

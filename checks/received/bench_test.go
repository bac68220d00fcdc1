package received

import (
	"context"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func BenchmarkRun(b *testing.B) {
	const hop = "Received: from a.example.org (b.example.org [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits))\r\n" +
		"\tby mx.example.net (Postfix) with ESMTPS id 4F2A for <bob@example.net>;\r\n\tMon,  2 Nov 2026 10:00:00 +0100 (CET)\r\n"
	raw := []byte(strings.Repeat(hop, 6) + "\r\n")
	family := checks.Flatten(New(), NewOnce(OnceOptions{}))
	b.ReportAllocs()
	for b.Loop() {
		s := &checks.State{Message: mail.Parse(raw, mail.Envelope{}, mail.Limits{})}
		for _, c := range family {
			if _, err := s.Run(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
}

package relay

import (
	"net/netip"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func TestPosition(t *testing.T) {
	const raw = "Received: from a.example.org (a.example.org [198.51.100.1]) by b.example.net with ESMTP; Sun, 1 Nov 2026 12:00:00 +0000\r\n" +
		"Received: from c.example.org (c.example.org [198.51.100.2]) by a.example.org with ESMTP; Sun, 1 Nov 2026 11:00:00 +0000\r\n\r\n"
	for _, c := range []struct {
		client string
		count  int
		want   string
	}{
		{"198.51.100.1", 1, "198.51.100.1"}, {"198.51.100.1", 2, "198.51.100.2"}, {"198.51.100.1", 3, ""},
		{"192.0.2.1", 1, ""}, {"192.0.2.1", 2, "192.0.2.1"}, {"192.0.2.1", 3, "198.51.100.1"}, {"192.0.2.1", 4, "198.51.100.2"}, {"192.0.2.1", 5, ""},
	} {
		m := mail.Parse([]byte(raw), mail.Envelope{ClientIP: netip.MustParseAddr(c.client)}, mail.Limits{})
		got := ""
		r := rule{Rule: Rule{Count: c.count}}
		if h := r.findPosition(m.Hops()); h != nil {
			got = h.Seen.IP.String()
		}
		if got != c.want {
			t.Errorf("client %s, count %d: %q, want %q", c.client, c.count, got, c.want)
		}
	}
}

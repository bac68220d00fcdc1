package authres

import (
	"context"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// trust returns what the check takes from a message.
func trust(t *testing.T, o Options, local bool, env mail.Envelope, message string) (h Header, found bool) {
	t.Helper()
	reader := &checks.Check{Name: "reader", Doc: "reads", Requires: checks.Facts(Fact), Run: func(_ context.Context, task *checks.Task) error {
		h, found = Fact.Get(task)
		return nil
	}}
	list := append(New(o).Checks, reader)
	plan, err := checks.NewPlan(nil, list...)
	if err != nil {
		t.Fatal(err)
	}
	raw := strings.ReplaceAll(message, "\n", "\r\n") + "\r\n"
	s := &checks.State{Message: mail.Parse([]byte(raw), env, mail.Limits{}), Local: local}
	for _, c := range list {
		out, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s.Publish(plan, out)
	}
	return h, found
}

func TestTrusted(t *testing.T) {
	const (
		ours   = "Received: from gw.example ([192.0.2.1]) by mx.example with ESMTP; Sun, 1 Nov 2026 12:00:00 +0000\n"
		theirs = "Received: from x.test ([203.0.113.1]) by gw.example with ESMTP; Sun, 1 Nov 2026 12:00:00 +0000\n"
		other  = "Received: from y.test by x.test with ESMTP; Sun, 1 Nov 2026 11:00:00 +0000\n"
		good   = "Authentication-Results: gw.example; spf=pass smtp.mailfrom=a@x.test\n"
		forged = "Authentication-Results: gw.example; spf=pass; dkim=pass header.d=bank.test\n"
	)
	gateway := Options{Trusted: []string{"GW.example"}}
	for _, c := range []struct {
		why     string
		o       Options
		local   bool
		message string
		want    string // "" is no fact
	}{
		{"nobody is trusted", Options{}, true, good, ""},
		{"the gateway's", gateway, true, ours + good + theirs + other, "gw.example; spf=pass smtp.mailfrom=a@x.test"},
		{"no server but the gateway", gateway, true, good + theirs, "gw.example; spf=pass smtp.mailfrom=a@x.test"},
		{"a client from outside", gateway, false, forged, ""},
		{"a network that is named", Options{Trusted: []string{"gw.example"}, Clients: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
			false, good, "gw.example; spf=pass smtp.mailfrom=a@x.test"},
		{"another network", Options{Trusted: []string{"gw.example"}, Clients: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, true, good, ""},
		{"another server's", gateway, true, "Authentication-Results: evil.test; spf=pass\n" + good, "gw.example; spf=pass smtp.mailfrom=a@x.test"},
		{"below a foreign hop", gateway, true, ours + theirs + other + forged, ""},
		{"below a hop that can't be read", gateway, true, "Received: garbage\n" + forged, ""},
		{"the second of one server", gateway, true, ours + good + theirs + forged, "gw.example; spf=pass smtp.mailfrom=a@x.test"},
		{"two servers", Options{Trusted: []string{"gw.example", "in.example"}}, true,
			"Authentication-Results: in.example; dmarc=pass\n" + "Authentication-Results: gw.example; dmarc=fail; spf=pass; spf=none\n",
			"in.example; dmarc=pass; spf=pass; spf=none"},
		{"broken in part", gateway, true, "Authentication-Results: gw.example; spf=; dmarc=pass\n", "gw.example; dmarc=pass"},
		{"says none", gateway, true, "Authentication-Results: gw.example; none\n", "gw.example; none"},
	} {
		h, ok := trust(t, c.o, c.local, mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MTAName: "mx.example"}, c.message)
		if got := h.String(); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: got %v %s, want %q", c.why, ok, got, c.want)
		}
	}
}

func TestTrustedIsData(t *testing.T) {
	h, _ := Parse("mx.example; spf=pass (a) reason=b smtp.helo=c (d)")
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var again Header
	if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again, h) {
		t.Errorf("%s became %+v, %v", data, again, err)
	}
}

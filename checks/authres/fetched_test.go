package authres

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

// fetch returns what is taken from a message that a client hands in, with a rule for
// mail that is fetched from provider.example.
func fetch(t *testing.T, o Options, ip, user, message string) (got string) {
	t.Helper()
	rules := relay.New(relay.Options{Rules: []relay.Rule{{Symbol: "FETCHED", Strategy: relay.Fetched, Names: []string{"provider.example"}}}})
	reader := &checks.Check{Name: "reader", Doc: "reads", Requires: checks.Facts(Fact), Run: func(_ context.Context, task *checks.Task) error {
		if h, ok := Fact.Get(task); ok {
			got = h.String()
		}
		return nil
	}}
	f := New(o)
	if f.Err != nil {
		t.Fatal(f.Err)
	}
	list := append(append(rules.Checks, f.Checks...), reader)
	plan, err := checks.NewPlan(nil, list...)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr(ip)
	env := mail.Envelope{ClientIP: addr, MTAName: "home.example.org", User: user}
	s := &checks.State{
		Message: mail.Parse([]byte(strings.ReplaceAll(message, "\n", "\r\n")+"\r\n"), env, mail.Limits{}),
		Local:   addr.IsLoopback(), IsLocal: netip.Addr.IsLoopback,
	}
	for _, c := range plan.Checks() {
		out, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s.Publish(plan, out)
	}
	return got
}

// TestFetched: of fetched mail the provider's results count where only the provider
// can have written them, and nobody's without a name that the operator gave.
func TestFetched(t *testing.T) {
	const (
		taken  = "Received: from pop.provider.example by home.example.org with IMAP; Sun, 1 Nov 2026 12:00:00 +0000\n"
		inner  = "Received: from mx1.provider.example (mx1.provider.example [192.0.2.20]) by store7.provider.example with LMTP; Sun, 1 Nov 2026 11:00:02 +0000\n"
		border = "Received: from mail.example.net (mail.example.net [198.51.100.7]) by mx1.provider.example with ESMTPS; Sun, 1 Nov 2026 11:00:00 +0000\n"
		before = "Received: from desk by mail.example.net with ESMTPA; Sun, 1 Nov 2026 10:59:00 +0000\n"
		good   = "Authentication-Results: Provider.Example; spf=fail smtp.mailfrom=bob@example.net; dkim=none\n"
		forged = "Authentication-Results: provider.example; spf=pass; dmarc=pass header.from=bank.example\n"
		other  = "Authentication-Results: example.net; spf=pass; dmarc=pass\n"
		result = "Provider.Example; spf=fail smtp.mailfrom=bob@example.net; dkim=none"
	)
	names := Options{Fetched: []string{"provider.example"}}
	for _, c := range []struct {
		why, message, want string
		o                  Options
		ip, user           string
	}{
		{why: "the provider's", message: taken + inner + good + border + before, o: names, want: result},
		{why: "written when it was handed on", message: taken + good + inner + border, o: names, want: result},
		{why: "no hop of the fetching program", message: good + border, o: names, want: result},
		{why: "handed in by a user", message: taken + good + border, o: names, ip: "203.0.113.5", user: "ann", want: result},
		{why: "forged below the border's", message: taken + inner + border + forged + before, o: names},
		{why: "forged below, beside a true one", message: taken + good + border + forged, o: names, want: result},
		{why: "at the end", message: taken + border + before + forged, o: names},
		{why: "another server's above", message: other + taken + good + border, o: names, want: result},
		{why: "only another server's", message: other + taken + border, o: names},
		{why: "no name was given", message: taken + good + border, o: Options{Trusted: []string{"gw.example"}}},
		{why: "nothing was given", message: taken + good + border},
		{why: "not fetched: a client from outside", message: good + border, o: names, ip: "203.0.113.5"},
		{why: "not fetched: no hop of the provider", message: good + before, o: names},
		{why: "a forged hop of the provider below a stranger's", message: "Received: from x.example ([203.0.113.9]) by relay.example with ESMTP; Sun, 1 Nov 2026 11:30:00 +0000\n" + forged + border, o: names},
		{why: "without an id", message: taken + "Authentication-Results: ; spf=pass\n" + border, o: names},
	} {
		if c.ip == "" {
			c.ip = "127.0.0.1"
		}
		if got := fetch(t, c.o, c.ip, c.user, c.message); got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

// TestFetchedAmongTrusted: results of the own gateway come before those of the
// provider.
func TestFetchedAmongTrusted(t *testing.T) {
	const message = "Authentication-Results: gw.example; spf=none\n" +
		"Authentication-Results: provider.example; spf=pass; dmarc=fail\n" +
		"Received: from mail.example.net ([198.51.100.7]) by mx1.provider.example with ESMTPS; Sun, 1 Nov 2026 11:00:00 +0000\n"
	got := fetch(t, Options{Trusted: []string{"gw.example"}, Fetched: []string{"provider.example"}}, "127.0.0.1", "", message)
	if want := "gw.example; spf=none; dmarc=fail"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

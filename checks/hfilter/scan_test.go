package hfilter_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func scanner(t *testing.T, dns resolver.Resolver, o hfilter.Options) *winnow.Scanner {
	t.Helper()
	list := slices.Concat(relay.New(relay.Options{}).Checks, rdns.New().Checks, hfilter.New(o).Checks)
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: list, DNS: resolver.Options{Resolver: dns}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

func parse(t *testing.T, text string) *resolver.Counter {
	t.Helper()
	z, err := zone.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &resolver.Counter{Resolver: z}
}

func names(res *winnow.Result) string {
	var list []string
	for _, s := range res.Symbols {
		list = append(list, s.Name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// What concerns the client is known before the message, and not asked again.
func TestSession(t *testing.T) {
	dns := parse(t, "9.100.51.198.in-addr.arpa PTR dhcp-9.example.org")
	s := scanner(t, dns, hfilter.Options{})
	x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("198.51.100.9"), Helo: "mx.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx := t.Context()
	const client = "HFILTER_HELO_IP_A HFILTER_HELO_NORES_A_OR_MX HFILTER_HOSTNAME_5"
	steps := []struct {
		do   func() (*winnow.Result, error)
		want string
	}{
		{func() (*winnow.Result, error) { return x.Connect(ctx) }, ""},
		{func() (*winnow.Result, error) { return x.MailFrom(ctx, "") }, client},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "a@example.net") }, client},
		{func() (*winnow.Result, error) { return x.Rcpt(ctx, "b@example.net") }, client + " HFILTER_RCPT_BOUNCEMOREONE"},
		{func() (*winnow.Result, error) {
			return x.Data(ctx, &winnow.Message{Body: winnow.FromBytes([]byte("Subject: a\r\n\r\nb"))})
		}, client + " HFILTER_RCPT_BOUNCEMOREONE"},
	}
	for i, step := range steps {
		res, err := step.do()
		if err != nil {
			t.Fatal(err)
		}
		if got := names(res); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	if n := dns.Asked(); n != 4 { // PTR, A, AAAA, MX
		t.Errorf("%d questions", n)
	}
}

// A domain with thousands of mail servers costs what one with a few does.
func TestQuestionsAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "example.org MX %d mx%d.example.org\n", i, i)
	}
	dns := parse(t, text.String())
	s := scanner(t, dns, hfilter.Options{NoHelo: true, NoHostname: true})
	env := mail.Envelope{ClientIP: netip.MustParseAddr("198.51.100.9"), ClientName: "mx.example.org", From: "ann@example.org", HasFrom: true}
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte("\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	h := res.Symbol("HFILTER_FROMHOST_NORESOLVE_MX")
	if n := dns.Asked(); n != 13 || h == nil || len(h.Options) != 5 {
		t.Errorf("%d questions, %+v", n, h)
	}
}

// Of many mail servers the same are looked at, in whatever order DNS gives
// them, and evidence does not repeat thousands of addresses.
func TestManyRecords(t *testing.T) {
	records := []string{}
	for i := range 300 {
		records = append(records, fmt.Sprintf("example.org MX %d mx%d.example.org", i, i), fmt.Sprintf("helo.example.net A 198.51.%d.%d", 100+i/200, i%200))
	}
	var first string
	for range 2 {
		dns := parse(t, strings.Join(records, "\n"))
		s := scanner(t, dns, hfilter.Options{NoHostname: true})
		env := mail.Envelope{
			ClientIP: netip.MustParseAddr("203.0.113.200"), ClientName: "mx.example.org", Helo: "helo.example.net",
			From: "ann@example.org", HasFrom: true,
		}
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte("\r\n"))})
		if err != nil {
			t.Fatal(err)
		}
		dead, other := res.Symbol("HFILTER_FROMHOST_NORESOLVE_MX"), res.Symbol("HFILTER_HELO_IP_A")
		if dead == nil || other == nil || len(other.Evidence[0].Answer) > 200 {
			t.Fatalf("%+v, %+v", dead, other)
		}
		if got := fmt.Sprint(dead.Options); first == "" {
			first = got
		} else if got != first {
			t.Errorf("looked at %s, then at %s", first, got)
		}
		slices.Reverse(records)
	}
}

func TestOptions(t *testing.T) {
	dns := parse(t, "example.net A 198.51.100.7")
	all := hfilter.Options{NoHelo: true, NoHostname: true, NoSender: true, NoRecipients: true, NoLinks: true}
	if list := hfilter.New(all).Checks; len(list) != 0 {
		t.Errorf("%d checks of nothing", len(list))
	}
	all.MessageID = true
	s := scanner(t, dns, all)
	for mid, want := range map[string]string{
		"<1@example.org>":     "HFILTER_MID_NORES_A_OR_MX",
		"<1@example.net>":     "",
		"<1@host>":            "HFILTER_MID_NOT_FQDN",
		"<1@pc.localdomain>":  "",
		"<a@b@example.org>":   "",
		"<1>":                 "",
		"<1@>":                "",
		"2@EXAMPLE.net (mid)": "",
	} {
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Message-ID: " + mid + "\r\n\r\n"))})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(res); got != want {
			t.Errorf("%s: %q, want %q", mid, got, want)
		}
	}
}

func BenchmarkClient(b *testing.B) {
	raw := []byte("From: ann@example.org\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("A text with a link, https://example.org/ and more.\r\n", 40))
	env := mail.Envelope{
		ClientIP: netip.MustParseAddr("198.51.100.9"), ClientName: "outbound-198-51-100-9.mail.example.org", Helo: "outbound.mail.example.org",
		From: "ann@example.org", HasFrom: true,
	}
	z, err := zone.Parse("outbound.mail.example.org A 198.51.100.9\nexample.org A 198.51.100.7")
	if err != nil {
		b.Fatal(err)
	}
	family := hfilter.New(hfilter.Options{}).Checks
	b.ReportAllocs()
	for b.Loop() {
		s := &checks.State{
			Message: mail.Parse(raw, env, mail.Limits{}),
			DNS:     func(*checks.Check) resolver.Resolver { return z },
		}
		for _, c := range family {
			if _, err := s.Run(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
}

package winnow_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// honest is mail that DNS knows only good of.
const honest = "Received: from mx.example.org (mx.example.org [192.0.2.1]) by mx.example.net with ESMTPS id 1 for <b@example.net>; Sun, 22 Nov 2026 11:59:00 +0000\r\n" +
	"From: Ann Lee <a@example.org>\r\nTo: Bob <b@example.net>\r\nReply-To: a@example.org\r\nSubject: the minutes of Monday\r\n" +
	"Date: Sun, 22 Nov 2026 11:58:00 +0000\r\nMessage-ID: <1@example.org>\r\nUser-Agent: Mutt\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n\r\nHello Bob,\r\n\r\nthey are at https://www.example.org/minutes and I hope nothing is missing.\r\n"

const honestZone = `
1.2.0.192.in-addr.arpa PTR mx.example.org
mx.example.org     A   192.0.2.1
mx.example.org     AAAA !nodata
example.org        A   192.0.2.1
example.org        MX  10 mx.example.org
example.org        TXT "v=spf1 mx -all"
_dmarc.example.org TXT "v=DMARC1; p=none"
`

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}

// askedOf scans honest mail with a client that asks the servers.
func askedOf(t *testing.T, profile winnow.Profile, servers ...string) *winnow.Result {
	t.Helper()
	client, err := dnsclient.New(dnsclient.Options{Servers: servers})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	o := winnow.Options{Profile: profile, Timeout: time.Hour, DNS: resolver.Options{Resolver: client}}
	return scan(t, honestly(o), &winnow.Message{Body: winnow.FromBytes([]byte(honest)), Envelope: stranger(), Record: true})
}

func honestly(o winnow.Options) winnow.Options {
	o.Clock = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	o.Seed = func() uint64 { return 7 }
	o.Families = standard.Families(standard.Options{RBL: rbl.Options{NoMonitoring: true}, MX: &mxcheck.Options{IPv6: true}})
	return o
}

// TestDNSIsDown holds that a resolver that is broken, in whatever way, costs an
// honest sender nothing: no symbol counts that is not there without any DNS, and
// the Result says what is wrong.
func TestDNSIsDown(t *testing.T) {
	serve := func(s resolvertest.Script) string { return resolvertest.Serve(t, s).Addr }
	closed := serve(resolvertest.Zone(zone.Must("* !truncated")))
	for name, servers := range map[string][]string{
		"refused":                   {serve(resolvertest.Rcode(dns.RcodeRefused))},
		"server failure":            {serve(resolvertest.Rcode(dns.RcodeServerFailure)), serve(resolvertest.Rcode(dns.RcodeServerFailure))},
		"truncated and then closed": {closed},
		"nobody there":              {closedPort(t)},
		"one refuses, one is away":  {serve(resolvertest.Rcode(dns.RcodeRefused)), closedPort(t)},
		"garbage":                   {serve(resolvertest.Garbage)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, profile := range []winnow.Profile{winnow.Rspamd(), winnow.DMS()} {
				without := scan(t, honestly(winnow.Options{Profile: profile}), &winnow.Message{Body: winnow.FromBytes([]byte(honest)), Envelope: stranger()})
				res := askedOf(t, profile, servers...)
				for _, s := range res.Symbols {
					if s.Score > 0 && !without.Has(s.Name) {
						t.Errorf("%s: %s is held against the sender: %v %v", profile.Name(), s.Name, s.Score, s.Options)
					}
				}
				if !res.DNSDown || !res.Explain().DNSDown || !strings.Contains(string(res.JSON()), `"dns_down":true`) {
					t.Errorf("%s: the result does not say that DNS is down: %s", profile.Name(), res.JSON())
				}
				want := without.Action
				if profile.Name() == "dms" { // it asks for a soft reject
					want = actions.SoftReject
				}
				if res.Score > without.Score || res.Action != want {
					t.Errorf("%s: %v at %v, without DNS %v at %v", profile.Name(), res.Action, res.Score, without.Action, without.Score)
				}
			}
		})
	}
}

// TestDNSIsHalfDown: a server that answers makes up for those that don't.
func TestDNSIsHalfDown(t *testing.T) {
	good := resolvertest.Serve(t, resolvertest.Zone(zone.Must(honestZone))).Addr
	for name, bad := range map[string]string{
		"nobody there": closedPort(t),
		"refused":      resolvertest.Serve(t, resolvertest.Rcode(dns.RcodeRefused)).Addr,
		"truncated":    resolvertest.Serve(t, resolvertest.Zone(zone.Must("* !truncated"))).Addr,
	} {
		for _, servers := range [][]string{{bad, good}, {good, bad}} {
			res := askedOf(t, winnow.DMS(), servers...)
			if res.DNSDown || res.Action == actions.SoftReject || !res.Has("R_SPF_ALLOW") || res.Has("RDNS_DNSFAIL") {
				t.Errorf("%s: %.2000s", name, res.JSON())
			}
		}
	}
}

// Most of the questions have to fail, and "no such record" is an answer.
func TestDNSDownCounts(t *testing.T) {
	for _, c := range []struct {
		names string
		down  bool
	}{
		{"", false}, {"no.example", false}, {"bad.example", true}, {"bad.example a.example", false},
		{"bad.example a.example no.example", false}, {"bad.example bad2.example no.example", true},
		{"bad.example bad.example a.example no.example", false},
	} {
		weighs := asks("asks", true, strings.Fields(c.names)...)
		weighs.Needs.Queries = 10
		o := options(weighs)
		o.DNS = resolver.Options{Resolver: zone.Must("a.example A 192.0.2.1\nbad.example !refused\nbad2.example !network"), SoftRejectOnTimeout: true}
		res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		if res.DNSDown != c.down || (res.Action == actions.SoftReject) != c.down {
			t.Errorf("%q: down %v, action %v", c.names, res.DNSDown, res.Action)
		}
	}
}

// A symbol that only says that an answer is missing has the weight that the
// profile gives it, unless DNS as a whole is down.
func TestNoAnswerCountsWhereDNSWorks(t *testing.T) {
	o := honestly(winnow.Options{Profile: winnow.DMS()})
	o.DNS.Resolver = zone.Must(strings.Replace(honestZone, `example.org        TXT "v=spf1 mx -all"`, "example.org TXT !servfail", 1))
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(honest)), Envelope: stranger()})
	if s := res.Symbol("R_SPF_DNSFAIL"); s == nil || s.Score != 2.5 || res.DNSDown {
		t.Errorf("%s", res.JSON())
	}
}

// A replay knows that DNS was down, and whether that counts is up to the Scanner
// that replays.
func TestReplayOfDNSDown(t *testing.T) {
	res := askedOf(t, winnow.Rspamd(), closedPort(t))
	for _, soft := range []bool{false, true} {
		s := newScanner(t, honestly(winnow.Options{DNS: resolver.Options{Resolver: silence(), SoftRejectOnTimeout: soft}}))
		again, err := res.Transcript.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if !again.DNSDown || (again.Action == actions.SoftReject) != soft || again.Score != res.Score {
			t.Errorf("soft %v: %.2000s", soft, again.JSON())
		}
		closeNow(t, s)
	}
}

// A session is told at Data, by the questions of its transaction and of the
// connection, whoever asked them first.
func TestSessionWithoutDNS(t *testing.T) {
	broken := true
	world := zone.Must("a.example A 192.0.2.1\nb.example A 192.0.2.1")
	dns := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if broken {
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindRefused}
		}
		return world.Lookup(ctx, name, qtype)
	})
	ask := func(name string, ph checks.Phase, names func(t *checks.Task) []string) *checks.Check {
		c := run(name, func(ctx context.Context, t *checks.Task) error {
			for _, n := range names(t) {
				t.Resolver().Lookup(ctx, n, resolver.TypeA)
			}
			return nil
		})
		c.Needs = checks.Needs{DNS: true, Queries: 4, Phase: ph}
		return c
	}
	always := func(names ...string) func(*checks.Task) []string { return func(*checks.Task) []string { return names } }
	o := options(
		ask("client", checks.Connect, always("client.example")),
		ask("sender", checks.MailFrom, func(t *checks.Task) []string { return strings.Fields(t.Envelope().From) }),
		ask("content", checks.Data, always("a.example", "b.example")),
	)
	for _, c := range o.Checks[:2] {
		c.Stage = checks.Early
	}
	o.DNS = resolver.Options{Resolver: dns, SoftRejectOnTimeout: true}
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var got []string
	step := func(res *winnow.Result, err error) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(res.DNSDown, " ", res.Action))
	}
	data := func() { step(x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})) }
	step(x.Connect(t.Context()))
	step(x.MailFrom(t.Context(), "c.example"))
	broken = false
	data() // 2 of 4 failed
	broken = true
	step(x.MailFrom(t.Context(), "c.example d.example e.example"))
	data() // 4 of 6 failed, two of them earlier
	broken = false
	step(x.MailFrom(t.Context(), "f.example"))
	data() // 1 of 4 failed
	if want := "false no action, false no action, false no action, false no action, true soft reject, false no action, false no action"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

package winnow_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/symbols"
)

// asks is a check that asks for the addresses of names, one after the other or
// all at once.
func asks(name string, together bool, names ...string) *checks.Check {
	c := run(name, func(ctx context.Context, t *checks.Task) error {
		var qs []resolver.Question
		for _, n := range names {
			qs = append(qs, resolver.Question{Name: n, Type: resolver.TypeA})
		}
		if together {
			resolver.LookupAll(ctx, t.Resolver(), qs...)
			return nil
		}
		for _, q := range qs {
			t.Resolver().Lookup(ctx, q.Name, q.Type)
		}
		return nil
	})
	c.Needs.DNS, c.Needs.Queries = true, len(names)
	return c
}

// stranger is a client whose mail every check looks at.
func stranger() mail.Envelope {
	return mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.org",
		From: "a@example.org", HasFrom: true, Rcpts: []string{"b@example.net"},
	}
}

// within scans m in a bubble of its own time and returns how long it took and
// the questions that left the scan.
func within(t *testing.T, o winnow.Options, m *winnow.Message) (res *winnow.Result, took time.Duration, asked int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		count := &resolver.Counter{Resolver: o.DNS.Resolver}
		o.DNS.Resolver = count
		s := newScanner(t, o)
		begun := time.Now()
		var err error
		if res, err = s.Scan(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		took, asked = time.Since(begun), count.Asked()
		closeNow(t, s)
	})
	return res, took, asked
}

// slow answers "no such record" to everything after 20 ms.
func slow() resolver.Resolver { return zone.Must("* !delay 20ms") }

func TestFortyQuestionsGoOutTogether(t *testing.T) {
	var each []*checks.Check
	var all []string
	for i := range 20 {
		each = append(each, asks(fmt.Sprint("single", i), false, fmt.Sprintf("n%d.example", i)))
		all = append(all, fmt.Sprintf("m%d.example", i))
	}
	o := options(append(each, asks("many", true, all...), asks("chain", false, "a.example", "b.example", "n3.example"))...)
	o.DNS.Resolver = slow()
	_, took, asked := within(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if took > 50*time.Millisecond || asked != 42 {
		t.Errorf("%d questions took %v", asked, took)
	}
}

// TestStandardChecksAskTogether holds that the built-in checks, whose questions
// partly depend on each other's answers, need few rounds.
func TestStandardChecksAskTogether(t *testing.T) {
	for _, file := range []string{"testdata/spam.eml", "testdata/ham.eml"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o := winnow.Options{DNS: resolver.Options{Resolver: slow()}}
		o.Families = standard.Families(standard.Options{RBL: rbl.Options{NoMonitoring: true}})
		_, took, asked := within(t, o, &winnow.Message{Body: winnow.FromBytes(raw), Envelope: stranger()})
		if took >= 150*time.Millisecond || asked < 5 {
			t.Errorf("%s: %d questions took %v", file, asked, took)
		}
		t.Logf("%s: %d questions, %v", file, asked, took)
	}
}

func TestQuestionIsAskedOncePerScan(t *testing.T) {
	var cs []*checks.Check
	for i := range 12 {
		cs = append(cs, asks(fmt.Sprint("same", i), i%2 == 0, "same.example", "SAME.example."))
	}
	o := options(cs...)
	o.DNS.Resolver = slow()
	if _, took, asked := within(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))}); asked != 1 || took != 20*time.Millisecond {
		t.Errorf("%d questions took %v", asked, took)
	}
}

// silence never answers; it only obeys its context.
func silence() resolver.Resolver {
	return resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		<-ctx.Done()
		return resolver.Answer{}, ctx.Err()
	})
}

func TestSilentResolver(t *testing.T) {
	always := &symbols.Def{Name: "T_ALWAYS", Doc: "test", Weight: 1}
	for _, c := range []struct {
		soft  bool
		score float64
		want  actions.Action
		reply string
	}{
		{false, 0, actions.NoAction, ""},
		{false, 7, actions.AddHeader, ""},
		{true, 0, actions.SoftReject, "timeout processing message"},
		{true, 7, actions.SoftReject, "timeout processing message"},
		{true, 20, actions.Reject, "Spam message rejected"},
		{false, 20, actions.Reject, "Spam message rejected"},
	} {
		o := winnow.Options{DNS: resolver.Options{Resolver: silence(), SoftRejectOnTimeout: c.soft}}
		o.Thresholds = actions.Thresholds{actions.Reject: 15, actions.AddHeader: 6}
		base := run("score", func(_ context.Context, t *checks.Task) error { t.HitFactor(always, c.score); return nil })
		base.Symbols = []*symbols.Def{always}
		o.Families, o.Checks = []*checks.Family{}, append([]*checks.Check{base}, asks("asks", false, "a.example", "b.example"), raise("other", defMore))
		res, took, _ := within(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: stranger()})
		var cut []string
		for _, i := range res.Incomplete {
			cut = append(cut, i.Check+" "+i.Reason)
		}
		if res.Action != c.want || res.Reply.Text != c.reply || !slices.Equal(cut, []string{"asks timeout"}) || res.Score != c.score+2 {
			t.Errorf("%+v: action %q, reply %v, score %v, cut off %q", c, res.Action, res.Reply, res.Score, cut)
		}
		if took > 8*time.Second || took < 7*time.Second {
			t.Errorf("the verdict took %v", took)
		}
	}
}

// TestSilentResolverStandard is the same with the checks that everybody has.
func TestSilentResolverStandard(t *testing.T) {
	raw, err := os.ReadFile("testdata/ham.eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "mx.example.org"} {
		env := stranger()
		env.ClientName = name
		o := winnow.Options{DNS: resolver.Options{Resolver: silence(), SoftRejectOnTimeout: true}}
		o.Families = standard.Families(standard.Options{RBL: rbl.Options{NoMonitoring: true}})
		res, took, _ := within(t, o, &winnow.Message{Body: winnow.FromBytes(raw), Envelope: env})
		t.Logf("took %v, score %.2f, cut off %v", took, res.Score, res.Incomplete)
		if res.Action != actions.SoftReject || took > 8*time.Second || len(res.Incomplete) == 0 {
			t.Errorf("client name %q: action %q after %v, cut off %v", name, res.Action, took, res.Incomplete)
		}
	}
}

// TestFailingDNS holds that failure is not taken for "no such record", and that
// it holds nothing up.
func TestFailingDNS(t *testing.T) {
	o := winnow.Options{DNS: resolver.Options{Resolver: zone.Must("* !servfail"), SoftRejectOnTimeout: true}}
	o.Families = standard.Families(standard.Options{RBL: rbl.Options{NoMonitoring: true}})
	res, took, asked := within(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: stranger()})
	for _, want := range []string{"RDNS_DNSFAIL", "R_SPF_DNSFAIL", "DMARC_DNSFAIL"} {
		if !res.Has(want) {
			t.Errorf("%s is not raised", want)
		}
	}
	for _, wrong := range []string{"R_SPF_NA", "DMARC_NA"} {
		if res.Has(wrong) {
			t.Errorf("%s is raised", wrong)
		}
	}
	if took > 0 || len(res.Incomplete) > 0 || asked == 0 || res.Action != actions.SoftReject || !res.DNSDown {
		t.Errorf("%d questions, %v, action %q, incomplete %v", asked, took, res.Action, res.Incomplete)
	}
}

// TestSessionLooksUpTheNameAtConnect holds that reverse DNS is done while the
// client still greets, and not again.
func TestSessionLooksUpTheNameAtConnect(t *testing.T) {
	o := options(rdns.New().Checks...)
	count := &resolver.Counter{Resolver: zone.Must("")}
	o.DNS.Resolver = count
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	res, err := x.Connect(t.Context())
	if err != nil || !res.Has("RDNS_NONE") || count.Asked() != 1 {
		t.Errorf("at connect: %v, %v; %d questions", res, err, count.Asked())
	}
	res, err = x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if err != nil || !res.Has("RDNS_NONE") || count.Asked() != 1 {
		t.Errorf("at the end: %v, %v; %d questions", res, err, count.Asked())
	}
}

// TestDNSIsReplayed replays scans that asked a server through a DNS client,
// with another resolver in its place.
func TestDNSIsReplayed(t *testing.T) {
	server := resolvertest.Serve(t, resolvertest.Zone(zone.Must(`
1.2.0.192.in-addr.arpa PTR mx.example.org
example.org            TXT "v=spf1 a:half.example.org -all"
half.example.org       A   192.0.2.1
_dmarc.example.org     !servfail
example.org            MX  10 mx.example.org
1.2.0.192.zen.spamhaus.org A 127.0.0.2
`)))
	client, err := dnsclient.New(dnsclient.Options{Servers: []string{server.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	o := winnow.Options{DNS: resolver.Options{Resolver: client}}
	o.Families = standard.Families(standard.Options{RBL: rbl.Options{NoMonitoring: true}})
	s := newScanner(t, o)
	defer closeNow(t, s)
	first, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: stranger(), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"R_SPF_ALLOW", "DMARC_DNSFAIL"} {
		if !first.Has(want) {
			t.Errorf("%s is not raised", want)
		}
	}
	o.DNS.Resolver = silence()
	offline := newScanner(t, o)
	defer closeNow(t, offline)
	again, err := first.Transcript.Replay(t.Context(), offline)
	if err != nil {
		t.Fatal(err)
	}
	first.Took, again.Took = 0, 0
	if !bytes.Equal(first.JSON(), again.JSON()) {
		t.Errorf("scanned\n%s\nreplayed\n%s", first.JSON(), again.JSON())
	}
}

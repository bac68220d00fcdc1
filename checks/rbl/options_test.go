package rbl_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/symbols"
)

func TestOptionsAreValidated(t *testing.T) {
	ok := rbl.List{Symbol: "OK", Zone: "bl.test"}
	with := func(change func(*rbl.List)) rbl.List {
		l := rbl.List{Symbol: "X", Zone: "bl.test"}
		change(&l)
		return l
	}
	for want, l := range map[string]rbl.List{
		`rbl: Lists[1].Symbol: missing, zone "bl.test"`:       with(func(l *rbl.List) { l.Symbol = "" }),
		`rbl: Lists[1].Zone: "" is no domain`:                 with(func(l *rbl.List) { l.Zone = "" }),
		`rbl: Lists[1].Zone: "bl..test" is no domain`:         with(func(l *rbl.List) { l.Zone = "bl..test" }),
		`rbl: Lists[1].Zone: there is no key "dqs"`:           with(func(l *rbl.List) { l.Zone = "{dqs}.bl.test" }),
		`rbl: Lists[1].Zone: the secret of key "odd" is no l`: with(func(l *rbl.List) { l.Zone = "{odd}.bl.test" }),
		`rbl: Lists[1].Checks: "hello" is nothing that can`:   with(func(l *rbl.List) { l.Checks = []rbl.What{"hello"} }),
		`rbl: Lists[1].Selectors: a selector lacks`:           with(func(l *rbl.List) { l.Selectors = []rbl.Selector{{Label: "a"}} }),
		`rbl: Lists[1].Hops: "fast" is no fact`:               with(func(l *rbl.List) { l.Hops.With = []string{"fast"} }),
		`rbl: Lists[1].Codes: a code without symbol`:          with(func(l *rbl.List) { l.Codes = []rbl.Code{{Answers: []string{"127.0.0.2"}}} }),
		`rbl: Lists[1].Codes: C has no answers and no bits`:   with(func(l *rbl.List) { l.Codes = []rbl.Code{{Symbol: "C"}} }),
		`rbl: Lists[1].Codes: C: "127.0.0.%d+": octet 4`:      with(func(l *rbl.List) { l.Codes = []rbl.Code{{Symbol: "C", Answers: []string{"127.0.0.%d+"}}} }),
		`rbl: Lists[1].Codes: C: bits without a bit`:          with(func(l *rbl.List) { l.Codes = []rbl.Code{{Symbol: "C", Bits: []uint32{0}}} }),
		`rbl: Lists[1].Compose: "*.." is no rule`:             with(func(l *rbl.List) { l.Compose = []string{"*.."} }),
		`rbl: Lists[1].Compose: com is not below`:             with(func(l *rbl.List) { l.Compose = []string{"com"} }),
		`rbl: Lists[1].Hash: "crc" is no hash function`:       with(func(l *rbl.List) { l.Hash.Sum = "crc" }),
		`rbl: Lists[1].Hash: "octal" is no format`:            with(func(l *rbl.List) { l.Hash = rbl.Hash{Sum: rbl.MD5, Format: "octal"} }),
		`rbl: Lists[1].Hash: negative length`:                 with(func(l *rbl.List) { l.Hash.Length = -1 }),
		`rbl: Lists[1].Limit: negative`:                       with(func(l *rbl.List) { l.Limit = -1 }),
		`rbl: Lists[1].Symbols: Y is described but never`:     with(func(l *rbl.List) { l.Symbols = []symbols.Def{{Name: "Y"}} }),
		`rbl: Lists[1].Symbol: another list has "OK" too`:     with(func(l *rbl.List) { l.Symbol = "OK" }),
	} {
		o := rbl.Options{Lists: []rbl.List{ok, l}, Keys: map[string]string{"odd": "s3cr.et"}}
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("want %q, got %v", want, err)
		}
		if _, err := winnow.New(winnow.Options{Families: []*checks.Family{rbl.New(o)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: want %q, got %v", want, err)
		}
	}
	all := rbl.Options{
		Lists: rbl.Replace(rbl.Default(), rbl.SpamhausDQS()...),
		More:  append(rbl.Abusix(), rbl.Optional()...),
		Keys:  map[string]string{rbl.DQSKey: "k1", rbl.AbusixKey: "k2"},
	}
	if err := all.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range rbl.New(all).Checks {
		for _, d := range c.Symbols {
			if d.Doc == "" || len(d.Groups) == 0 {
				t.Errorf("%s: no doc or no group", d.Name)
			}
		}
	}
}

// hits formats what a check raises for the big message.
func hits(t *testing.T, o rbl.Options, dns resolver.Resolver) string {
	o.NoMonitoring = true
	raised, _ := run(t, rbl.New(o).Checks, bigMail(2), dns)
	var all []string
	for _, h := range raised {
		all = append(all, h.Def.Name+" "+strings.Join(h.Options, ","))
	}
	return strings.Join(all, "; ")
}

func TestListFields(t *testing.T) {
	z := zone.Must(`
*.bl.test A 127.0.0.2
www.shop0.example0.com A 198.51.100.9
www.shop0.example0.com AAAA 2001:db8::9
9.100.51.198.zen.test A 127.0.0.4
`)
	for _, tc := range []struct {
		list rbl.List
		want string
	}{
		{rbl.List{}, "L 192.0.2.1:from"},
		{rbl.List{NoIPv4: true}, ""},
		{rbl.List{Prefixes: map[rbl.What]string{rbl.From: "RBL"}}, "RBL_L 192.0.2.1:from"},
		{rbl.List{Checks: []rbl.What{rbl.Received}}, "L 198.51.100.7:received; L 198.51.100.8:received"},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Limit: 1}, "L 198.51.100.7:received"},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Hops: rbl.Hops{Min: 2}}, "L 198.51.100.8:received"},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Hops: rbl.Hops{Min: -1}}, "L 198.51.100.8:received"},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Hops: rbl.Hops{Max: -2}}, "L 198.51.100.7:received"},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Hops: rbl.Hops{With: []string{"ssl"}}}, ""},
		{rbl.List{Checks: []rbl.What{rbl.Received}, Hops: rbl.Hops{Max: 1, Without: []string{"ssl", "authenticated"}}}, "L 198.51.100.7:received"},
		{rbl.List{Checks: []rbl.What{rbl.URLs}}, "L example0.com:url; L example1.com:url"},
		{rbl.List{Checks: []rbl.What{rbl.URLs}, FullHost: true, Limit: 1}, "L www.shop0.example0.com:url"},
		{rbl.List{Checks: []rbl.What{rbl.URLs}, Compose: []string{"example0.com", "*.example1.com"}, Limit: 5}, "L shop0.example0.com:url; L www.shop1.example1.com:url"},
		{rbl.List{Checks: []rbl.What{rbl.URLs}, Compose: []string{"www.shop0.example0.com", "!shop1.example1.com", "*.example1.com"}}, "L www.shop0.example0.com:url; L example1.com:url"},
		{rbl.List{Checks: []rbl.What{rbl.Emails}, Limit: 1}, "L sales.shop.firm0.net:email"},
		{rbl.List{Checks: []rbl.What{rbl.Emails}, DomainOnly: true, Limit: 1}, "L firm0.net:email"},
		{rbl.List{Checks: []rbl.What{rbl.Emails}, Delimiter: "_at_", Limit: 1}, "L sales_at_shop.firm0.net:email"},
		{rbl.List{Checks: []rbl.What{rbl.HELO, rbl.EnvelopeFrom}, DomainOnly: true}, "L mail.sender.example.net:helo; L sender.example.net:from_smtp"},
		{rbl.List{Codes: []rbl.Code{{Symbol: "C", Answers: []string{"127.0.0.3"}}}}, ""},
		{rbl.List{Codes: []rbl.Code{{Symbol: "C", Answers: []string{"127.0.0.3"}}}, Unknown: true}, "L 192.0.2.1:from:127.0.0.2"},
		{rbl.List{Selectors: []rbl.Selector{{Label: "mine", Values: func(*checks.Task) []string { return []string{"a.b", "", "a.b"} }}}}, "L a.b:mine"},
		{rbl.List{Zone: "zen.test", Checks: []rbl.What{rbl.URLs}, FullHost: true, ResolveIP: true}, "L 198.51.100.9:www.shop0.example0.com:url"},
	} {
		tc.list.Symbol = "L"
		if tc.list.Zone == "" {
			tc.list.Zone = "bl.test"
		}
		if got := hits(t, rbl.Options{Lists: []rbl.List{tc.list}, NoKnown: true}, z); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.list, got, tc.want)
		}
	}
}

// TestContentURLs: lists are asked about links of documents if they want them,
// and the lists that are built in do not.
func TestContentURLs(t *testing.T) {
	const message = `Content-Type: multipart/mixed; boundary=b

--b

see http://text.example.com/ and http://192.0.2.3/
--b
Content-Type: application/pdf; name=a.pdf

%PDF-1.4
1 0 obj <</A<</S/URI/URI(http://www.example.net/)>>>> endobj
2 0 obj <</A<</S/URI/URI(http://192.0.2.4/)>>>> endobj
3 0 obj <</A<</S/URI/URI(http://text.example.com/)>>>> endobj
--b--
`
	z := zone.Must("*.bl.test A 127.0.0.2\n")
	for _, tc := range []struct {
		of   []rbl.What
		noIP bool
		want string
	}{
		{[]rbl.What{rbl.URLs}, false, "example.com:url 3.2.0.192:url"},
		{[]rbl.What{rbl.ContentURLs}, false, "example.net:url 4.2.0.192:url"},
		{[]rbl.What{rbl.ContentURLs}, true, "example.net:url"},
		{[]rbl.What{rbl.URLs, rbl.ContentURLs}, false, "example.com:url 3.2.0.192:url example.net:url 4.2.0.192:url"},
		{[]rbl.What{rbl.NumericURLs}, false, "3.2.0.192:url"},
		{[]rbl.What{rbl.NumericURLs, rbl.ContentURLs}, false, "3.2.0.192:url 4.2.0.192:url"},
		{[]rbl.What{rbl.Emails}, false, ""},
	} {
		l := rbl.List{Symbol: "L", Zone: "bl.test", Checks: tc.of, NoIP: tc.noIP}
		raised, _ := run(t, rbl.New(rbl.Options{Lists: []rbl.List{l}, NoKnown: true, NoMonitoring: true}).Checks, mail.Parse([]byte(message), mail.Envelope{}, mail.Limits{}), z)
		var got []string
		for _, h := range raised {
			got = append(got, h.Options...)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%v: %v, want %s", tc.of, got, tc.want)
		}
	}
	for _, l := range rbl.Default() {
		if slices.Contains(l.Checks, rbl.ContentURLs) {
			t.Errorf("%s is asked about documents", l.Symbol)
		}
	}
}

// TestEachListGetsItsShare: with many URLs all lists ask equally much, and the
// client is always asked about.
// TestResolvedAddressesAreBounded: a name with thousands of addresses costs
// what one with a few does.
func TestResolvedAddressesAreBounded(t *testing.T) {
	var asked atomic.Int64
	dns := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if strings.HasSuffix(name, ".zen.test") {
			asked.Add(1)
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
		}
		var a resolver.Answer
		for i := range 4000 {
			ip := netip.AddrFrom4([4]byte{198, name[8], byte(i >> 8), byte(i)}) // www.shopN
			a.Records = append(a.Records, resolver.Record{Name: name, Type: resolver.TypeA, IP: ip})
		}
		return a, nil
	})
	l := rbl.List{Symbol: "L", Zone: "zen.test", Checks: []rbl.What{rbl.URLs}, FullHost: true, ResolveIP: true, Limit: 40}
	run(t, rbl.New(rbl.Options{Lists: []rbl.List{l}, NoMonitoring: true}).Checks, bigMail(9), dns)
	if n := asked.Load(); n != 40 {
		t.Errorf("%d questions about addresses, want 40", n)
	}
}

func TestEachListGetsItsShare(t *testing.T) {
	zones := map[string]int{}
	dns := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		_, z, _ := strings.Cut(name, ".bl.")
		zones[z]++
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	})
	lists := []rbl.List{
		{Symbol: "A", Zone: "bl.a", Checks: []rbl.What{rbl.URLs}}, {Symbol: "B", Zone: "bl.b", Checks: []rbl.What{rbl.URLs}},
		{Symbol: "C", Zone: "bl.c"},
	}
	var serial resolver.Func = func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		return dns(ctx, name, qtype)
	}
	run(t, rbl.New(rbl.Options{Lists: lists, MaxQueries: 21, NoMonitoring: true}).Checks, bigMail(100), locked(serial))
	if zones["a"] != 10 || zones["b"] != 10 || zones["c"] != 1 {
		t.Errorf("asked %v", zones)
	}
}

// locked asks one question at a time.
func locked(r resolver.Resolver) resolver.Resolver {
	gate := make(chan struct{}, 1)
	return resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		gate <- struct{}{}
		defer func() { <-gate }()
		return r.Lookup(ctx, name, qtype)
	})
}

// TestOverTheWire asks a real server.
func TestOverTheWire(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"1.2.0.192.zen.spamhaus.org.": "127.0.0.4", "mail.sender.example.net.dbl.spamhaus.org.": "127.0.1.2",
		"7.100.51.198.list.dnswl.org.": "127.0.9.3", "7.100.51.198.zen.spamhaus.org.": "127.0.0.2",
	}
	ready := make(chan struct{})
	server := &dns.Server{PacketConn: pc, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if ip := answers[strings.ToLower(q.Question[0].Name)]; ip != "" {
			rr, _ := dns.NewRR(fmt.Sprintf("%s 60 IN A %s", q.Question[0].Name, ip))
			m.Answer = append(m.Answer, rr)
		} else {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	<-ready
	defer func() { _ = server.Shutdown() }()
	client, err := dnsclient.New(dnsclient.Options{Servers: []string{pc.LocalAddr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dns := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		return client.Lookup(ctx, name, qtype)
	})
	want := "RBL_SPAMHAUS_XBL 192.0.2.1:from; RCVD_IN_DNSWL_HI 198.51.100.7:received; DBL_SPAM mail.sender.example.net:helo"
	if got := hits(t, rbl.Options{}, dns); got != want {
		t.Errorf("raised %s, want %s", got, want)
	}
}

package rbl_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// TestClientIsJudgedAtConnect: what lists say of the client is known when it
// connects, white lists are heeded, and at DATA nothing is asked or raised
// twice.
func TestClientIsJudgedAtConnect(t *testing.T) {
	w := &world{}
	w.set(`
1.2.0.192.zen.spamhaus.org A 127.0.0.4
1.2.0.192.bl.spameatingmonkey.net A 127.0.0.2
2.2.0.192.zen.spamhaus.org A 127.0.0.4
2.2.0.192.list.dnswl.org A 127.0.5.3
7.100.51.198.zen.spamhaus.org A 127.0.0.4
`)
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{rbl.New(rbl.Options{NoMonitoring: true})}, DNS: resolver.Options{Resolver: w}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	for ip, want := range map[string][2]string{
		"192.0.2.1": {"RBL_SPAMHAUS_XBL RBL_SEM", "RBL_SPAMHAUS_XBL RBL_SEM RECEIVED_SPAMHAUS_XBL"},
		"192.0.2.2": {"", "RECEIVED_SPAMHAUS_XBL RCVD_IN_DNSWL_HI"},
	} {
		before := len(w.questions())
		x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr(ip)})
		if err != nil {
			t.Fatal(err)
		}
		begin, err := x.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.MailFrom(t.Context(), "ann@sender.example"); err != nil {
			t.Fatal(err)
		}
		end, err := x.Data(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Received: from a (a [198.51.100.7]) by b; Sun, 1 Nov 2026 11:00:00 +0000\r\n\r\nx\r\n"))})
		if err != nil {
			t.Fatal(err)
		}
		x.Close()
		for i, res := range []*winnow.Result{begin, end} {
			var names []string
			for _, s := range res.Symbols {
				names = append(names, s.Name)
			}
			if got := strings.Join(names, " "); got != want[i] {
				t.Errorf("%s, step %d: %s, want %s", ip, i, got, want[i])
			}
		}
		asked := w.questions()[before:]
		slices.Sort(asked)
		if n := len(asked); n != len(slices.Compact(asked)) {
			t.Errorf("%s: a question went out twice: %v", ip, asked)
		}
	}
}

// TestSharedSymbols: a symbol that a list of the client and a list of the
// message raise belongs to the message.
func TestSharedSymbols(t *testing.T) {
	both := []rbl.Code{{Symbol: "BOTH", Answers: []string{"127.0.0.2"}}}
	family := rbl.New(rbl.Options{NoMonitoring: true, Lists: []rbl.List{
		{Symbol: "A", Zone: "a.test", Codes: both},
		{Symbol: "B", Zone: "b.test", Codes: both, Checks: []rbl.What{rbl.Received}},
		{Symbol: "C", Zone: "c.test"},
	}}).Checks
	var names []string
	for _, c := range family {
		for _, d := range c.Symbols {
			names = append(names, c.Name+" "+d.Name)
		}
	}
	want := []string{"rbl-client C", "rbl-client C_FAIL", "rbl BOTH", "rbl A_FAIL", "rbl B_FAIL"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

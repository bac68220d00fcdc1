package mxcheck_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// TestRspamdCases are Rspamd's own functional tests of its module, over their
// DNS records; its dummy servers are here what they do.
func TestRspamdCases(t *testing.T) {
	dns := shared.RspamdZone(t, "mx_check-dns.conf")
	servers := map[string]string{
		"127.0.0.2": "220-greeting\r\n", "127.0.0.3": "550 no\r\n", "127.0.0.4": "rubbish\r\n", "127.0.0.6": "220-a\r\n220-b\r\n220 c\r\n",
	}
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		switch {
		case servers[host] != "":
			return &conn{Reader: strings.NewReader(servers[host])}, nil
		case host == "127.0.0.5" || host == "127.0.0.1" && address == "127.0.0.1:26":
			return &conn{Reader: silent{}}, nil
		}
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	plain := mxcheck.Options{
		Dial: dial, Loopback: true, NoFrom: true, NoReplyTo: true,
		ExcludeMXs: []string{"mail.trusted.test"}, ExcludeIPs: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")},
		BadMXs: []mxcheck.BadName{{Pattern: "trapmx.bad.test"}}, BadIPs: []mxcheck.BadNet{{Net: netip.MustParsePrefix("1.2.3.4/32")}},
	}
	greeting := plain
	greeting.VerifyGreeting = true
	silence := greeting
	silence.Port = 26
	quit := greeting
	quit.SendQuit = true
	strict := plain
	strict.Loopback = false
	right, all := 0, 0
	for _, c := range []struct {
		from string
		opt  mxcheck.Options
		want string // symbols, "!" before those that must not be there
	}{
		{"nullmx", plain, "MX_NULL !MX_NONE"},
		{"nxdmx", plain, "MX_NONE"},
		{"brokenmx", plain, "MX_BROKEN"},
		{"refused", plain, "MX_REFUSED"},
		{"amxmiss", plain, "MX_A_REFUSED"},
		{"noaddr", plain, "MX_NONE"},
		{"localmx", plain, "MX_LOCAL_ONLY"},
		{"bogonmx", plain, "MX_BOGON_ONLY"},
		{"trustedmx", plain, "MX_WHITE !MX_INVALID"},
		{"skipmx", plain, "MX_SKIP !MX_INVALID"},
		{"badmx", plain, "MX_BAD !MX_INVALID"},
		{"badipmx", plain, "MX_IP_BAD !MX_INVALID"},
		{"greetingsmtp", greeting, "MX_GOOD !MX_TIMEOUT_READ"},
		{"errorsmtp", greeting, "MX_ERROR MX_GOOD"},
		{"messysmtp", greeting, "MX_INVALID"},
		{"silentsmtp", silence, "MX_TIMEOUT_READ"},
		{"multigreetsmtp", quit, "MX_GOOD"},
		{"slowsmtp", quit, "MX_TIMEOUT_READ"},
		{"selfmx", strict, "MX_LOCAL_ONLY !MX_BOGON_ONLY !MX_INVALID"},
	} {
		st := &checks.State{
			Message: mail.Parse([]byte("\r\n"), mail.Envelope{From: "test@" + c.from + ".test", HasFrom: true}, mail.Limits{}),
			DNS:     func(*checks.Check) resolver.Resolver { return dns },
		}
		out, err := st.Run(t.Context(), mxcheck.New(c.opt).Checks[0])
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, h := range out.Hits {
			names = append(names, h.Def.Name)
		}
		for _, want := range strings.Fields(c.want) {
			all++
			name, absent := strings.CutPrefix(want, "!")
			if slices.Contains(names, name) == absent {
				t.Errorf("%s: want %s, have %v", c.from, want, names)
				continue
			}
			right++
		}
	}
	t.Logf("%d of %d expectations", right, all)
}

package greylist_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestBesideRspamd has an Rspamd 3.4 and a scanner on one redis-server: what one
// puts off the other puts off, too, and lets through when it comes again in time.
func TestBesideRspamd(t *testing.T) {
	server := redistest.Start(t)
	theirs := rspamdtest.Start(t, server.Addr, []string{"greylist"}, "greylist { }", `
rspamd_config:register_symbol{name = "BAD", type = "normal", score = 5, callback = function(task)
  return tostring(task:get_rawbody()):find("bad") ~= nil
end}`)
	w := on(t, redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true}), -1, time.Now())
	// Each says its action and the beginning of GREYLIST's options, if any.
	ours := func(text string) string {
		res := w.scan(text)
		if s := res.Symbol("GREYLIST"); s != nil {
			return string(res.Action) + " " + s.Options[0]
		}
		return string(res.Action)
	}
	rspamds := func(text string) string {
		a := theirs.Scan([]byte("From: ann@example.org\r\nSubject: hello\r\n\r\n"+text+"\r\n"), map[string]string{
			"IP": w.env.ClientIP.String(), "From": w.env.From, "Rcpt": strings.Join(w.env.Rcpts, ","),
		})
		if s, ok := a.Symbols["GREYLIST"]; ok && len(s.Options) > 0 {
			return a.Action + " " + s.Options[0]
		}
		return a.Action
	}
	// later has six minutes pass for all that the server knows.
	later := func() {
		for _, key := range strings.Fields(server.Must("KEYS", "rg*")) {
			n, err := strconv.ParseInt(server.Must("GET", key), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			server.Must("SET", key, fmt.Sprint(n-6*60), "KEEPTTL")
		}
	}
	const putOff, passed = "soft reject greylisted", "no action pass"
	for _, mine := range []bool{true, false} {
		first, second := ours, rspamds
		if !mine {
			first, second = rspamds, ours
		}
		for what, change := range map[string]func(){
			"plain":              func() {},
			"several recipients": func() { w.env.Rcpts = []string{"Zed@Example.com", "bob@example.com"} },
			"the null sender":    func() { w.env.From = "" },
			"IPv6":               func() { w.env.ClientIP = netip.MustParseAddr("2001:db8:1:2:3::1") },
		} {
			server.Must("FLUSHALL")
			env := w.env
			change()
			if got := first("bad"); got != putOff {
				t.Errorf("%s, first by us %v: %s", what, mine, got)
			}
			if got := second("bad"); got != putOff {
				t.Errorf("%s, first by us %v: at once the other says %s", what, mine, got)
			}
			later()
			for _, scan := range []func(string) string{second, first} {
				if got := scan("bad"); got != passed {
					t.Errorf("%s, first by us %v: in time %s", what, mine, got)
				}
			}
			w.env = env
		}
	}
	if got := []string{ours("fine"), rspamds("fine")}; got[0] != string(actions.NoAction) || got[1] != got[0] {
		t.Errorf("mail that nobody suspects: %q", got)
	}
}

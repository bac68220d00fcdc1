package reputation_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/storage/redis"
)

// theirRules are peers' as Rspamd has them in its section.
const theirRules = `
reputation { rules {
  rep { selector "ip" { outbound = true; } backend "redis" { } symbol = "REP"; }
  gen { selector "generic" { selector = "header('X')"; } backend "redis" { buckets = [{ time = 3600; name = "1h"; mult = 1.0; }, { time = 86400; name = "1d"; mult = 1.0; }]; prefix = "RG:"; } symbol = "GEN"; }
} }
group "reputation" { symbols { REP_HAM { weight = 1.0; } REP_SPAM { weight = 2.0; } GEN { weight = 3.0; } GIVEN { weight = 1.0; } } }
`

func peers() []reputation.Rule {
	both := new(true)
	return []reputation.Rule{
		{Kind: reputation.IP, Symbol: "REP", Weight: 2, HamWeight: 1, Outbound: both},
		{
			Kind: reputation.Generic, Symbol: "GEN", Weight: 3, Select: "header('X')", Prefix: "RG:",
			Windows: []reputation.Window{{Name: "1h", Span: time.Hour}, {Name: "1d", Span: 24 * time.Hour}},
		},
	}
}

// TestBesideRspamd has an Rspamd 3.4 and a scanner on one redis-server: what one
// learned counts for the other, and comes to the same symbols and scores.
func TestBesideRspamd(t *testing.T) {
	server := redistest.Start(t)
	theirs := rspamdtest.Start(t, server.Addr, []string{"reputation"}, theirRules, `
rspamd_config:register_symbol{ name = "GIVEN", score = 1.0, callback = function(task)
  local p = tonumber(task:get_header('Points') or '')
  if p then task:insert_result('GIVEN', p) end
end }`)
	store, err := redis.Open(t.Context(), redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ours := open(t, store, peers()...)
	inTheirs := func(header string) map[string]string {
		raw := "From: ann@example.org\r\n" + strings.ReplaceAll(header, "\n", "\r\n") + "\r\nhello\r\n"
		env := from("192.0.2.7")
		found := map[string]string{}
		for name, s := range theirs.Scan([]byte(raw), map[string]string{"IP": env.ClientIP.String(), "From": env.From, "Rcpt": env.Rcpts[0], "Helo": env.Helo}).Symbols {
			found[name] = fmt.Sprintf("%.2f %q", s.Score, s.Options)
		}
		return found
	}
	inOurs := func(header string) map[string]string {
		found := map[string]string{}
		for _, s := range scan(t, ours, from("192.0.2.7"), header).Symbols {
			found[s.Name] = fmt.Sprintf("%.2f %q", s.Score, s.Options)
		}
		return found
	}
	for _, points := range []float64{-6, 25} {
		server.Must("FLUSHALL")
		header := fmt.Sprintf("Points: %v\nX: x\n", points)
		for i := range 10 { // by turns
			if i%2 == 0 {
				inTheirs(header)
			} else {
				inOurs(header)
			}
		}
		counts := func() string {
			// Rspamd learns after it has answered.
			redistest.Await(t, "both have learned", func() bool {
				return server.Must("HGET", "RR:i:192.0.2.7", "n") == "10" && server.Must("HGET", "RG:x", "n") == "10"
			})
			return server.Must("HGET", "RR:i:192.0.2.7", "v1m")
		}
		if got := counts(); math.Abs(parse(t, got)-points) > 0.01 {
			t.Errorf("the average is %s, want %v", got, points)
		}
		if keys := strings.Fields(server.Must("KEYS", "*")); len(keys) != 2 {
			t.Errorf("the keys are %q", keys)
		}
		frozenOurs := open(t, frozen{store}, peers()...)
		ourSymbols := map[string]string{}
		for _, s := range scan(t, frozenOurs, from("192.0.2.7"), "X: x\n").Symbols {
			ourSymbols[s.Name] = fmt.Sprintf("%.2f %q", s.Score, s.Options)
		}
		theirSymbols := inTheirs("X: x\n")
		for _, name := range []string{"REP_HAM", "REP_SPAM", "GEN"} {
			a, b := ourSymbols[name], theirSymbols[name]
			if name == "GEN" { // Rspamd writes more digits than two runs share
				a, _, _ = strings.Cut(a, " ")
				b, _, _ = strings.Cut(b, " ")
			}
			if a != b {
				t.Errorf("points %v: %s: ours %s, theirs %s", points, name, a, b)
			}
		}
		if ourSymbols["GEN"] == "" || len(ourSymbols) != 2 {
			t.Errorf("points %v: %v", points, ourSymbols)
		}
	}
	if ttl := server.Must("TTL", "RR:i:192.0.2.7"); !strings.HasPrefix(ttl, "86") {
		t.Errorf("TTL %s", ttl)
	}
}

func parse(t *testing.T, s string) (f float64) {
	t.Helper()
	if _, err := fmt.Sscan(s, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

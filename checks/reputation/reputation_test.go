package reputation_test

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/symbols"
)

var given = &symbols.Def{Name: "GIVEN", Doc: "for the test", Weight: 1}

// world gives each message the score, and what other checks say of it, that its
// header names.
var world = &checks.Check{
	Name: "world", Doc: "gives points", Symbols: []*symbols.Def{given, dkim.Trace, dkim.Allow, spf.Allow}, Provides: []checks.AnyFact{asn.Fact, spf.Fact},
	Run: func(_ context.Context, t *checks.Task) error {
		h := t.Message().Header()
		if points, err := strconv.ParseFloat(h.Value("Points"), 64); err == nil {
			t.HitFactor(given, points)
		}
		if n, country, ok := strings.Cut(h.Value("Net"), " "); ok {
			number, _ := strconv.ParseUint(n, 10, 32)
			asn.Fact.Set(t, asn.Result{ASN: uint32(number), Country: country})
		}
		if trace := h.Value("Trace"); trace != "" {
			t.Hit(dkim.Trace, strings.Fields(trace)...)
			t.Hit(dkim.Allow)
		}
		if record := h.Value("Record"); record != "" {
			spf.Fact.Set(t, spf.Result{Status: spf.StatusPass, Domain: "example.org", Record: record})
			t.Hit(spf.Allow)
		}
		if h.Value("Final") != "" {
			t.PreResult(actions.PreResult{Action: actions.Reject})
		}
		return nil
	},
}

func open(t testing.TB, store storage.Store, rules ...reputation.Rule) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{reputation.New(reputation.Options{Rules: rules})}, Checks: []*checks.Check{world}, Store: store, StoreBudget: time.Minute, Timeout: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func memory() storage.Store { return storage.NewMemory(storage.MemoryOptions{}) }

func from(ip string) mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr(ip), Helo: "mx.example.org", From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}
}

// scan scans a message and replays that.
func scan(t testing.TB, s *winnow.Scanner, env mail.Envelope, header string) *winnow.Result {
	t.Helper()
	head, body, _ := strings.Cut(header, "\n\n")
	raw := "From: ann@example.org\r\n" + strings.ReplaceAll(strings.TrimSuffix(head, "\n")+"\n\n"+body, "\n", "\r\n") + "\r\n"
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw)), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || len(again.Unrecorded) > 0 || again.Score != res.Score || len(again.Symbols) != len(res.Symbols) {
		t.Errorf("the replay says %+v, %v", again, err)
	}
	return res
}

// is checks the score and the option of a symbol; a score of 0 stands for none.
func is(t *testing.T, res *winnow.Result, name string, score float64, option string) {
	t.Helper()
	got := res.Symbol(name)
	switch {
	case score == 0 && got != nil:
		t.Errorf("%s is raised: %+v", name, got)
	case score == 0:
	case got == nil:
		t.Errorf("%s is not raised", name)
	case math.Abs(got.Score-score) > 0.002 || !slices.Equal(got.Options, []string{option}):
		t.Errorf("%s: %v %q, want %v %q", name, got.Score, got.Options, score, option)
	}
	if len(res.Incomplete) > 0 {
		t.Errorf("incomplete: %v", res.Incomplete)
	}
}

// formula is the reputation of an average under a threshold of 15.
func formula(average float64) float64 { return math.Tanh(average/15*1.83178 - 0.5493) }

func rules() []reputation.Rule {
	return []reputation.Rule{{Kind: reputation.IP, Symbol: "REP", Weight: 2, HamWeight: 3}}
}

// TestLife is that of a client: unknown, good, bad, forgotten.
func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, memory(), rules()...)
		defer s.Close(t.Context())
		for range 10 {
			res := scan(t, s, from("192.0.2.7"), "Points: -3\n")
			is(t, res, "REP_HAM", 0, "")
			is(t, res, "REP_SPAM", 0, "")
			time.Sleep(time.Minute)
		}
		good := scan(t, s, from("192.0.2.7"), "Points: -3\n")
		is(t, good, "REP_HAM", 3*formula(-3), fmt.Sprintf("ip: 192.0.2.7(%.2f)", formula(-3)))
		is(t, scan(t, s, from("192.0.2.8"), "Points: -3\n"), "REP_HAM", 0, "")
		// Its own share is not learned: the average is still that of the points.
		is(t, scan(t, s, from("192.0.2.7"), "Points: -3\n"), "REP_HAM", 3*formula(-3), good.Symbol("REP_HAM").Options[0])
		for range 12 {
			scan(t, s, from("192.0.2.7"), "Points: 40\n")
			time.Sleep(5 * 24 * time.Hour)
		}
		average := 40 - 43*math.Exp(-55.0/30)
		is(t, scan(t, s, from("192.0.2.7"), "Points: 1\n"), "REP_SPAM", 2*formula(average), fmt.Sprintf("ip: 192.0.2.7(%.2f)", formula(average)))
		time.Sleep(10*24*time.Hour + time.Minute)
		is(t, scan(t, s, from("192.0.2.7"), "Points: 1\n"), "REP_SPAM", 0, "")
	})
}

// learned are the keys that a message of a score leaves in a store.
func learned(t *testing.T, env mail.Envelope, header string, rules ...reputation.Rule) string {
	t.Helper()
	store := &seen{Store: memory()}
	scan(t, open(t, store, rules...), env, header)
	slices.Sort(store.keys)
	return strings.Join(store.keys, " ")
}

type seen struct {
	storage.Store
	mu   sync.Mutex
	keys []string
}

func (s *seen) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range obs {
		s.keys = append(s.keys, fmt.Sprintf("%s=%v", o.Series, o.Value))
	}
	return s.Store.Observe(ctx, obs, now)
}

func TestKeys(t *testing.T) {
	off, user := false, from("192.0.2.7")
	user.User = "ann"
	local := from("127.0.0.1")
	const trace = "Trace: mail.example.org:+ example.net:- example.com:~ a.example.net:+\n"
	const links = "MIME-Version: 1.0\nContent-Type: text/plain\n\nhttp://a.example.org/1 http://b.example.org/2 http://example.com/ https://example.net/ ann@example.com bob@example.com\n"
	for what, c := range map[string]struct {
		rule   reputation.Rule
		env    mail.Envelope
		header string
		want   string
	}{
		"client":                   {reputation.Rule{Kind: "ip"}, from("192.0.2.7"), "Points: 2\n", "RR:i:192.0.2.7=2"},
		"its network":              {reputation.Rule{Kind: "ip", IPv4Bits: 24}, from("192.0.2.7"), "Net: 64500 DE\n", "RR:a:64500=0 RR:c:DE=0 RR:i:192.0.2.0=0"},
		"IPv6":                     {reputation.Rule{Kind: "ip", IPPrefix: "x:"}, from("2001:db8:1:2:3::4"), "", "RR:x:2001:db8:1:2::=0"},
		"a user":                   {reputation.Rule{Kind: "ip"}, user, "", ""},
		"own networks":             {reputation.Rule{Kind: "ip"}, local, "", ""},
		"outbound":                 {reputation.Rule{Kind: "ip", Outbound: new(true), Inbound: &off}, user, "", "RR:i:192.0.2.7=0"},
		"not inbound":              {reputation.Rule{Kind: "ip", Outbound: new(true), Inbound: &off}, from("192.0.2.7"), "", ""},
		"excluded":                 {reputation.Rule{Kind: "ip", Exclude: []string{"192.0.2.0/24"}}, from("192.0.2.7"), "", ""},
		"trusted":                  {reputation.Rule{Kind: "ip", Trusted: []string{"192.0.2.7"}}, from("192.0.2.7"), "", ""},
		"exempt by network":        {reputation.Rule{Kind: "ip", ExemptNets: []string{"64500"}}, from("192.0.2.7"), "Net: 64500 DE\n", ""},
		"exempt by country":        {reputation.Rule{Kind: "ip", ExemptNets: []string{"de"}}, from("192.0.2.7"), "Net: 64500 DE\n", ""},
		"a pre-result":             {reputation.Rule{Kind: "ip"}, from("192.0.2.7"), "Final: yes\n", ""},
		"signatures":               {reputation.Rule{Kind: "dkim"}, from("192.0.2.7"), trace, "RR:example.com.u=-0.2 RR:example.net.a=-0.2 RR:example.org.a=-0.2"},
		"signatures but one":       {reputation.Rule{Kind: "dkim", Exclude: []string{"Example.NET"}}, from("192.0.2.7"), trace, "RR:example.com.u=-0.2 RR:example.org.a=-0.2"},
		"of a trusted one":         {reputation.Rule{Kind: "dkim", Trusted: []string{"example.net"}}, from("192.0.2.7"), trace, ""},
		"no signature":             {reputation.Rule{Kind: "dkim"}, from("192.0.2.7"), "", ""},
		"a record":                 {reputation.Rule{Kind: "spf"}, from("192.0.2.7"), "Record: v=spf1 ip4:192.0.2.0/24 -all\n", "RR:g1besd8z3sx7egk8nuzrxnf8uqgrow9z=-0.2"},
		"of a trusted sender":      {reputation.Rule{Kind: "spf", Trusted: []string{"example.org"}}, from("192.0.2.7"), "Record: v=spf1 -all\n", ""},
		"links":                    {reputation.Rule{Kind: "url"}, from("192.0.2.7"), links, "RR:example.com=0 RR:example.net=0 RR:example.org=0"},
		"the two most":             {reputation.Rule{Kind: "url", MaxURLs: 2}, from("192.0.2.7"), links, "RR:example.com=0 RR:example.org=0"},
		"links but one":            {reputation.Rule{Kind: "url", Exclude: []string{"example.org"}}, from("192.0.2.7"), links, "RR:example.com=0 RR:example.net=0"},
		"of a trusted site":        {reputation.Rule{Kind: "url", Trusted: []string{"example.net"}}, from("192.0.2.7"), links, ""},
		"a selector":               {reputation.Rule{Kind: "generic", Symbol: "G", Select: "from('smtp'):domain;helo", Delimiter: "|"}, user, "", "RR:example.org|mx.example.org=0"},
		"a list of values":         {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X', 'full')"}, user, "X: a\nX: b\n", "RR:a=0 RR:b=0"},
		"nothing":                  {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')"}, user, "", ""},
		"the network alone":        {reputation.Rule{Kind: "asn", Symbol: "G"}, user, "Net: 64500 DE\n", "RR:a:64500=0"},
		"the sender's domain":      {reputation.Rule{Kind: "from", Symbol: "G"}, user, "", "RR:f:example.org=0"},
		"the greeting":             {reputation.Rule{Kind: "helo", Symbol: "G"}, user, "", "RR:h:mx.example.org=0"},
		"a hash":                   {reputation.Rule{Kind: "ip", Prefix: "P", Hash: reputation.Hash{Sum: "md5", Encoding: "hex", Length: 8}}, from("192.0.2.7"), "", "P623e086e=0"},
		"a hash in base32":         {reputation.Rule{Kind: "ip", Hash: reputation.Hash{Sum: "blake2", Length: 10}}, from("192.0.2.7"), "", "RR:dbnumo9x1t=0"},
		"a value that is too long": {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')"}, user, "X: " + strings.Repeat("x", 2000) + "\n", ""},
	} {
		if got := learned(t, c.env, c.header, c.rule); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	named := from("192.0.2.7")
	named.ClientName = "mx.mail.example.org"
	if got := learned(t, named, "", reputation.Rule{Kind: "rdns", Symbol: "A"}, reputation.Rule{Kind: "rdns", Symbol: "B"}); got != "RR:r:example.org=0" {
		t.Errorf("two rules of one key: %q", got)
	}
}

// fill makes a reputation.
func fill(t *testing.T, store storage.Store, key string, n int, score float64) {
	t.Helper()
	for range n {
		o := storage.Observation{Series: key, Value: score, Windows: []storage.Window{{Name: "1m", Span: time.Hour}}}
		if err := store.Observe(t.Context(), []storage.Observation{o}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScores: what reputations come to, of each kind.
func TestScores(t *testing.T) {
	store := memory()
	for key, score := range map[string]float64{
		"RR:i:192.0.2.7": 12, "RR:a:64500": -6, "RR:c:DE": 0, "RR:example.org.a": -9, "RR:example.net.a": -9, "RR:example.com.a": -9, "RR:example.com.r": 30,
		"RR:example.org": 20, "RR:x": 8, "RR:y": 4.5, "RR:g1besd8z3sx7egk8nuzrxnf8uqgrow9z": 7,
	} {
		fill(t, store, key, 20, score)
	}
	fill(t, store, "RR:few.example", 9, 30)
	num := func(f float64) string { return strconv.FormatFloat(f, 'g', 14, 64) }
	for what, c := range map[string]struct {
		rule   reputation.Rule
		header string
		symbol string
		score  float64
		option string
	}{
		"client": {
			reputation.Rule{Kind: "ip", Weight: 1}, "Net: 64500 DE\n", "SENDER_REP_SPAM", formula(12) + 0.4*formula(-6) + 0.01*formula(0),
			fmt.Sprintf("asn: 64500(%.2f), country: DE(%.2f), ip: 192.0.2.7(%.2f)", 0.4*formula(-6), 0.01*formula(0), formula(12)),
		},
		"by its network alone": {
			reputation.Rule{Kind: "ip", HamWeight: 1, Scores: reputation.Scores{IP: new(0.0), ASN: new(1.0)}}, "Net: 64500 FR\n", "SENDER_REP_HAM", formula(-6),
			fmt.Sprintf("asn: 64500(%.2f), country: FR(0.00), ip: 192.0.2.7(0.00)", formula(-6)),
		},
		"not split":         {reputation.Rule{Kind: "asn", Symbol: "N", Weight: 2}, "Net: 64500 DE\n", "N", 2 * formula(-6), num(formula(-6))},
		"bounded":           {reputation.Rule{Kind: "asn", Symbol: "N", Weight: 2, MinScore: new(-0.25)}, "Net: 64500 DE\n", "N", -0.5, "-0.25"},
		"bounded above":     {reputation.Rule{Kind: "spf", Weight: 2, MaxScore: new(0.125)}, "Record: v=spf1 ip4:192.0.2.0/24 -all\n", "SPF_REP_SPAM", 0.25, "0.125"},
		"a record":          {reputation.Rule{Kind: "spf", Weight: 2}, "Record: v=spf1 ip4:192.0.2.0/24 -all\n", "SPF_REP_SPAM", 2 * formula(7), num(formula(7))},
		"two domains":       {reputation.Rule{Kind: "dkim", Weight: 1}, "Trace: example.org:+ example.net:+\n", "DKIM_SCORE", -1, "-1"},
		"one domain":        {reputation.Rule{Kind: "dkim", Weight: 1}, "Trace: example.org:+\n", "DKIM_SCORE", formula(-9), num(formula(-9))},
		"what is adjusted":  {reputation.Rule{Kind: "dkim"}, "Trace: example.org:+\n", "DKIM_SCORE_POST", 2 * math.Tanh(formula(-9)), ""},
		"a broken one":      {reputation.Rule{Kind: "dkim", Weight: 1}, "Trace: example.com:-\n", "DKIM_SCORE", 0, ""},
		"a domain of links": {reputation.Rule{Kind: "url", Weight: 1}, "\n\nhttp://shop.example.org/ http://www.example.org/2 http://few.example/\n", "URL_SCORE", formula(20) * 2 / 20, num(formula(20) * 2 / 20)},
		"too few":           {reputation.Rule{Kind: "url", Weight: 1}, "\n\nhttp://few.example/\n", "URL_SCORE", 0, ""},
		"few are enough":    {reputation.Rule{Kind: "url", Weight: 1, LowerBound: -1}, "\n\nhttp://few.example/\n", "URL_SCORE", formula(30) / 9, num(formula(30) / 9)},
		"a value":           {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')", Weight: 1}, "X: x\n", "G", formula(8), num(formula(8))},
		"split":             {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')", Split: new(true), Weight: 1}, "X: x\n", "G_SPAM", formula(8), num(formula(8))},
		"in the middle":     {reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')", Weight: 1}, "X: y\n", "G", 0, ""},
		"another window": {
			reputation.Rule{Kind: "generic", Symbol: "G", Select: "header('X')", Weight: 1, Windows: []reputation.Window{{Name: "1m", Span: time.Hour, Factor: 2}, {Name: "none", Span: time.Hour}}},
			"X: x\n", "G", formula(16), num(formula(16)),
		},
	} {
		t.Run(what, func(t *testing.T) {
			res := scan(t, open(t, frozen{store}, c.rule), from("192.0.2.7"), c.header)
			if got := res.Symbol(c.symbol); c.option == "" && c.score != 0 {
				if got == nil || math.Abs(got.Score-c.score) > 0.002 {
					t.Errorf("%+v, want %v", got, c.score)
				}
				return
			}
			is(t, res, c.symbol, c.score, c.option)
		})
	}
}

// A frozen store learns nothing.
type frozen struct{ storage.Store }

func (frozen) Observe(context.Context, []storage.Observation, time.Time) error { return nil }

// TestWeights: a good reputation lowers the score whatever the sign of the weight
// that an operator gives it.
func TestWeights(t *testing.T) {
	store := memory()
	fill(t, store, "RR:i:192.0.2.7", 20, -9)
	for _, weight := range []float64{1.5, -1.5} {
		s, err := winnow.New(winnow.Options{
			Families: standard.Families(standard.Options{Reputation: &reputation.Options{}}), Store: frozen{store},
			Layer: winnow.Layer{Weights: map[string]float64{"IP_REPUTATION_HAM": weight}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		if got := scan(t, s, from("192.0.2.7"), "").Symbol("IP_REPUTATION_HAM"); got == nil || math.Abs(got.Score-1.5*formula(-9)) > 0.002 {
			t.Errorf("weight %v: %+v", weight, got)
		}
	}
}

// A store that is dead or slow leaves the rules out and says so, and all is well
// when it is back.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(memory())
		fill(t, store.Store, "RR:i:192.0.2.7", 20, 20)
		s := open(t, store, rules()...)
		defer s.Close(t.Context())
		for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			res := scan(t, s, from("192.0.2.7"), "Points: 1\n")
			if res.Has("REP_SPAM") || res.Score != 1 || len(res.Incomplete) == 0 || res.Incomplete[0].Check != "reputation" {
				t.Errorf("state %d: %v, %+v", state, res.Score, res.Incomplete)
			}
			store.Be(statetest.Up)
			res = scan(t, s, from("192.0.2.7"), "Points: 20\n")
			is(t, res, "REP_SPAM", 2*formula(20), fmt.Sprintf("ip: 192.0.2.7(%.2f)", formula(20)))
		}
	})
}

// All rules ask in one trip and learn in another one.
func TestTrips(t *testing.T) {
	store := statetest.Wrap(memory())
	s := open(t, store, reputation.Default()...)
	scan(t, s, from("192.0.2.7"), "Trace: example.org:+\nRecord: v=spf1 -all\nNet: 64500 DE\n")
	if got := store.Trips(); !slices.Equal(got, []string{"Observed", "Observe"}) {
		t.Errorf("%q", got)
	}
	scan(t, open(t, store, reputation.Rule{Kind: reputation.DKIM}), from("192.0.2.7"), "")
	if got := store.Trips(); len(got) != 0 {
		t.Errorf("without anything to ask: %q", got)
	}
}

// What was acknowledged outlives the process.
func TestKilled(t *testing.T) {
	one := []reputation.Rule{{Kind: reputation.IP, Symbol: "REP", Weight: 2, LowerBound: 3}}
	store := statetest.Crash(t, func(store storage.Store) {
		s := open(t, store, one...)
		for range 3 {
			scan(t, s, from("192.0.2.7"), "Points: 20\n")
		}
	})
	is(t, scan(t, open(t, store, one...), from("192.0.2.7"), ""), "REP_SPAM", 2*formula(20), fmt.Sprintf("ip: 192.0.2.7(%.2f)", formula(20)))
}

// Two scanners on one Redis lose nothing of each other.
func TestTwoScanners(t *testing.T) {
	server := redistest.Start(t)
	var stores [2]storage.Store
	var wg sync.WaitGroup
	for i := range stores {
		store, err := redis.Open(t.Context(), redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		stores[i] = store
		s := open(t, store, rules()...)
		for range 4 {
			wg.Go(func() {
				for range 8 {
					scan(t, s, from("192.0.2.7"), "Points: 20\n")
				}
			})
		}
	}
	wg.Wait()
	got, err := stores[0].Observed(t.Context(), []storage.SeriesOf{{Name: "RR:i:192.0.2.7", Windows: []string{"1m"}}})
	if err != nil || got[0].Count != 64 || math.Abs(got[0].Values["1m"]-20) > 1e-9 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestValidate(t *testing.T) {
	off := false
	for want, r := range map[string]reputation.Rule{
		`reputation: Rules[0].Kind: "ipp" is none of asn, dkim, from, generic, helo, ip, rdns, spf, url`: {Kind: "ipp"},
		"reputation: Rules[0].Symbol: missing":                                     {Kind: "from"},
		"reputation: Rules[0].Select: does not fit a rule of ip":                   {Kind: "ip", Select: "ip"},
		"reputation: Rules[0].Select: does not fit a rule of generic":              {Kind: "generic", Symbol: "G"},
		"reputation: Rules[0].MaxURLs: does not fit a rule of spf":                 {Kind: "spf", MaxURLs: 3},
		"reputation: Rules[0].Inbound: no mail counts, as Outbound is off too":     {Kind: "ip", Inbound: &off},
		`reputation: Rules[0].Backend: "file" is neither redis nor dns`:            {Kind: "ip", Backend: "file"},
		"reputation: Rules[0].Zone: does not fit the backend dns":                  {Kind: "ip", Backend: "dns"},
		`reputation: Rules[0].Exclude: "example.org" is no network`:                {Kind: "ip", Exclude: []string{"example.org"}},
		`reputation: Rules[0].Hash.Sum: "crc" is no hash`:                          {Kind: "ip", Hash: reputation.Hash{Sum: "crc"}},
		"reputation: Rules[0].MinScore: is above MaxScore":                         {Kind: "ip", MinScore: new(1.0), MaxScore: new(0.0)},
		"reputation: Rules[0].Expire: -1ns is negative":                            {Kind: "ip", Expire: -1},
		"reputation: Rules[0].Windows: storage: series: 0 windows are not 1 to 16": {Kind: "ip", Windows: []reputation.Window{}},
	} {
		if err := (reputation.Options{Rules: []reputation.Rule{r}}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	twice := reputation.Options{Rules: []reputation.Rule{{Kind: "ip"}, {Kind: "ip"}}}
	if err := twice.Validate(); err == nil || !strings.Contains(err.Error(), "SENDER_REP is the symbol of another rule") {
		t.Error(err)
	}
	if f := reputation.New(reputation.Options{Rules: []reputation.Rule{{Kind: "generic", Symbol: "G", Select: "nothing"}}}); f.Err == nil || !strings.Contains(f.Err.Error(), "there is") && !strings.Contains(f.Err.Error(), "nothing") {
		t.Error(f.Err)
	}
	if f := reputation.New(reputation.Options{Off: true}); len(f.Checks) != 0 {
		t.Error("off, and has checks")
	}
	if f := reputation.New(reputation.Options{Rules: []reputation.Rule{}}); len(f.Checks) != 0 {
		t.Error("no rules, and has checks")
	}
	is(t, scan(t, open(t, nil, rules()...), from("192.0.2.7"), "Points: 1\n"), "REP_SPAM", 0, "")
}

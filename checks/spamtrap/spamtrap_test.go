package spamtrap_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

func open(t testing.TB, o spamtrap.Options, store storage.Store) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{spamtrap.New(o)}, Store: store, StoreBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func memory() storage.Store { return storage.NewMemory(storage.MemoryOptions{}) }

const message = "From: ann@example.net\r\nSubject: x\r\n\r\nhello\r\n"

func to(rcpts ...string) mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@example.net", HasFrom: true, Rcpts: rcpts}
}

func scan(t testing.TB, s *winnow.Scanner, env mail.Envelope) *winnow.Result {
	t.Helper()
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(message)), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// trapped is the option of SPAMTRAP, "none" without one.
func trapped(res *winnow.Result) string {
	if s := res.Symbol("SPAMTRAP"); s != nil {
		return strings.Join(s.Options, " ")
	}
	return "none"
}

// expect scans, compares what was found, and replays the scan.
func expect(t *testing.T, s *winnow.Scanner, env mail.Envelope, want string) *winnow.Result {
	t.Helper()
	res := scan(t, s, env)
	if trapped(res) != want || len(res.Incomplete) > 0 {
		t.Errorf("to %q: %s, want %s; incomplete: %v", env.Rcpts, trapped(res), want, res.Incomplete)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || len(again.Unrecorded) > 0 || trapped(again) != want || again.Action != res.Action {
		t.Errorf("to %q: the replay says %v, %v", env.Rcpts, again, err)
	}
	return res
}

func TestLists(t *testing.T) {
	lists := spamtrap.Options{Addresses: []string{"Trap@Example.org", "@traps.example.org", "@Bücher.example"}, Patterns: []string{`^old-[0-9]+@`}}
	s := open(t, lists, nil)
	for rcpt, want := range map[string]string{
		"trap@example.org": "trap@example.org", "TRAP@EXAMPLE.ORG": "trap@example.org", "trap2@example.org": "none", "trap@example.net": "none",
		"x@traps.example.org": "traps.example.org", "x@a.traps.example.org": "none", "y@xn--bcher-kva.example": "xn--bcher-kva.example",
		"Old-17@example.org": "old-17@example.org", "very-old-17@example.org": "none", "": "none",
	} {
		expect(t, s, to(rcpt), want)
	}
	expect(t, s, to("trap@example.org", "bob@example.org"), "none")
	expect(t, s, to(), "none")
	local, user := to("trap@example.org"), to("trap@example.org")
	local.ClientIP, user.User = netip.MustParseAddr("127.0.0.1"), "bob"
	expect(t, s, local, "none")
	expect(t, s, user, "none")
	lists.Several, lists.CheckLocal, lists.CheckAuthenticated = true, true, true
	s = open(t, lists, nil)
	expect(t, s, to("bob@example.org", "trap@example.org"), "trap@example.org")
	expect(t, s, local, "trap@example.org")
	expect(t, s, user, "trap@example.org")
}

func TestAction(t *testing.T) {
	for _, c := range []struct {
		action     actions.Action
		text, want string
	}{
		{actions.Reject, "", "message rejected"}, {actions.NoAction, "", "message accepted"}, {actions.Discard, "no ${rcpt} here", "no trap@example.org here"},
	} {
		s := open(t, spamtrap.Options{Addresses: []string{"trap@example.org"}, Action: c.action, Message: c.text}, nil)
		res := expect(t, s, to("trap@example.org"), "trap@example.org")
		if res.Action != c.action || res.PreResult == nil || res.PreResult.Message != c.want || res.PreResult.Check != "spamtrap" {
			t.Errorf("%s: %s, %+v", c.action, res.Action, res.PreResult)
		}
		expect(t, s, to("bob@example.org"), "none")
	}
}

// The symbol may have another name and a weight of its own.
func TestSymbol(t *testing.T) {
	for _, c := range []struct {
		o    spamtrap.Options
		name string
	}{{spamtrap.Options{Score: 7}, "SPAMTRAP"}, {spamtrap.Options{Symbol: "MY_TRAP", Score: 7}, "MY_TRAP"}} {
		c.o.Addresses = []string{"trap@example.org"}
		res := scan(t, open(t, c.o, nil), to("trap@example.org"))
		if s := res.Symbol(c.name); s == nil || s.Score != 7 || s.Options[0] != "trap@example.org" {
			t.Errorf("%s: %+v", c.name, res.Symbols)
		}
	}
	if err := (spamtrap.Options{Symbol: "a b"}).Validate(); err == nil {
		t.Error("a name with a blank passes")
	}
}

// The list of a file has addresses, domains and regular expressions in one.
func TestSection(t *testing.T) {
	section := func(said map[string]any) (o spamtrap.Options) {
		err := o.Section().Apply(option.Of(said), func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := section(map[string]any{"map": []string{"Trap@example.org", "@traps.example.org", `/^OLD-\d+@/i`, `bait.*@example\.com$`}, "allow_multiple_rcpts": true, "score": 3, "learn_spam": true})
	if !o.Learn || len(o.Addresses) != 2 || len(o.Patterns) != 2 {
		t.Errorf("%+v", o)
	}
	s := open(t, o, nil)
	for rcpt, want := range map[string]string{
		"trap@example.org": "trap@example.org", "a@traps.example.org": "traps.example.org", "old-3@example.net": "old-3@example.net",
		"my-bait-1@example.com": "my-bait-1@example.com", "bait@example.org": "none", "old@example.net": "none",
	} {
		expect(t, s, to(rcpt), want)
		expect(t, s, to("bob@example.org", rcpt), want)
	}
	// An empty list has no traps; the store is asked where there is no list.
	store := memory()
	if err := store.Set(t.Context(), spamtrap.Key("trap@example.org"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, section(map[string]any{"map": []string{}}), store), to("trap@example.org"), "none")
	expect(t, open(t, section(map[string]any{}), store), to("trap@example.org"), "trap@example.org")
}

// A trap in the store works at once, and for every scanner that has the store.
func TestStore(t *testing.T) {
	store := statetest.Wrap(memory())
	s := open(t, spamtrap.Options{}, store)
	expect(t, s, to("a@example.org"), "none")
	for _, trap := range []string{"A@example.org", "@traps.example.org"} {
		if err := store.Store.Set(t.Context(), spamtrap.Key(trap), []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
	}
	store.Calls.Store(0)
	expect(t, s, to("a@example.org"), "a@example.org")
	if n := store.Calls.Load(); n != 1 {
		t.Errorf("%d trips", n)
	}
	expect(t, s, to("x@TRAPS.example.org"), "traps.example.org")
	expect(t, s, to(strings.Repeat("x", 1025)+"@example.org"), "none")
	expect(t, open(t, spamtrap.Options{Store: true, Addresses: []string{"b@example.org"}, Several: true}, store), to("bob@example.org", "a@example.org"), "a@example.org")
	expect(t, open(t, spamtrap.Options{Addresses: []string{"b@example.org"}}, store), to("a@example.org"), "none")
}

// A store that is dead or slow catches nothing and says so.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(memory())
		if err := store.Set(t.Context(), spamtrap.Key("a@example.org"), nil, 0); err != nil {
			t.Fatal(err)
		}
		s := open(t, spamtrap.Options{Store: true, Addresses: []string{"b@example.org"}}, store)
		defer s.Close(t.Context())
		for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			res := scan(t, s, to("a@example.org"))
			if trapped(res) != "none" || len(res.Incomplete) != 1 || res.Incomplete[0].Check != "spamtrap" {
				t.Errorf("state %d: %s, %+v", state, trapped(res), res.Incomplete)
			}
			expect(t, s, to("b@example.org"), "b@example.org")
			store.Be(statetest.Up)
			expect(t, s, to("a@example.org"), "a@example.org")
		}
	})
}

// The same keys catch the same mail in an Rspamd 3.4 on the same redis-server.
func TestBesideRspamd(t *testing.T) {
	server := redistest.Start(t)
	theirs := rspamdtest.Start(t, server.Addr, []string{"spamtrap"}, "spamtrap { enabled = true; score = 0.1; }", `require "global_functions" ()`)
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	s := open(t, spamtrap.Options{}, store)
	for _, trap := range []string{"Trap@Example.org", "@traps.example.org"} {
		if err := store.Set(t.Context(), spamtrap.Key(trap), []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
	}
	server.Must("SET", "sptr_theirs@example.org", "1")
	for _, rcpts := range []string{"trap@example.org", "TRAP@example.org", "x@traps.example.org", "theirs@example.org", "bob@example.org", "trap@example.org,bob@example.org"} {
		got := trapped(scan(t, s, to(strings.Split(rcpts, ",")...)))
		want := "none"
		if a, ok := theirs.Scan([]byte(message), map[string]string{"IP": "192.0.2.1", "From": "ann@example.net", "Rcpt": rcpts}).Symbols["SPAMTRAP"]; ok {
			want = strings.Join(a.Options, " ")
		}
		if got != want {
			t.Errorf("to %s: %s, Rspamd has %s", rcpts, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]spamtrap.Options{
		`spamtrap: Addresses[0]: "trap" is neither user@domain nor @domain`:         {Addresses: []string{"trap"}},
		"spamtrap: Patterns[1]: pattern: at offset 0: nothing to repeat before '*'": {Patterns: []string{"a", "*"}},
		"spamtrap: Message: says nothing without Action":                            {Message: "x"},
	} {
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if o := (standard.Options{Spamtrap: &spamtrap.Options{}}); o.Validate() != nil {
		t.Error(o.Validate())
	}
	if f := spamtrap.New(spamtrap.Options{Off: true}); len(f.Checks) != 0 {
		t.Error("off, and has checks")
	}
	expect(t, open(t, spamtrap.Options{}, nil), to("a@example.org"), "none")
}

func BenchmarkTrap(b *testing.B) {
	s := open(b, spamtrap.Options{Store: true, Addresses: []string{"b@example.org"}, Patterns: []string{"^old-"}}, memory())
	b.ReportAllocs()
	for b.Loop() {
		scan(b, s, to("a@example.org"))
	}
}

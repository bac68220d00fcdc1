package knownsenders_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/symbols"
)

var (
	bad = &symbols.Def{Name: "BAD", Doc: "for the test", Weight: 50}
	// points rejects what has "bad" in its text.
	points = &checks.Check{Name: "points", Doc: "gives points", Symbols: []*symbols.Def{bad}, Run: func(_ context.Context, t *checks.Task) error {
		if strings.Contains(string(t.Message().Body()), "bad") {
			t.Hit(bad)
		}
		return nil
	}}
)

func open(t testing.TB, o knownsenders.Options, store storage.Store) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{replies.New(replies.Options{}), knownsenders.New(o)}, Checks: []*checks.Check{points}, Store: store, StoreBudget: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func memory() storage.Store { return storage.NewMemory(storage.MemoryOptions{}) }

func scan(t testing.TB, s *winnow.Scanner, message string, env mail.Envelope) *winnow.Result {
	t.Helper()
	raw := strings.ReplaceAll(message, "\n", "\r\n")
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw)), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// expect scans, compares the symbols with their options, and replays the scan.
func expect(t *testing.T, s *winnow.Scanner, what, message string, env mail.Envelope, want ...string) {
	t.Helper()
	list := func(res *winnow.Result) (got []string) {
		for _, sym := range res.Symbols {
			if sym.Name != "BAD" && sym.Name != "REPLY" {
				got = append(got, strings.Join(append([]string{sym.Name}, sym.Options...), " "))
			}
		}
		slices.Sort(got)
		return got
	}
	res := scan(t, s, message, env)
	if got := list(res); !slices.Equal(got, want) || len(res.Incomplete) > 0 {
		t.Errorf("%s: %q, want %q; incomplete: %v", what, got, want, res.Incomplete)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || len(again.Unrecorded) > 0 || again.Score != res.Score || !slices.Equal(list(again), list(res)) {
		t.Errorf("%s: the replay says %v, %v", what, again, err)
	}
}

const (
	bob = "From: Bob <bob@gmail.com>\nSubject: x\n\nhello\n"
)

func known(kind, addr string) string   { return "KNOWN_SENDER " + kind + ":" + knownsenders.Key(addr) }
func unknown(kind, addr string) string { return "UN" + known(kind, addr) }

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, knownsenders.Options{}, memory())
		defer s.Close(t.Context())
		of := knownsenders.Key("bob@gmail.com")
		expect(t, s, "refused", bob+"bad\n", mail.Envelope{}, "UNKNOWN_SENDER mime:"+of)
		expect(t, s, "new", bob, mail.Envelope{}, "UNKNOWN_SENDER mime:"+of)
		expect(t, s, "again", bob, mail.Envelope{}, "KNOWN_SENDER mime:"+of)
		time.Sleep(29 * 24 * time.Hour)
		expect(t, s, "after four weeks", bob, mail.Envelope{}, "KNOWN_SENDER mime:"+of)
		time.Sleep(29 * 24 * time.Hour)
		expect(t, s, "after four more", bob, mail.Envelope{}, "KNOWN_SENDER mime:"+of)
		time.Sleep(31 * 24 * time.Hour)
		expect(t, s, "after a long time", bob, mail.Envelope{}, "UNKNOWN_SENDER mime:"+of)
	})
}

// Which addresses are told apart.
func TestSenders(t *testing.T) {
	store := memory()
	s := open(t, knownsenders.Options{Domains: []string{"free.example", ".gratis.example"}, MaxSenders: 2}, store)
	envelope := func(from string) mail.Envelope { return mail.Envelope{From: from, HasFrom: true} }
	expect(t, s, "both the same", "From: a@free.example\n\nx\n", envelope("a@free.example"), unknown("mime", "a@free.example"))
	expect(t, s, "two", "From: a@free.example\n\nx\n", envelope("b@x.gratis.example"), known("mime", "a@free.example"), unknown("smtp", "b@x.gratis.example"))
	expect(t, s, "the envelope's alone", "From: a@example.org\n\nx\n", envelope("b@X.Gratis.example"), unknown("smtp", "b@X.Gratis.example"))
	expect(t, s, "neither", "From: a@gmail.com\n\nx\n", envelope("a@example.org"))
	expect(t, s, "nobody", "Subject: x\n\nx\n", mail.Envelope{HasFrom: true})
	for _, from := range []string{"c", "d", "e"} {
		scan(t, s, "From: "+from+"@free.example\n\nx\n", mail.Envelope{})
	}
	if members, err := store.Members(t.Context(), knownsenders.Set, 0, 9); err != nil || len(members) != 2 {
		t.Errorf("%v, %v", members, err)
	}
	s = open(t, knownsenders.Options{MaxAge: -1, Domains: []string{}}, memory())
	expect(t, s, "none is told apart", bob, mail.Envelope{})
}

// letter, answered and then new mail of the one who answered.
func TestCorrespondents(t *testing.T) {
	s := open(t, knownsenders.Options{MaxRecipients: 2}, memory())
	env := func(from, user string, rcpts ...string) mail.Envelope {
		return mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: from, HasFrom: true, User: user, Rcpts: rcpts}
	}
	const ann, bob = "ann@example.org", "bob@example.net"
	expect(t, s, "letter", "From: "+ann+"\nMessage-ID: <1@example.org>\n\nx\n", env(ann, "ann", bob))
	expect(t, s, "before", "From: "+bob+"\n\nx\n", env(bob, "", ann))
	expect(t, s, "answer", "From: "+bob+"\nIn-Reply-To: <1@example.org>\n\nx\n", env(bob, "", ann))
	local := "INC_MAIL_KNOWN_LOCALLY " + replies.LocalSet(bob)
	expect(t, s, "after", "From: "+bob+"\n\nx\n", env(bob, "", ann), local)
	expect(t, s, "to others too", "From: "+bob+"\n\nx\n", env("x@example.net", "", "eve@example.org", ann), local)
	expect(t, s, "to too many", "From: "+bob+"\n\nx\n", env(bob, "", "eve@example.org", "x@example.org", ann))
	expect(t, s, "to others", "From: "+bob+"\n\nx\n", env(bob, "", "eve@example.org"))
	expect(t, s, "of another", "From: eve@example.net\n\nx\n", env(bob, "", ann))
	expect(t, s, "of her who was answered", "From: "+ann+"\n\nx\n", env(ann, "", bob), "INC_MAIL_KNOWN_GLOBALLY "+ann)
}

func TestTrips(t *testing.T) {
	store := statetest.Wrap(memory())
	s := open(t, knownsenders.Options{}, store)
	for i, want := range []int64{2, 1} {
		store.Calls.Store(0)
		if scan(t, s, bob, mail.Envelope{From: "eve@gmx.net", Rcpts: []string{"a@example.org", "b@example.org"}}); store.Calls.Load() != want {
			t.Errorf("mail %d: %d trips, want %d", i, store.Calls.Load(), want)
		}
	}
}

// Without the store nobody is known, and nobody is unknown.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(memory())
		s := open(t, knownsenders.Options{}, store)
		defer s.Close(t.Context())
		for i, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			res := scan(t, s, bob, mail.Envelope{})
			if len(res.Symbols) > 0 || len(res.Incomplete) != 1 || res.Incomplete[0].Check != "known_senders" {
				t.Errorf("state %d: %+v, %+v", state, res.Symbols, res.Incomplete)
			}
			store.Be(statetest.Up)
			want := []string{unknown("mime", "bob@gmail.com"), known("mime", "bob@gmail.com")}[i]
			expect(t, s, "back again", bob, mail.Envelope{}, want)
		}
	})
}

func TestKilled(t *testing.T) {
	store := statetest.Crash(t, func(store storage.Store) {
		scan(t, open(t, knownsenders.Options{}, store), bob, mail.Envelope{})
	})
	expect(t, open(t, knownsenders.Options{}, store), "after the crash", bob, mail.Envelope{}, known("mime", "bob@gmail.com"))
}

// Two scanners on one Redis know the same, and their keys are what Rspamd makes of
// the addresses.
func TestBesideRspamd(t *testing.T) {
	server := redistest.Start(t)
	var both [2]*winnow.Scanner
	for i := range both {
		both[i] = open(t, knownsenders.Options{}, redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true}))
	}
	expect(t, both[0], "the one", bob, mail.Envelope{}, unknown("mime", "bob@gmail.com"))
	expect(t, both[1], "the other", bob, mail.Envelope{}, known("mime", "bob@gmail.com"))
	if got := server.Must("ZSCORE", "rs_known_senders", knownsenders.Key("bob@gmail.com")); !strings.HasPrefix(got, "1") || len(got) < 10 {
		t.Errorf("score %q", got)
	}
	theirs := rspamdtest.Start(t, server.Addr, []string{"replies"}, "replies { }", `
local hash = require "rspamd_cryptobox_hash"
rspamd_config:register_symbol{name = "KEYS", type = "normal", callback = function(task)
  local from, env, h = task:get_from('mime'), task:get_from('smtp'), hash.create()
  h:update(task:get_reply_sender():lower())
  task:insert_result("KEYS", 1.0, hash.create_specific('md5', from[1].addr):hex())
  task:insert_result("KEYS", 1.0, hash.create_specific('md5', env[1].addr):hex())
  task:insert_result("KEYS", 1.0, h:base32():sub(1, 8))
end}`)
	for _, c := range [][3]string{
		{"From: Bob <Bob@Gmail.COM>\n", "Bob@GMX.net", "bob@gmail.com"},
		{"From: bob@gmail.com, eve@gmx.net\nReply-To: Desk <desk@Example.org>, x@example.org\n", "b+x@gmx.net", "desk@example.org"},
		{"From: bob@gmail.com (Bob)\nSender: x@example.org\n", "bob@gmx.net", "bob@gmail.com"},
	} {
		got := theirs.Scan([]byte(strings.ReplaceAll(c[0]+"Subject: x\n\nx\n", "\n", "\r\n")), map[string]string{"From": c[1], "Rcpt": "ann@example.org"}).Symbols["KEYS"].Options
		var want []string
		for _, sym := range scan(t, both[0], c[0]+"Subject: x\n\nx\n", mail.Envelope{From: c[1], HasFrom: true}).Symbols {
			for _, o := range sym.Options {
				want = append(want, o[strings.IndexByte(o, ':')+1:])
			}
		}
		want = append(want, replies.LocalSet(c[2]))
		if !slices.Equal(got, want) {
			t.Errorf("%q: Rspamd has %q, we have %q", c[0], got, want)
		}
	}
}

// Rspamd's own tests of the module.
func TestRspamdCases(t *testing.T) {
	right, all := 0, 0
	s := open(t, knownsenders.Options{Domains: []string{"outlook.com", "example.com"}}, memory())
	check := func(message string, env mail.Envelope, want ...string) {
		t.Helper()
		if name, ok := strings.CutSuffix(message, ".eml"); ok {
			data, err := os.ReadFile(shared.Path(t, fmt.Sprintf("suites/rspamd/messages/%s.eml", name)))
			if err != nil {
				t.Fatal(err)
			}
			message = strings.ReplaceAll(string(data), "\r\n", "\n")
		}
		res := scan(t, s, message, env)
		for _, w := range want {
			all++
			name, absent := strings.CutPrefix(w, "!")
			if res.Has(name) == absent {
				t.Errorf("want %s, have %v", w, res.Symbols)
				continue
			}
			right++
		}
	}
	check("spam_message.eml", mail.Envelope{}, "!KNOWN_SENDER", "UNKNOWN_SENDER")
	check("spam_message.eml", mail.Envelope{}, "KNOWN_SENDER", "!UNKNOWN_SENDER")
	check("empty_part.eml", mail.Envelope{}, "!KNOWN_SENDER", "!UNKNOWN_SENDER")
	check("inc_mail_unknown_sender.eml", mail.Envelope{}, "!INC_MAIL_KNOWN_GLOBALLY", "!INC_MAIL_KNOWN_LOCALLY")
	const first = "in-reply-to: 0002\nmessage-id: 0002\nFrom: <xxx@abrakadabra.com>\nTo: <user@emailbl.com>\n\ntest\n"
	const second = "in-reply-to: 0002\nmessage-id: 00020\nFrom: <user@emailbl.com>\nTo: <xxx@abrakadabra.com>\n\ntest\n"
	check(first, mail.Envelope{User: "xxx@abrakadabra.com", From: "xxx@abrakadabra.com"})
	check(second, mail.Envelope{Rcpts: []string{"xxx@abrakadabra.com"}, From: "user@emailbl.com"})
	check("inc_mail_known_sender.eml", mail.Envelope{}, "INC_MAIL_KNOWN_GLOBALLY", "!INC_MAIL_KNOWN_LOCALLY")
	user := mail.Envelope{User: "user@emailbl.com", Rcpts: []string{"user@emailbl.com"}}
	check(strings.ReplaceAll(first, "xxx@abrakadabra.com", "user@emailbl.com"), mail.Envelope{User: user.User, From: user.User})
	check(first, user)
	check(second, user)
	check("inc_mail_known_sender.eml", user)
	check("inc_mail_known_sender.eml", user, "INC_MAIL_KNOWN_GLOBALLY", "INC_MAIL_KNOWN_LOCALLY")
	t.Logf("%d of %d expectations", right, all)
}

func TestValidate(t *testing.T) {
	const want = "known_senders: MaxRecipients: -1 is not between 0 and 1000"
	if err := (knownsenders.Options{MaxRecipients: -1}).Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if o := (standard.Options{KnownSenders: &knownsenders.Options{}}); o.Validate() != nil {
		t.Error(o.Validate())
	}
	if f := knownsenders.New(knownsenders.Options{Off: true}); len(f.Checks) != 0 {
		t.Error("off, and has checks")
	}
	expect(t, open(t, knownsenders.Options{}, nil), "without a store", bob, mail.Envelope{})
}

func BenchmarkKnown(b *testing.B) {
	s := open(b, knownsenders.Options{}, memory())
	b.ReportAllocs()
	for b.Loop() {
		scan(b, s, bob, mail.Envelope{Rcpts: []string{"ann@example.org"}})
	}
}

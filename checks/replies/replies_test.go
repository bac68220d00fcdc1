package replies_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/redistest"
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

func open(t testing.TB, o replies.Options, store storage.Store, options ...func(*winnow.Options)) *winnow.Scanner {
	t.Helper()
	opt := winnow.Options{Families: []*checks.Family{replies.New(o)}, Checks: []*checks.Check{points}, Store: store, StoreBudget: -1}
	for _, f := range options {
		f(&opt)
	}
	s, err := winnow.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func memory() storage.Store { return storage.NewMemory(storage.MemoryOptions{}) }

// sent is a message of the user ann@example.org, and answer one of bob to her.
func sent() mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), User: "ann", From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}
}

func answer() mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr("198.51.100.7"), From: "bob@example.net", HasFrom: true, Rcpts: []string{"ann@example.org"}}
}

const (
	letter  = "From: Ann <ann@example.org>\nMessage-ID: <1.ann@example.org>\n"
	replied = "From: Bob <bob@example.net>\nIn-Reply-To: <1.ann@example.org>\n"
)

func scan(t testing.TB, s *winnow.Scanner, header string, env mail.Envelope) *winnow.Result {
	t.Helper()
	raw := strings.ReplaceAll(header+"Subject: hello\n\nhello\n", "\n", "\r\n")
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw)), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// expect scans, says whether the message is a reply, and replays the scan.
func expect(t *testing.T, s *winnow.Scanner, what, header string, env mail.Envelope, want bool) *winnow.Result {
	t.Helper()
	res := scan(t, s, header, env)
	if res.Has("REPLY") != want || len(res.Incomplete) > 0 {
		t.Errorf("%s: REPLY %v, want %v; incomplete: %v", what, res.Has("REPLY"), want, res.Incomplete)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || len(again.Unrecorded) > 0 || again.Score != res.Score || again.Action != res.Action || again.Has("REPLY") != want {
		t.Errorf("%s: the replay says %+v, %v", what, again, err)
	}
	return res
}

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, replies.Options{}, memory())
		defer s.Close(t.Context())
		expect(t, s, "before the letter", replied, answer(), false)
		expect(t, s, "the letter", letter, sent(), false)
		time.Sleep(24*time.Hour - time.Minute)
		res := expect(t, s, "in time", replied, answer(), true)
		if got := res.Symbol("REPLY"); got.Score != -4 || len(got.Evidence) != 1 || got.Evidence[0].Header != "In-Reply-To" {
			t.Errorf("%+v", got)
		}
		time.Sleep(2 * time.Minute)
		expect(t, s, "too late", replied, answer(), false)
	})
}

// What is a reply, after the letter of Ann.
func TestAnswers(t *testing.T) {
	s := open(t, replies.Options{}, memory())
	expect(t, s, "the letter", letter, sent(), false)
	const from = "From: Bob <bob@example.net>\n"
	for what, c := range map[string]struct {
		header string
		to     []string
		want   bool
	}{
		"folded":              {from + "In-Reply-To:\n <1.ann@example.org>\n", nil, true},
		"with a remark":       {from + "In-Reply-To: <1.ann@example.org> (Ann's message of Sunday)\n", nil, true},
		"the second of two":   {from + "In-Reply-To: <0@example.net> <1.ann@example.org>\n", nil, true},
		"by References alone": {from + "References: <0@example.net>\n <1.ann@example.org>\n", nil, true},
		"deep in the thread":  {from + "References: <1.ann@example.org> <2@example.net>\n", nil, false},
		"of something else":   {from + "In-Reply-To: <2.ann@example.org>\nReferences: <1.ann@example.org>\n", nil, false},
		"to nothing":          {from, nil, false},
		"to an empty field":   {from + "In-Reply-To:\n", nil, false},
		"no end":              {from + "References: <1.ann@example.org\n", nil, false},
		"in capitals":         {replied, []string{"ANN@Example.org"}, true},
		"twice the same":      {replied, []string{"ann@example.org", "Ann@example.org"}, true},
		"to another one":      {replied, []string{"eve@example.org"}, false},
		"to one more":         {replied, []string{"ann@example.org", "eve@example.org"}, false},
		"to nobody":           {replied, []string{}, false},
	} {
		env := answer()
		if c.to != nil {
			env.Rcpts = c.to
		}
		expect(t, s, what, c.header, env, c.want)
	}
	s = open(t, replies.Options{}, memory(), func(o *winnow.Options) { o.Profile = winnow.RspamdExact() })
	expect(t, s, "the letter", letter, sent(), false)
	expect(t, s, "to the letter, with a remark", from+"In-Reply-To: <1.ann@example.org> (x)\n", answer(), false)
	expect(t, s, "to the letter, by References", from+"References: <1.ann@example.org>\n", answer(), false)
	expect(t, s, "to the letter", replied, answer(), true)
}

// What is recorded.
func TestLetters(t *testing.T) {
	local := sent()
	local.User, local.ClientIP = "", netip.MustParseAddr("127.0.0.1")
	foreign := sent()
	foreign.User = ""
	for what, c := range map[string]struct {
		o      replies.Options
		header string
		env    mail.Envelope
		to     string
		want   bool
	}{
		"of the own networks":     {replies.Options{}, letter, local, "", true},
		"but not these":           {replies.Options{NoLocal: true}, letter, local, "", false},
		"but no users":            {replies.Options{NoAuthenticated: true}, letter, sent(), "", false},
		"of a stranger":           {replies.Options{}, letter, foreign, "", false},
		"with Reply-To":           {replies.Options{}, letter + "Reply-To: desk@example.org, x@example.org\n", sent(), "desk@example.org", true},
		"with a bad Reply-To":     {replies.Options{}, letter + "Reply-To: ,\n", sent(), "", false},
		"without From":            {replies.Options{}, "Message-ID: <1.ann@example.org>\n", sent(), "", true},
		"that will be rejected":   {replies.Options{}, letter + "Subject: x\n\nbad\n", sent(), "", false},
		"without Message-ID":      {replies.Options{}, "From: ann@example.org\n", sent(), "", false},
		"with a long one":         {replies.Options{MinMessageID: 18}, letter, sent(), "", true},
		"with one too short":      {replies.Options{MinMessageID: 19}, letter, sent(), "", false},
		"with a remark behind it": {replies.Options{}, "From: ann@example.org\nMessage-ID: <1.ann@example.org> (x)\n", sent(), "", true},
	} {
		s := open(t, c.o, memory())
		expect(t, s, what, c.header, c.env, false)
		env := answer()
		if c.to != "" {
			env.Rcpts = []string{c.to}
		}
		expect(t, s, what, replied, env, c.want)
	}
}

func TestAction(t *testing.T) {
	s := open(t, replies.Options{Action: actions.NoAction, Message: "It is a reply"}, memory())
	expect(t, s, "the letter", letter, sent(), false)
	res := expect(t, s, "the reply", replied+"Subject: x\n\nbad\n", answer(), true)
	if res.PreResult == nil || res.PreResult.Check != "replies" || res.PreResult.Message != "It is a reply" || res.Has("BAD") || res.Action != actions.NoAction {
		t.Errorf("%s: %+v", res.Action, res.PreResult)
	}
	own := answer()
	own.User = "bob"
	if res = expect(t, s, "of a user", replied+"Subject: x\n\nbad\n", own, true); res.PreResult != nil || res.Action != actions.Reject {
		t.Errorf("%s: %+v", res.Action, res.PreResult)
	}
}

// Who replied is kept, for a time and up to a number.
func TestSets(t *testing.T) {
	store := memory()
	s := open(t, replies.Options{MaxLocal: 2, MaxGlobal: 2}, store)
	for i, rcpt := range []string{"a@example.org", "b@example.org", "c@example.org", "c@example.org"} {
		id := fmt.Sprintf("<%d@example.org>", i)
		env := sent()
		env.From = rcpt
		expect(t, s, "letter", "From: "+rcpt+"\nMessage-ID: "+id+"\n", env, false)
		env = answer()
		env.Rcpts = []string{rcpt}
		header := "From: bob@example.net\nReply-To: Bob@example.net\nIn-Reply-To: " + id + "\n"
		expect(t, s, "refused", header+"\nbad\n", env, true)
		expect(t, s, "reply", header, env, true)
	}
	names := func(set string) (list []string) {
		members, err := store.Members(t.Context(), set, 0, 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			list = append(list, m.Name)
		}
		return list
	}
	if got := names(replies.LocalSet("bob@example.net")); !slices.Equal(got, []string{"c@example.org", "b@example.org"}) {
		t.Errorf("local: %q", got)
	}
	if got := names(replies.GlobalSet()); len(got) != 2 || got[0] != "c@example.org" {
		t.Errorf("global: %q", got)
	}
	if score, err := store.RankOf(t.Context(), replies.GlobalSet(), "c@example.org"); err != nil || score != 2 {
		t.Errorf("%v, %v", score, err)
	}
}

// A scan asks once and writes once; one of a message that answers nothing and
// may get no reply does neither.
func TestTrips(t *testing.T) {
	store := statetest.Wrap(memory())
	s := open(t, replies.Options{}, store)
	for _, c := range []struct {
		what, header string
		env          mail.Envelope
		want         int64
	}{
		{"a letter", letter, sent(), 1}, {"a reply", replied, answer(), 2}, {"no reply", "In-Reply-To: <2@example.org>\n", answer(), 1}, {"neither", "From: x@example.net\n", answer(), 0},
	} {
		store.Calls.Store(0)
		if scan(t, s, c.header, c.env); store.Calls.Load() != c.want {
			t.Errorf("%s: %d trips, want %d", c.what, store.Calls.Load(), c.want)
		}
	}
}

// A store that is dead or slow makes nothing a reply and says so; a message of
// which that was true is not recorded, and all is well when it is back.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(memory())
		s := open(t, replies.Options{}, store)
		defer s.Close(t.Context())
		scan(t, s, letter, sent())
		for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			for what, res := range map[string]*winnow.Result{"reply": scan(t, s, replied, answer()), "letter": scan(t, s, letter, sent())} {
				if res.Has("REPLY") || res.Action != actions.NoAction || len(res.Incomplete) == 0 || res.Incomplete[0].Check != "replies" {
					t.Errorf("%s, state %d: %s, %+v", what, state, res.Action, res.Incomplete)
				}
			}
			store.Be(statetest.Up)
			expect(t, s, "back again", replied, answer(), true)
		}
	})
}

// What was acknowledged outlives the process.
func TestKilled(t *testing.T) {
	store := statetest.Crash(t, func(store storage.Store) {
		scan(t, open(t, replies.Options{}, store), letter, sent())
	})
	expect(t, open(t, replies.Options{}, store), "after the crash", replied, answer(), true)
}

// Two scanners on one Redis know the same.
func TestTwoScanners(t *testing.T) {
	server := redistest.Start(t)
	var both [2]*winnow.Scanner
	for i := range both {
		both[i] = open(t, replies.Options{}, redistest.Open(t, redis.Options{Addrs: []string{server.Addr}}))
	}
	expect(t, both[0], "the letter", letter, sent(), false)
	expect(t, both[1], "the reply", replied, answer(), true)
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]replies.Options{
		"replies: Expire: -1ns is negative":                  {Expire: -1},
		"replies: MaxLocal: -1 is not between 0 and 1048576": {MaxLocal: -1},
	} {
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if o := (standard.Options{Replies: &replies.Options{}}); o.Validate() != nil {
		t.Error(o.Validate())
	}
	if f := replies.New(replies.Options{Off: true}); len(f.Checks) != 0 {
		t.Error("off, and has checks")
	}
	s := open(t, replies.Options{}, nil)
	expect(t, s, "without a store", replied, answer(), false)
}

func BenchmarkReply(b *testing.B) {
	s := open(b, replies.Options{}, memory())
	scan(b, s, letter, sent())
	b.ReportAllocs()
	for b.Loop() {
		scan(b, s, replied, answer())
	}
}

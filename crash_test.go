package winnow_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/history"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// A rememberer is a pair of Scanners on one store, with what the families that
// remember know: one puts everything off, the other one nothing.
type rememberer struct {
	strict, lax *winnow.Scanner
	rows        *history.History
}

func remembering(t *testing.T, store storage.Store, now time.Time) rememberer {
	t.Helper()
	always := -1000.0
	var r rememberer
	var err error
	if r.rows, err = history.New(history.Options{Store: store, Rows: 10}); err != nil {
		t.Fatal(err)
	}
	open := func(families standard.Options, after ...winnow.After) *winnow.Scanner {
		o := builtin()
		o.Families, o.Store, o.Clock, o.After = standard.Families(families), store, func() time.Time { return now }, after
		o.Timeout = time.Minute
		s := newScanner(t, o)
		t.Cleanup(func() { closeNow(t, s) })
		return s
	}
	r.strict = open(standard.Options{Greylist: &greylist.Options{MinScore: &always}})
	r.lax = open(standard.Options{
		Reputation: &reputation.Options{Rules: []reputation.Rule{{Kind: reputation.From, Symbol: "FROM_REPUTATION", Weight: 1, LowerBound: -1}}},
		Replies:    &replies.Options{}, KnownSenders: &knownsenders.Options{Domains: []string{"example.org"}},
		Ratelimit: ratelimit.Options{Limits: []ratelimit.Limit{{Name: "from", Buckets: []ratelimit.Bucket{{Burst: 2, Rate: 1e-6}}}}},
	}, r.rows.After())
	return r
}

// send scans a letter and returns the symbols of the families.
func send(t *testing.T, s *winnow.Scanner, env mail.Envelope, header string) (raised []string) {
	t.Helper()
	env.HasFrom = true
	raw := "From: " + env.From + "\r\nTo: " + env.Rcpts[0] + "\r\nSubject: x\r\n" + header + "\r\nHello.\r\n"
	res := scanned(t, s, &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw))})
	if len(res.Incomplete) > 0 {
		t.Errorf("incomplete: %v", res.Incomplete)
	}
	for _, name := range []string{"GREYLIST", "REPLY", "KNOWN_SENDER", "UNKNOWN_SENDER", "RATELIMITED", "FROM_REPUTATION"} {
		if h := res.Symbol(name); h != nil {
			if name == "GREYLIST" {
				name += " " + h.Options[0]
			}
			raised = append(raised, name)
		}
	}
	return raised
}

// TestCrash: what each family had the store acknowledge is there after kill -9.
func TestCrash(t *testing.T) {
	ann := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.7"), From: "ann@example.org", Rcpts: []string{"bob@example.net"}}
	bob := mail.Envelope{ClientIP: ann.ClientIP, User: "bob", From: "bob@example.net", Rcpts: []string{"ann@example.org"}}
	first := "Message-ID: <1@example.org>\r\n"
	store := statetest.Crash(t, func(store storage.Store) {
		r := remembering(t, store, wholeNow())
		send(t, r.strict, ann, first)
		send(t, r.lax, bob, "Message-ID: <2@example.net>\r\n")
		send(t, r.lax, ann, first)
	})
	r := remembering(t, store, wholeNow().Add(10*time.Minute))
	if rows, err := r.rows.Search(context.Background(), history.Query{}); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	for _, c := range []struct {
		what string
		s    *winnow.Scanner
		head string
		want []string
	}{
		{"what was put off comes again", r.strict, first, []string{"GREYLIST pass"}},
		{"an answer of a known sender, the second letter of two", r.lax, "In-Reply-To: <2@example.net>\r\n", []string{"REPLY", "KNOWN_SENDER", "FROM_REPUTATION"}},
		{"the third", r.lax, first, []string{"KNOWN_SENDER", "RATELIMITED"}},
	} {
		if got := send(t, c.s, ann, c.head); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

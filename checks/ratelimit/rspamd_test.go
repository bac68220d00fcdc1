package ratelimit_test

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

const rspamdLimits = `ratelimit { rates {
  to = { bucket { burst = 3; rate = "3 / 1h"; } }
  ip_from = { bucket { burst = 40; rate = "40 / 1d"; skip_recipients = true; } }
  bounce_to_ip = { bucket { burst = 4; rate = "1 / 1h"; } }
  user = { bucket = "2k / 1d"; }
} }
`

// sharedOptions are the limits of rspamdLimits. Rspamd 3.4 changes buckets with good
// and bad mail; none of these mails is either.
func sharedOptions(t *testing.T) ratelimit.Options {
	o := ratelimit.Options{Dynamic: true}
	for name, rates := range map[string]string{"to": "3 / 1h", "ip_from": "40 / 1d", "bounce_to_ip": "4:1 / 1h", "user": "2k / 1d"} {
		o.Limits = append(o.Limits, ratelimit.Limit{Name: name, Buckets: buckets(t, rates)})
	}
	slices.SortFunc(o.Limits, func(a, b ratelimit.Limit) int { return strings.Compare(a.Name, b.Name) })
	o.Limits[1].Buckets[0].PerMessage = true
	return o
}

// Rspamd 3.4 and we share one Redis: what one has filled is full for the other, and
// both have the same names for the buckets.
func TestSharedWithRspamd(t *testing.T) {
	const letter = "From: ann@example.org\r\nSubject: hello\r\n\r\nhello\r\n"
	server := redistest.Start(t)
	rspamd := rspamdtest.Start(t, server.Addr, []string{"ratelimit"}, rspamdLimits, "")
	store := openRedis(t, server)
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{ratelimit.New(sharedOptions(t))}, Store: store, StoreBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	scan := func(env mail.Envelope) actions.Action {
		t.Helper()
		env.HasFrom = true
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(letter))})
		if err != nil || len(res.Incomplete) > 0 {
			t.Fatal(err, res)
		}
		return res.Action
	}
	theirs := func(env mail.Envelope) actions.Action {
		t.Helper()
		return actions.Action(rspamd.Scan([]byte(letter), map[string]string{
			"IP": env.ClientIP.String(), "From": cmp.Or(env.From, "<>"), "User": env.User, "Rcpt": strings.Join(env.Rcpts, ","),
		}).Action)
	}
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "Ann@Example.org", User: "ann", Rcpts: []string{"Bob@example.com"}}
	two, bounce := env, env
	two.Rcpts = []string{"carol@example.com", "dan@example.com"}
	bounce.From, bounce.Rcpts = "", []string{"erin@example.com"}
	const yes, no = actions.NoAction, actions.SoftReject
	for i, step := range []struct {
		by   func(mail.Envelope) actions.Action
		env  mail.Envelope
		want actions.Action
	}{
		{theirs, env, yes}, {scan, env, yes}, {theirs, env, yes}, {scan, env, no}, {theirs, env, no}, {scan, env, no},
		{scan, two, yes}, {theirs, two, no}, {scan, two, no},
		{scan, bounce, yes}, {theirs, bounce, yes}, {scan, bounce, yes}, {scan, bounce, no}, {theirs, bounce, no},
	} {
		if got := step.by(step.env); got != step.want {
			t.Errorf("step %d, %s: %s, want %s", i+1, step.env.Rcpts, got, step.want)
		}
	}
	// Had names differed there would be more: for two senders, three first
	// recipients, a bounce and a user.
	keys := strings.Fields(server.Must("KEYS", "RL*"))
	keys = slices.DeleteFunc(keys, func(k string) bool { return k == ratelimit.List })
	if len(keys) != 7 {
		t.Errorf("%d buckets: %q, want 7", len(keys), keys)
	}
	list, err := ratelimit.LastFull(t.Context(), store, time.Now())
	if err != nil || len(list) == 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	i := slices.IndexFunc(list, func(s ratelimit.State) bool { return s.Value == "bob@example.com" })
	if i < 0 {
		t.Fatalf("%+v", list)
	}
	if err := ratelimit.Unblock(t.Context(), store, list[i].Key); err != nil {
		t.Fatal(err)
	}
	if got := theirs(env); got != yes {
		t.Errorf("after it was unblocked: %s", got)
	}
}

// The rows of Rspamd's own tests about rate limits.
func TestRspamdCases(t *testing.T) {
	text, err := os.ReadFile(shared.Path(t, "suites/rspamd-cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(shared.Path(t, "suites/rspamd/messages/zip.eml"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	o := ratelimit.Options{Limits: []ratelimit.Limit{
		{Name: "bounce_to_ip", Buckets: buckets(t, "4:1 / 1s")},
		{Name: "to_selector_xxx", Buckets: buckets(t, "2:1 / 1s"), Selector: func(t *checks.Task) []string {
			if slices.Contains(t.Envelope().Rcpts, "special@example.net") {
				return []string{"special:special@example.net"}
			}
			return nil
		}},
	}}
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{ratelimit.New(o)}, Clock: clock,
		Store: storage.NewMemory(storage.MemoryOptions{Clock: clock}), StoreBudget: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	scan := func(env mail.Envelope) actions.Action {
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)})
		if err != nil {
			t.Fatal(err)
		}
		return res.Action
	}
	rows, right := 0, 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 10 || f[1] != "500_ratelimit.robot" {
			continue
		}
		var head struct{ From, IP, Rcpt string }
		var want [][]string
		if err := errorOf(json.Unmarshal([]byte(f[6]), &head), json.Unmarshal([]byte(f[9]), &want)); err != nil {
			t.Fatal(err)
		}
		env := mail.Envelope{ClientIP: netip.MustParseAddr(head.IP), From: head.From, HasFrom: true, Rcpts: []string{head.Rcpt}}
		rows++
		// Their test sends as many as the burst before the second row, and waits a
		// second before the third.
		switch f[3] {
		case "1":
			if got := scan(env); got != actions.NoAction {
				t.Errorf("before row 1: %s", got)
			}
		case "3":
			now = now.Add(time.Second)
		}
		if got := scan(env); len(want) == 1 && string(got) == want[0][1] {
			right++
		} else {
			t.Errorf("row %s: %s, want %q", f[3], got, want)
		}
	}
	t.Logf("%d of %d expectations", right, rows)
	if rows == 0 {
		t.Error("there are no rows")
	}
}

func errorOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

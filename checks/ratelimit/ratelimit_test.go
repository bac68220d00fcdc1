package ratelimit_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A world is a scanner with limits, and a clock of its own.
type world struct {
	*testing.T
	store   storage.Store
	now     time.Time
	scanner *winnow.Scanner
	env     mail.Envelope
	seeds   []checks.Seeded
	profile winnow.Profile
	// exceeded are the limits that the last mail was put off by.
	exceeded []ratelimit.Limited
}

func newWorld(t *testing.T, o ratelimit.Options) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)}
	w.store = storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return w.now }})
	w.env = mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), ClientName: "mail.example.net", Helo: "mail.example.net",
		From: "Ann+news@Example.org", HasFrom: true, Rcpts: []string{"Bob@example.com"},
	}
	w.scanner = w.open(o)
	return w
}

// open makes a scanner on the world's store. Words in the text of a mail have a
// score, or decide it.
func (w *world) open(o ratelimit.Options) *winnow.Scanner {
	w.Helper()
	if o.Message == nil {
		o.Message = func(l ratelimit.Limited) string {
			w.exceeded = append(w.exceeded, l)
			return fmt.Sprintf("Ratelimit %q exceeded", l.Limit)
		}
	}
	var points []*symbols.Def
	def := func(name string, weight float64) *symbols.Def {
		points = append(points, &symbols.Def{Name: name, Doc: "for the test", Weight: weight})
		return points[len(points)-1]
	}
	words := map[string][]*symbols.Def{
		"good": {def("GOOD", -2)}, "bad": {def("BAD1", 3), def("BAD2", 3), def("BAD3", 2)}, "worst": {def("WORST1", 20), def("WORST2", 20)},
	}
	c := &checks.Check{Name: "points", Doc: "gives points", Symbols: points, Run: func(_ context.Context, t *checks.Task) error {
		text := string(t.Message().Body())
		for word, defs := range words {
			for _, d := range defs {
				if strings.Contains(text, word) {
					t.Hit(d)
				}
			}
		}
		for _, a := range []actions.Action{actions.SoftReject, actions.Reject} {
			if strings.Contains(text, "decided: "+string(a)) {
				t.PreResult(actions.PreResult{Action: a})
			}
		}
		return nil
	}}
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{ratelimit.New(o)}, Checks: []*checks.Check{c}, Store: w.store, StoreBudget: -1, Profile: w.profile,
		Clock: func() time.Time { return w.now },
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// scan scans a text and has its transcript replayed.
func (w *world) scan(text string) *winnow.Result {
	w.Helper()
	raw := []byte("From: ann@example.org\r\nSubject: hello\r\n\r\n" + text + "\r\n")
	m := &winnow.Message{Envelope: w.env, Body: winnow.FromBytes(raw), Record: true}
	w.exceeded = nil
	res, err := w.scanner.Scan(w.Context(), m, w.seeds...)
	if err != nil {
		w.Fatal(err)
	}
	defer func(list []ratelimit.Limited) { w.exceeded = list }(w.exceeded) // without the replay's
	again, err := res.Transcript.Replay(w.Context(), w.scanner)
	if err != nil || len(again.Unrecorded) > 0 || told(again) != told(res) {
		w.Errorf("%q: %s, and its replay %s, %v, %v", text, told(res), told(again), again.Unrecorded, err)
	}
	return res
}

// told is what a result says of limits, without keys.
func told(res *winnow.Result) string {
	if res == nil {
		return "nothing"
	}
	text := string(res.Action)
	for _, s := range res.Symbols {
		if !slices.Contains(s.Def.Groups, "ratelimit") {
			continue
		}
		text += " " + s.Name
		for _, o := range s.Options {
			name, _, _ := strings.Cut(o, "(")
			text += " " + name
		}
	}
	for _, in := range res.Incomplete {
		text += " !" + in.Check
	}
	return text
}

// expect scans n mails and compares what is told of each.
func (w *world) expect(n int, text, want string) *winnow.Result {
	w.Helper()
	var res *winnow.Result
	for i := range n {
		if res = w.scan(text); told(res) != want {
			w.Errorf("mail %d at %v: %s, want %s", i+1, w.now.Format(time.TimeOnly), told(res), want)
		}
	}
	return res
}

func buckets(t *testing.T, text string) []ratelimit.Bucket {
	t.Helper()
	list, err := ratelimit.ParseBuckets(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func limit(t *testing.T, name, rates string) ratelimit.Options {
	return ratelimit.Options{Limits: []ratelimit.Limit{{Name: name, Buckets: buckets(t, rates)}}}
}

const limited = "soft reject RATELIMITED to"

func TestBurst(t *testing.T) {
	w := newWorld(t, limit(t, "to", "3 / 1min"))
	w.expect(3, "hello", "no action")
	res := w.expect(2, "hello", limited)
	if res.Reply.Code != 451 || !strings.Contains(res.Reply.Text, `Ratelimit "to" exceeded`) || res.PreResult.Check != "ratelimit" {
		t.Errorf("%+v, %+v", res.Reply, res.PreResult)
	}
	list := w.exceeded
	if len(list) != 1 || list[0].Value != "bob@example.com" || list[0].Level != 3 || list[0].N != 1 || list[0].First {
		t.Errorf("%+v", list)
	}
	w.now = w.now.Add(20 * time.Second)
	w.expect(1, "hello", "no action")
	w.expect(1, "hello", limited)
	w.env.Rcpts = []string{"eve@example.com"}
	w.expect(3, "hello", "no action")
}

// Each recipient counts, unless the bucket counts messages; where more come at once
// than there is room for, they never do.
func TestRecipients(t *testing.T) {
	w := newWorld(t, limit(t, "from", "5 / 1min"))
	w.env.Rcpts = []string{"a@example.com", "b@example.com"}
	w.expect(2, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED from")
	w.env.Rcpts = w.env.Rcpts[:1]
	w.expect(1, "hello", "no action")
	w.env.Rcpts = nil // one at least
	w.expect(1, "hello", "soft reject RATELIMITED from")

	o := limit(t, "from", "2 / 1min")
	o.Limits[0].Buckets[0].PerMessage = true
	w = newWorld(t, o)
	w.env.Rcpts = []string{"a@example.com", "b@example.com", "c@example.com"}
	w.expect(2, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED from")

	w = newWorld(t, limit(t, "from", "2 / 1min"))
	w.env.Rcpts = []string{"a@example.com", "b@example.com", "c@example.com"}
	w.expect(2, "hello", "soft reject RATELIMITED from")
}

func TestEachRecipient(t *testing.T) {
	o := limit(t, "to_ip", "2 / 1min")
	o.Limits[0].EachRcpt = true
	w := newWorld(t, o)
	w.env.Rcpts = []string{"a@example.com", "b@example.com", "A@example.com"}
	w.expect(2, "hello", "no action")
	w.env.Rcpts = []string{"c@example.com", "b@example.com"}
	w.expect(1, "hello", "soft reject RATELIMITED to_ip")
	w.env.Rcpts = []string{"c@example.com"}
	w.expect(2, "hello", "no action")
}

// The names of buckets are what Rspamd makes of the same words.
func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		value  string // "": there is no limit
	}{
		"from":           {nil, "ann+news@example.org"},
		"to":             {nil, "bob@example.com"},
		"ip":             {nil, "192.0.2.1"},
		"rip_from":       {nil, "192.0.2.1:ann+news@example.org"},
		"rip":            {func(w *world) { w.env.ClientIP = netip.MustParseAddr("127.0.0.1") }, ""},
		"ip_to":          {func(w *world) { w.env.ClientIP = netip.MustParseAddr("2001:db8::1") }, "2001:db8::1:bob@example.com"},
		"user":           {func(w *world) { w.env.User = "Ann@example.org" }, "Ann@example.org"},
		"user_to":        {nil, ""},
		"bounce_ip":      {nil, ""},
		"bounce":         {func(w *world) { w.env.From = "" }, "_"},
		"bounce_to":      {func(w *world) { w.env.From = "mailer-daemon@example.net" }, "_:bob@example.com"},
		"asn":            {func(w *world) { w.seeds = []checks.Seeded{checks.Seed(asn.Fact, asn.Result{ASN: 64500})} }, "64500"},
		"asn_ip":         {nil, ""},
		"to_from":        {func(w *world) { w.env.HasFrom, w.env.From = false, "" }, "bob@example.com:ann@example.org"},
		"files_digest":   {nil, ""},
		"attachments_to": {nil, ""},
	} {
		w := newWorld(t, limit(t, name, "1 / 1min"))
		if c.change != nil {
			c.change(w)
		}
		w.scan("hello")
		w.scan("hello")
		list := w.exceeded
		if c.value == "" && len(list) == 0 {
			continue
		}
		if len(list) != 1 || list[0].Value != c.value {
			t.Errorf("%s: %+v, want %s", name, list, c.value)
		}
	}
}

// The same content is counted together whatever the rest is, and so are attachments.
func TestContent(t *testing.T) {
	mime := func(name, text string) string {
		return "attached\r\n\r\n--b\r\nContent-Type: application/pdf; name=" + name + "\r\n\r\n" + text + "\r\n--b--"
	}
	for _, c := range []struct{ limit, one, same, other string }{
		{"digest", "hello", "hello", "bye"},
		{"files", mime("a.pdf", "1"), mime("a.pdf", "2"), mime("b.pdf", "1")},
		{"attachments", mime("a.pdf", "1"), mime("b.pdf", "1"), mime("a.pdf", "2")},
	} {
		w := newWorld(t, limit(t, c.limit, "1 / 1min"))
		scan := func(text string) actions.Action {
			raw := "From: ann@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + "\r\n"
			res, err := w.scanner.Scan(t.Context(), &winnow.Message{Envelope: w.env, Body: winnow.FromBytes([]byte(raw))})
			if err != nil {
				t.Fatal(err)
			}
			return res.Action
		}
		got := [3]actions.Action{scan(c.one), scan(c.same), scan(c.other)}
		if got != [3]actions.Action{actions.NoAction, actions.SoftReject, actions.NoAction} {
			t.Errorf("%s: %v", c.limit, got)
		}
	}
}

// All buckets of a message have room, or none is filled.
func TestSeveral(t *testing.T) {
	o := limit(t, "to", "2 / 1min, 20 / 1h")
	o.Limits = append(o.Limits, ratelimit.Limit{Name: "from", Buckets: buckets(t, "4 / 1min")})
	w := newWorld(t, o)
	w.expect(2, "hello", "no action")
	w.expect(5, "hello", limited)
	w.env.Rcpts = []string{"eve@example.com"}
	w.expect(2, "hello", "no action") // what was put off has not counted for the sender
	w.expect(1, "hello", "soft reject RATELIMITED to from")
}

// What is put off later gives back what it took, and so does what a pre-result
// rejects, as with Rspamd; what its score rejects was let through by the limit.
func TestGivesBack(t *testing.T) {
	w := newWorld(t, limit(t, "to", "2 / 1min"))
	w.expect(5, "decided: soft reject", "soft reject")
	w.expect(5, "decided: reject", "reject")
	w.expect(2, "worst", "reject")
	w.expect(1, "hello", limited)
}

func TestExempt(t *testing.T) {
	w := newWorld(t, limit(t, "to", "1 / 1min"))
	w.env.Rcpts = []string{"Postmaster@example.com"}
	w.expect(3, "hello", "no action")
	w.env.Rcpts = []string{"bob@example.com", "postmaster@example.com"}
	w.expect(1, "hello", "no action")
	w.expect(1, "hello", limited) // another recipient does not open the way

	w = newWorld(t, limit(t, "to", "1 / 1min"))
	w.profile = winnow.RspamdExact()
	w.scanner = w.open(limit(t, "to", "1 / 1min"))
	w.env.Rcpts = []string{"bob@example.com", "postmaster@example.com"}
	w.expect(3, "hello", "no action")

	o := limit(t, "to", "1 / 1min")
	o.ExemptNetworks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}
	o.ExemptUsers = []string{"ann@example.org"}
	o.ExemptRcpts = []string{"desk@example.com"}
	w = newWorld(t, o)
	w.expect(3, "hello", "no action")
	w.env.ClientIP = netip.MustParseAddr("192.0.2.16")
	w.env.User = "Ann@example.org"
	w.expect(3, "hello", "no action")
	w.env.User = ""
	w.expect(1, "hello", "no action")
	w.expect(1, "hello", limited)
	w.env.Rcpts = []string{"desk@example.com"}
	w.expect(3, "hello", "no action")
}

func TestFoldPlus(t *testing.T) {
	o := limit(t, "from", "2 / 1min")
	o.FoldPlus = true
	w := newWorld(t, o)
	for i, want := range []string{"no action", "no action", "soft reject RATELIMITED from"} {
		w.env.From = fmt.Sprintf("ann+%d@example.org", i)
		w.expect(1, "hello", want)
	}
	w.env.From = "+ann@example.org" // this is no tag
	w.expect(1, "hello", "no action")
}

// Symbols in place of putting off; such a bucket measures what comes.
func TestSymbols(t *testing.T) {
	o := limit(t, "to", "1 / 1min")
	o.Symbol = "R_RATELIMIT"
	w := newWorld(t, o)
	w.expect(1, "hello", "no action")
	w.expect(3, "hello", "no action R_RATELIMIT to")
	w.now = w.now.Add(2 * time.Minute)
	w.expect(1, "hello", "no action R_RATELIMIT to")

	o = limit(t, "to", "1 / 1min, 3 / 1h")
	o.InfoSymbol = "TOO_FAST"
	o.Limits[0].Buckets[0].Symbol = "FAST"
	o.Limits[0].Buckets[1].Message = "slow down"
	w = newWorld(t, o)
	w.expect(1, "hello", "no action")
	w.expect(2, "hello", "no action FAST to")
	if res := w.expect(1, "hello", "soft reject FAST to TOO_FAST to"); !strings.HasSuffix(res.Reply.Text, "slow down") {
		t.Errorf("%+v", res.Reply)
	}

	o = limit(t, "to", "1 / 1min")
	o.Limits[0].Buckets[0].NoSoftReject = true
	w = newWorld(t, o)
	w.expect(1, "hello", "no action")
	w.expect(2, "hello", "no action RATELIMITED to")

	o = limit(t, "to", "1 / 1min")
	o.Message = func(l ratelimit.Limited) string { return "not more than " + l.Bucket.Text() }
	w = newWorld(t, o)
	w.expect(1, "hello", "no action")
	if res := w.expect(1, "hello", limited); !strings.HasSuffix(res.Reply.Text, "not more than 1 / 1min") {
		t.Errorf("%+v", res.Reply)
	}
}

// Good mail makes a dynamic bucket larger and bad mail smaller.
func TestDynamic(t *testing.T) {
	for text, c := range map[string]struct {
		more int // mails beyond the 10
		want string
	}{
		"hello": {0, "no action"}, "good": {2, "no action"}, "bad": {-2, "add header"}, "worst": {-2, "reject"},
	} {
		o := limit(t, "to", "10 / 1d")
		o.Dynamic = true
		w := newWorld(t, o)
		w.expect(10+c.more, text, c.want)
		w.expect(1, text, limited)
	}
	o := limit(t, "to", "4 / 1d")
	o.Limits[0].Buckets[0].Factors = ratelimit.Factors{HamBurst: 2, MaxBurst: 3}
	w := newWorld(t, o)
	w.expect(12, "good", "no action")
	w.expect(1, "good", limited)
}

// Where settings turn limits off nothing is counted.
func TestOffBySettings(t *testing.T) {
	w := newWorld(t, limit(t, "to", "1 / 1min"))
	store := &flaky{Store: w.store}
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{ratelimit.New(limit(t, "to", "1 / 1min"))}, Store: store, StoreBudget: -1,
		Settings: func(context.Context, winnow.SettingsRequest) (*winnow.Settings, error) {
			return &winnow.Settings{Layer: winnow.Layer{Disable: []string{"ratelimit"}}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for range 3 {
		m := &winnow.Message{Envelope: w.env, Body: winnow.FromBytes([]byte("From: ann@example.org\r\n\r\nhello\r\n"))}
		if res, err := s.Scan(t.Context(), m); err != nil || res.Action != actions.NoAction {
			t.Error(res, err)
		}
	}
	if n := store.takes.Load(); n != 0 {
		t.Errorf("the store was asked %d times", n)
	}
}

// docker-mailserver's profile has nothing but DKIM for mail of users, and limits.
func TestUsersOfProfile(t *testing.T) {
	w := newWorld(t, limit(t, "user", "1 / 1min"))
	s, err := winnow.New(winnow.Options{
		Families: standard.Families(standard.Options{Ratelimit: limit(t, "user", "1 / 1min")}.WithoutMaps()), Store: w.store, StoreBudget: -1, Profile: winnow.DMS(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	w.env.User = "ann"
	for _, want := range []string{"no action", "soft reject RATELIMITED user"} {
		m := &winnow.Message{Envelope: w.env, Body: winnow.FromBytes([]byte("From: ann@example.org\r\n\r\n"))}
		if res, err := s.Scan(t.Context(), m); err != nil || told(res) != want {
			t.Errorf("%s, %v, want %s", told(res), err, want)
		}
	}
}

// A limit of the host's own, with what it likes.
func TestSelector(t *testing.T) {
	o := limit(t, "a domain's", "2 / 1min")
	o.Limits[0].Selector = func(t *checks.Task) []string {
		if !t.Envelope().HasFrom {
			return nil
		}
		return []string{t.Message().EnvelopeFrom().Domain}
	}
	w := newWorld(t, o)
	w.expect(2, "hello", "no action")
	w.env.From = "eve@Example.org"
	w.expect(1, "hello", "soft reject RATELIMITED a domain's")
	w.env.HasFrom, w.env.From = false, ""
	w.expect(3, "hello", "no action")
}

// A limit by an expression of Rspamd's: of the joined values each has its bucket.
func TestSelect(t *testing.T) {
	o := limit(t, "my own", "2 / 1min")
	o.Limits[0].Select = "from('smtp'):domain.lower;rcpts('smtp'):addr.lower"
	w := newWorld(t, o)
	w.expect(2, "hello", "no action")
	w.env.From = "eve@Example.org"
	if w.expect(1, "hello", "soft reject RATELIMITED my own"); w.exceeded[0].Value != "example.org:bob@example.com" {
		t.Errorf("%+v", w.exceeded)
	}
	w.env.Rcpts = []string{"carl@example.com"}
	w.expect(2, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED my own")
	w.env.From = "eve@example.net"
	w.expect(2, "hello", "no action")
	// What other checks find is waited for, as the word asn is.
	o.Limits[0].Select = "asn"
	w = newWorld(t, o)
	w.expect(3, "hello", "no action")
	w.seeds = []checks.Seeded{checks.Seed(asn.Fact, asn.Result{ASN: 64500})}
	w.expect(2, "hello", "no action")
	w.expect(1, "hello", "soft reject RATELIMITED my own")
}

func TestValidate(t *testing.T) {
	one := []ratelimit.Bucket{{Burst: 1}}
	for want, o := range map[string]ratelimit.Options{
		"ratelimit: Limits[0].Name: missing":               {Limits: []ratelimit.Limit{{Buckets: one}}},
		`ratelimit: Limits[0].Name: "to_me" has the word`:  {Limits: []ratelimit.Limit{{Name: "to_me", Buckets: one}}},
		"ratelimit: Limits[0].Buckets: missing":            {Limits: []ratelimit.Limit{{Name: "to"}}},
		`ratelimit: Limits[1].Name: "to" is there twice`:   {Limits: []ratelimit.Limit{{Name: "to", Buckets: one}, {Name: "to", Buckets: one}}},
		`ratelimit: Limits[0].EachRcpt: "ip" has no word`:  {Limits: []ratelimit.Limit{{Name: "ip", EachRcpt: true, Buckets: one}}},
		"ratelimit: Limits[0].Buckets[0].Burst: 0 is not":  {Limits: []ratelimit.Limit{{Name: "to", Buckets: []ratelimit.Bucket{{Rate: 1}}}}},
		"ratelimit: Limits[0].Buckets[0].Rate: -1 is no":   {Limits: []ratelimit.Limit{{Name: "to", Buckets: []ratelimit.Bucket{{Burst: 1, Rate: -1}}}}},
		`ratelimit: Limits[0].Buckets[0].Symbol: "A B" is`: {Limits: []ratelimit.Limit{{Name: "to", Buckets: []ratelimit.Bucket{{Burst: 1, Symbol: "A B"}}}}},
		`ratelimit: Limits[0].Select: selector "fro"`:      {Limits: []ratelimit.Limit{{Name: "x y", Buckets: one, Select: "fro"}}},
		"ratelimit: Limits[0].Select: it is not asked":     {Limits: []ratelimit.Limit{{Name: "x y", Buckets: one, Select: "from", Selector: func(*checks.Task) []string { return nil }}}},
		"ratelimit: Users.Messages[0].Burst: -1 is not":    {Users: ratelimit.Users{Messages: []ratelimit.Bucket{{Burst: -1}}}},
		"ratelimit: Factors.MaxRate: 0.5 is not between":   {Factors: ratelimit.Factors{MaxRate: .5}},
		"ratelimit: Factors.HamBurst: -1 is not between":   {Factors: ratelimit.Factors{HamBurst: -1}},
		"ratelimit: Expire: -1s is negative":               {Expire: -time.Second},
		"ratelimit: ExemptRcpts[0]: empty":                 {ExemptRcpts: []string{" "}},
		`ratelimit: InfoSymbol: "A,B" is no name`:          {InfoSymbol: "A,B"},
	} {
		if err := o.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := (ratelimit.Options{}).Validate(); err != nil {
		t.Error(err)
	}
	if f := ratelimit.New(ratelimit.Options{}); len(f.Checks) != 0 || f.Err != nil {
		t.Errorf("without limits: %+v", f)
	}
}

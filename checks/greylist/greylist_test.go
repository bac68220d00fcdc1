package greylist_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A world is a scanner that greylists, with a clock of its own.
type world struct {
	*testing.T
	store   storage.Store
	budget  time.Duration
	now     time.Time
	scanner *winnow.Scanner
	env     mail.Envelope
	seeds   []checks.Seeded
}

func newWorld(t *testing.T, o greylist.Options, layers ...winnow.Layer) *world {
	t.Helper()
	w := &world{T: t, budget: -1, now: time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)}
	w.store = storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return w.now }})
	w.env = mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), ClientName: "mail.example.net", Helo: "mail.example.net",
		From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.com"},
	}
	w.open(o, layers...)
	return w
}

// open makes the scanner: a mail with "bad" in its text has 5 points, one with
// "worse" 7, and one with "worst" is rejected.
func (w *world) open(o greylist.Options, layers ...winnow.Layer) {
	w.Helper()
	def := func(name string, weight float64) *symbols.Def {
		return &symbols.Def{Name: name, Doc: "for the test", Weight: weight}
	}
	defs := map[string]*symbols.Def{"bad": def("BAD", 5), "worse": def("WORSE", 7), "worst": def("WORST", 50), "fine": def("FINE", 0)}
	c := &checks.Check{Name: "points", Doc: "gives points", Run: func(_ context.Context, t *checks.Task) error {
		for word, d := range defs {
			if strings.Contains(string(t.Message().Body()), word) {
				t.Hit(d)
			}
		}
		return nil
	}}
	for _, word := range []string{"bad", "worse", "worst", "fine"} {
		c.Symbols = append(c.Symbols, defs[word])
	}
	opt := winnow.Options{
		Families: []*checks.Family{greylist.New(o)}, Checks: []*checks.Check{c}, Store: w.store, StoreBudget: w.budget, Clock: func() time.Time { return w.now },
	}
	if len(layers) > 0 {
		opt.Layer = layers[0]
	}
	s, err := winnow.New(opt)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = s.Close(context.Background()) })
	w.scanner = s
}

// close ends the scanner where the test's clock still runs.
func (w *world) close() {
	if err := w.scanner.Close(context.Background()); err != nil {
		w.Error(err)
	}
}

func (w *world) scan(text string) *winnow.Result {
	w.Helper()
	raw := []byte("From: ann@example.org\r\nSubject: hello\r\n\r\n" + text + "\r\n")
	res, err := w.scanner.Scan(w.Context(), &winnow.Message{Envelope: w.env, Body: winnow.FromBytes(raw), Record: true}, w.seeds...)
	if err != nil {
		w.Fatal(err)
	}
	return res
}

// expect scans and compares action and options of GREYLIST.
func (w *world) expect(text string, action actions.Action, options string) *winnow.Result {
	w.Helper()
	res := w.scan(text)
	got := "none"
	if s := res.Symbol("GREYLIST"); s != nil {
		got = strings.Join(s.Options, ",")
	}
	if res.Action != action || got != options || (action == actions.SoftReject) != (res.Reply.Code == 451) {
		w.Errorf("%q at %v: %s, %+v, GREYLIST[%s]; want %s [%s]", text, w.now.Format(time.TimeOnly), res.Action, res.Reply, got, action, options)
	}
	again, err := res.Transcript.Replay(w.Context(), w.scanner)
	if err != nil || again.Action != res.Action || len(again.Symbols) != len(res.Symbols) {
		w.Errorf("%q: the replay says %v, %v", text, again, err)
	}
	return res
}

const end = "greylisted,Tue, 03 Nov 2026 10:05:00 GMT,"

func TestLife(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	res := w.expect("bad", actions.SoftReject, end+"new record")
	if res.Reply.Text != "Try again later" || res.Reply.Enhanced != "4.7.1" || res.PreResult.Check != "greylist" {
		t.Errorf("%+v", res.Reply)
	}
	w.now = w.now.Add(299 * time.Second)
	w.expect("bad", actions.SoftReject, end+"too early")
	w.now = w.now.Add(time.Second)
	w.expect("bad", actions.NoAction, "pass,body")
	w.expect("worse", actions.AddHeader, "pass,meta") // known by its envelope
	w.now = w.now.Add(23 * time.Hour)
	w.expect("bad", actions.NoAction, "pass,body") // what passes is known a day longer
	w.now = w.now.Add(23 * time.Hour)
	w.expect("bad", actions.NoAction, "pass,body")
	w.env.From = "eve@example.org"
	w.expect("bad too", actions.NoAction, "pass,host")
	w.now = w.now.Add(37 * 24 * time.Hour)
	w.env.From = "ann@example.org"
	w.expect("bad", actions.SoftReject, "greylisted,Sat, 12 Dec 2026 08:10:00 GMT,new record")
}

// What is put off, and what never is.
func TestBand(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	w.expect("fine", actions.NoAction, "none")
	w.expect("worst", actions.Reject, "none")
	w.expect("worse", actions.SoftReject, end+"new record")
	if keys, _, err := w.store.Scan(t.Context(), "rg", "", 100); err != nil || len(keys) != 2 {
		t.Errorf("%q, %v", keys, err)
	}
	for why, change := range map[string]func(*world, *greylist.Options){
		"a user":   func(w *world, _ *greylist.Options) { w.env.User = "ann" },
		"loopback": func(w *world, _ *greylist.Options) { w.env.ClientIP = netip.MustParseAddr("127.0.0.1") },
		"a network": func(_ *world, o *greylist.Options) {
			o.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		},
		"a symbol":             func(_ *world, o *greylist.Options) { o.Symbols = []string{"FINE"} },
		"a low score":          func(_ *world, o *greylist.Options) { o.MinScore = ptr(6) },
		"a host":               func(_ *world, o *greylist.Options) { o.Hosts = []string{"MAIL.example.net"} },
		"a host's domain":      func(_ *world, o *greylist.Options) { o.Hosts = []string{"example.net"} },
		"a store that is down": func(w *world, o *greylist.Options) { w.store = storage.Full(down{}) },
	} {
		var o greylist.Options
		w := newWorld(t, o)
		change(w, &o)
		w.open(o)
		want := "none"
		if strings.Contains(why, "host") {
			want = "pass,meta"
		}
		if res := w.scan("bad, fine"); res.Action != actions.NoAction || (want == "none") != (res.Symbol("GREYLIST") == nil) {
			t.Errorf("%s: %s, %+v", why, res.Action, res.Symbol("GREYLIST"))
		}
	}
}

func TestOptions(t *testing.T) {
	w := newWorld(t, greylist.Options{CheckAuthenticated: true, CheckLocal: true, Message: "Come back", ReportTime: true, Action: actions.Greylist, Timeout: time.Minute})
	w.env.User, w.env.ClientIP = "ann", netip.MustParseAddr("127.0.0.1")
	res := w.scan("bad")
	if res.Action != actions.Greylist || res.Reply.Text != "Come back: Tue, 03 Nov 2026 10:01:00 GMT" || res.Reply.Code != 451 {
		t.Errorf("%s, %+v", res.Action, res.Reply)
	}
	w = newWorld(t, greylist.Options{MinScore: ptr(-1)})
	w.expect("fine", actions.SoftReject, end+"new record")
	w = newWorld(t, greylist.Options{})
	w.seeds = nil
	w.open(greylist.Options{}, winnow.Layer{Disable: []string{"GREYLIST"}})
	w.expect("bad", actions.Greylist, "none") // switched off: nothing is put off, nothing waived
}

// A domain whose signature verified is known behind any client.
func TestSignature(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	sign := func(domain string, status dkim.Status) {
		w.seeds = []checks.Seeded{checks.Seed(dkim.Fact, []dkim.Signature{{Domain: domain, Selector: "s", Status: status}})}
	}
	sign("Example.ORG", "pass")
	w.expect("bad", actions.SoftReject, end+"new record")
	w.now = w.now.Add(5 * time.Minute)
	w.env.From, w.env.ClientIP = "bounce-17@example.org", netip.MustParseAddr("198.51.100.9")
	sign("example.org", "fail")
	if res := w.scan("bad again"); res.Action != actions.SoftReject {
		t.Errorf("a broken signature: %s", res.Action)
	}
	w.env.From = "bounce-18@example.org"
	sign("example.org", "pass")
	w.expect("bad once more", actions.NoAction, "pass,dkim")
	w.env.Rcpts = []string{"eve@example.com"}
	w.env.ClientIP = netip.MustParseAddr("203.0.113.9")
	if res := w.scan("bad to another"); res.Action != actions.SoftReject {
		t.Errorf("another recipient: %s", res.Action)
	}
	w = newWorld(t, greylist.Options{NoDKIM: true})
	sign("example.org", "pass")
	w.expect("bad", actions.SoftReject, end+"new record")
	if keys, _, err := w.store.Scan(t.Context(), "rg", "", 100); err != nil || len(keys) != 2 {
		t.Errorf("%q, %v", keys, err)
	}
}

// A sender whose MX does not answer is put off though its score is low.
func TestMX(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	w.seeds = []checks.Seeded{checks.Seed(mxcheck.Fact, []mxcheck.Verdict{{Domain: "example.org", Outcome: mxcheck.TimeoutConnect}})}
	w.expect("fine", actions.SoftReject, end+"new record")
}

// The recipient who wants no greylisting gets the mail's own action.
func TestPerRecipient(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	w.env.Rcpts = []string{"bob@example.com", "eve@example.com"}
	opt := w.scan("bad")
	if opt.Action != actions.SoftReject {
		t.Fatal(opt.Action)
	}
	memory := w.store
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{greylist.New(greylist.Options{})}, Store: memory, StoreBudget: -1,
		Checks: []*checks.Check{{Name: "points", Doc: "gives points", Symbols: []*symbols.Def{five}, Run: func(_ context.Context, t *checks.Task) error { t.Hit(five); return nil }}},
		Settings: func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			if r.Rcpt == "eve@example.com" {
				return &winnow.Settings{Layer: winnow.Layer{Disable: []string{"greylist"}}}, nil
			}
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	w.env.From = "new@example.net"
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: w.env, Body: winnow.FromBytes([]byte("From: n@example.net\r\n\r\nx\r\n"))})
	if err != nil || res.For("bob@example.com").Action != actions.SoftReject || res.For("eve@example.com").Reply.Code != 0 {
		t.Errorf("%v, %s, %+v", err, res.Action, res.For("eve@example.com").Reply)
	}
}

var five = &symbols.Def{Name: "FIVE", Doc: "for the test", Weight: 5}

// The keys of the envelope are those that Rspamd 3.4 wrote for the same mail;
// its key of the content does not have subject, recipients and author yet.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		from   string
		has    bool
		client string
		rcpts  []string
		want   string
	}{
		{"ann@example.org", true, "192.0.2.1", []string{"bob@example.com"}, "rgmxe4dmfj8sgyid37gbmhx"},
		{"", true, "192.0.2.1", []string{"bob@example.com"}, "rgm6q1ryqggq8uanayw3tpc"},
		{"", false, "192.0.2.1", []string{"bob@example.com"}, "rgm4scjbjeqwk3mu14k89rc"},
		{"ann@example.org", true, "192.0.2.200", []string{"Zed@Example.com", "bob@example.com"}, "rgmjitpi7mro66y4n7ocdwp"},
		{"ann@example.org", true, "2001:db8:1:2:3::1", []string{"bob@example.com"}, "rgm91bik5psqx94uxsubbzu"},
	} {
		w := newWorld(t, greylist.Options{})
		w.env.From, w.env.HasFrom, w.env.ClientIP, w.env.Rcpts = c.from, c.has, netip.MustParseAddr(c.client), c.rcpts
		w.scan("bad")
		keys, _, err := w.store.Scan(t.Context(), "rg", "", 100)
		slices.Sort(keys)
		if err != nil || len(keys) != 2 || !strings.HasPrefix(keys[0], "rgb") || keys[1] != c.want {
			t.Errorf("%+v: %q, %v", c, keys, err)
		}
		for _, k := range keys {
			if v, err := w.store.Get(t.Context(), k); err != nil || string(v) != "1793700000" {
				t.Errorf("%s: %q, %v", k, v, err)
			}
		}
	}
}

func TestRelease(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	w.expect("bad", actions.SoftReject, end+"new record")
	if err := greylist.Release(t.Context(), w.store, greylist.Options{}, w.env.ClientIP, "ann@example.org", "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	w.expect("bad", actions.NoAction, "pass,meta")
	if err := greylist.Release(t.Context(), storage.Full(down{}), greylist.Options{}, w.env.ClientIP, "a@example.org"); err == nil {
		t.Error("a store that is down, and no error")
	}
}

// The client behind an own relay is the one that counts.
func TestRelayed(t *testing.T) {
	w := newWorld(t, greylist.Options{})
	w.env.ClientIP = netip.MustParseAddr("10.0.0.1")
	if res := w.scan("bad"); res.Action != actions.NoAction {
		t.Errorf("from the own network: %s", res.Action)
	}
	w.seeds = []checks.Seeded{checks.Seed(relay.Fact, relay.Client{IP: netip.MustParseAddr("192.0.2.5")})}
	w.expect("bad", actions.SoftReject, end+"new record")
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]greylist.Options{
		"greylist: Timeout: -1ns is negative":                          {Timeout: -1},
		"greylist: Expire: mail is forgotten before it may come again": {Timeout: 48 * time.Hour},
		`greylist: Action: "reject" puts nothing off`:                  {Action: actions.Reject},
		"greylist: IPv4Bits: 33 is not between 0 and 32":               {IPv4Bits: 33},
		`greylist: Hosts[0]: "a b" is no domain`:                       {Hosts: []string{"a b"}},
	} {
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if o := (standard.Options{Greylist: &greylist.Options{}}); o.Validate() != nil {
		t.Error(o.Validate())
	}
}

// down is a store that answers nothing.
type down struct{ storage.KV }

var errDown = errors.New("down")

func (down) GetMany(context.Context, []string) ([][]byte, error)      { return nil, errDown }
func (down) Set(context.Context, string, []byte, time.Duration) error { return errDown }

func ptr(f float64) *float64 { return &f }

package settings

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

func section(tb testing.TB, text string) *ucl.Value {
	tb.Helper()
	doc, err := ucl.Parse("settings.conf", []byte(text), ucl.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return doc.Root
}

// listed is a file with a list.
func listed(tb testing.TB) string {
	name := filepath.Join(tb.TempDir(), "list")
	if err := os.WriteFile(name, []byte("192.0.2.7\nlisted@example.org\nmx.example.org\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}

func rules(tb testing.TB, text string) *Rules {
	tb.Helper()
	r, err := New(section(tb, strings.ReplaceAll(text, "TEST", listed(tb))), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// ruled is a Scanner with rules and two symbols that every message raises.
func ruled(tb testing.TB, r *Rules) *winnow.Scanner {
	tb.Helper()
	a := &symbols.Def{Name: "A", Doc: "a", Weight: 1, Groups: []string{"g", "both"}}
	b := &symbols.Def{Name: "B", Doc: "b", Weight: 2, Groups: []string{"h", "both"}}
	c := &checks.Check{Name: "c", Doc: "c", Symbols: []*symbols.Def{a, b}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(a)
		t.Hit(b)
		return nil
	}}
	s, err := winnow.New(winnow.Options{Settings: r.Settings, Families: []*checks.Family{r.Family(nil)}, Checks: []*checks.Check{c}, Timeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func letter() *winnow.Message {
	return &winnow.Message{
		Envelope: mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.7"), ClientName: "mx.example.org", Helo: "mx.example.org", HasFrom: true, From: "Joe.Doe@Example.org",
			Rcpts: []string{"ann@example.net", "bob@example.com"},
		},
		Body: winnow.FromBytes([]byte("From: Joe <joe@mime.example>\r\nTo: list@mime.example\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nX-Odd (1): no\r\nX-Mark: a b\r\n\r\nx\r\n")),
	}
}

func scanned(tb testing.TB, s *winnow.Scanner, m *winnow.Message, q *Request) *winnow.Result {
	tb.Helper()
	res, err := s.Scan(WithRequest(tb.Context(), q), m)
	if err != nil {
		tb.Fatal(err)
	}
	if len(res.Incomplete) > 0 {
		tb.Fatalf("%+v", res.Incomplete)
	}
	return res
}

// Every condition holds for what it names and for nothing else. A rule that
// holds takes B off, so that the score says which.
func TestConditions(t *testing.T) {
	headers := map[string]string{"X-Test": "passed"}
	for cond, want := range map[string]bool{
		`ip = "192.0.2.7"`:                                              true,
		`ip = "192.0.2.0/24"`:                                           true,
		`ip = ["198.51.100.1", "::1"]`:                                  false,
		`ip = ["::1", "192.0.2.7/32"]`:                                  true,
		`ip = "map:TEST"`:                                               true,
		`ip_map = "TEST"`:                                               true,
		`ip_map = ["192.0.2.7"]`:                                        true,
		`ip_map = ["192.0.2.8"]`:                                        false,
		`client_ip = "127.0.0.1"`:                                       true,
		`client_ip = "192.0.2.7"`:                                       false,
		`client_ip_map = ["127.0.0.1"]`:                                 true,
		`from = "joe.doe@example.org"`:                                  true,
		`from = "@EXAMPLE.org"`:                                         true,
		`from = "@org"`:                                                 false,
		`from = "joe.doe"`:                                              true,
		`from = "joe"`:                                                  false,
		`from = "/^joe\\..*@/i"`:                                        true,
		`from = "/^joe$/"`:                                              false,
		`from = ["x", "@example.org"]`:                                  true,
		`from = "map:TEST"`:                                             false,
		`rcpt = "bob@example.com"`:                                      true,
		`rcpt = "@example.org"`:                                         false,
		`rcpt = "map:TEST"`:                                             false,
		`from_mime = "joe@mime.example"`:                                true,
		`from_mime = "@example.org"`:                                    false,
		`rcpt_mime = "list"`:                                            true,
		`rcpt_mime = "/other/"`:                                         false,
		`hostname = "MX.example.org"`:                                   true,
		`hostname = "/^mx\\./"`:                                         true,
		`hostname = "map:TEST"`:                                         true,
		`hostname = "example.org"`:                                      false,
		`authenticated = yes`:                                           false,
		`local = yes`:                                                   false,
		`header { Subject = "/^grün$/" }`:                               true,
		`header { Subject = true }`:                                     true,
		`header { Missing = true }`:                                     false,
		`header { Missing = false }`:                                    true,
		`header { Subject = "x", X-Mark = "a b" }`:                      false,
		`request_header { X-Test = "/^passed$/" }`:                      true,
		`request_header { X-Other = true }`:                             false,
		`selector = "header('X-Mark')"`:                                 true,
		`selector = "header('X-None')"`:                                 false,
		`from = "@example.org"; rcpt = "nobody"`:                        false,
		`from = "@example.org"; rcpt = "ann"`:                           true,
		`from = "@example.org"; inverse = yes`:                          false,
		`from = "@example.com"; rcpt = "nobody"; inverse = yes`:         true,
		`from = "x"; rcpt = "ann"; expression = "from | rcpt"`:          true,
		`from = "x"; rcpt = "ann"; expression = "!from & !rcpt"`:        false,
		`header { X-Mark = true; Y = true }; expression = "header:1"`:   true,
		`header { X-Mark = true; Y = true }; expression = "header:2"`:   false,
		`header { X-Mark = true }; expression = "header:x_mark"`:        true,
		`header { X-Mark = true }; expression = "header:X-Mark"`:        true,
		`selector = "helo"; expression = "selector:1 & !selector:helo"`: false,
		`id = "only"`:                                                   false,
		`from = "@example.org"; disabled = yes`:                         false,
		`from = "@example.org"; enabled = no`:                           false,
		`from = "@example.org"; priority = 0`:                           false,
	} {
		r := rules(t, "rule { "+cond+"\n apply { symbols_disabled = [B] } }")
		q := &Request{Client: netip.MustParseAddr("127.0.0.1"), Header: func(name string) []string {
			if v, ok := headers[name]; ok {
				return []string{v}
			}
			return nil
		}}
		if got := scanned(t, ruled(t, r), letter(), q).Score == 1; got != want {
			t.Errorf("%s: %v, want %v", cond, got, want)
		}
	}
}

func TestUserConditions(t *testing.T) {
	for cond, want := range map[string]bool{
		`authenticated = yes`: true, `user = "ann"`: true, `user = "@example.org"`: true, `user = "ann@example.org"`: true, `user = "/^an+@/"`: true,
		`user = "@example.com"`: false, `user = "an"`: false, `authenticated = yes; inverse = yes`: false, `local = yes`: true,
	} {
		m := letter()
		m.Envelope.User, m.Envelope.ClientIP = "ann@example.org", netip.MustParseAddr("127.0.0.1")
		r := rules(t, "rule { "+cond+"\n apply { symbols_disabled = [B] } }")
		if got := scanned(t, ruled(t, r), m, nil).Score == 1; got != want {
			t.Errorf("%s: %v, want %v", cond, got, want)
		}
	}
}

// What is wrong in a file is an error that names the place.
func TestWrongRules(t *testing.T) {
	for text, want := range map[string]string{
		"r { ip = \"nowhere\"; apply {} }":                  "settings.conf:1:5: ip",
		"r {\n from = \"/(/\"; apply {} }":                  "settings.conf:2:2: from",
		"r { rcpt = \"map:gopher://other\"; apply {} }":     "source",
		"r { from = x }":                                    "neither apply nor whitelist",
		"r { priority = urgent; apply {} }":                 "the priority is none",
		"r { from = x; expression = \"form\"; apply {} }":   "form, which the rule has no condition for; did you mean",
		"r { from = x; expression = \"from &\"; apply {} }": "operand",
		"r { apply { sybols_enabled = [X] } }":              "sybols_enabled",
		"r { apply { policy = sometimes } }":                "implicit_allow",
		"r { apply { actions { rejekt = 4 } } }":            "no action",
		"r { header { Subject = \"/(?=x/\" }; apply {} }":   "header: Subject",
		"r { authenticated = perhaps; apply {} }":           "boolean",
		"r { apply { symbols { A { score = much } } } }":    "no number",
		"r { apply { flags = [fast] } }":                    "fast",
	} {
		_, err := New(section(t, text), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := New(section(t, `r { selector = "nothing"; apply {} }`), Options{}); err == nil {
		t.Error("a selector that there is not is taken")
	}
}

func TestWarnings(t *testing.T) {
	r := rules(t, `r { frm = x; from = y; local = no; priority = 0; apply { plugins { other { x = 1; } } flags = [milter] } }
		e { external_map { map = "http://192.0.2.1/"; selector = "ip" } }`)
	var text strings.Builder
	for _, w := range r.Warnings() {
		text.WriteString(w.String() + "\n")
	}
	for _, want := range []string{"frm is not known", "from", "local = no", "plugins", "milter", "external_map", "priority 0"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no warning about %s in\n%s", want, &text)
		}
	}
	if r.Len() != 1 {
		t.Errorf("%d rules", r.Len())
	}
}

// The first priority with a rule that is about the message counts, whole; what
// the client asks for stands on the lowest.
func TestPriorities(t *testing.T) {
	r := rules(t, `
		z { priority = high; from = "@high.example"; apply { A = 10 } }
		b { from = "@example.org"; apply { A = 3; symbols_disabled = [B] } }
		c { from = "joe.doe"; apply { B = 5; A = 4; actions { reject = 100 } } }
		m { priority = 2; from = "@medium.example"; apply { A = 20 } }
		d { priority = high; from = "@both.example"; apply { symbols_enabled = [B] } }
		e { priority = 3; rcpt = "ann"; from = "@both.example"; apply { groups_enabled = [g]; symbols_disabled = [B] } }
		named { id = "byid"; apply { A = 7; symbols_disabled = [B] } }
		plain { apply { B = 70 } }`)
	s := ruled(t, r)
	header := func(text string) *Apply {
		a, _, err := ParseHeader(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	limit := 40.0
	for _, c := range []struct {
		name, from string
		q          *Request
		score      float64
		required   float64
	}{
		{"none", "x@none.example", nil, 3, 15},
		{"two of one priority", "joe.doe@example.org", nil, 4, 100},
		{"one", "ann@example.org", nil, 3, 15},
		{"high", "x@high.example", nil, 12, 15},
		{"high over the request", "x@high.example", &Request{Apply: header(`{A = 1000}`)}, 12, 15},
		{"medium over the request", "x@medium.example", &Request{ID: "byid"}, 22, 15},
		{"the request over low", "ann@example.org", &Request{Apply: header(`{A = 1000}`)}, 1002, 15},
		{"disabled wins in one level", "x@both.example", nil, 1, 15},
		{"by id", "x@none.example", &Request{ID: "byid"}, 7, 15},
		{"by name", "x@none.example", &Request{ID: "plain"}, 71, 15},
		{"unknown id", "ann@example.org", &Request{ID: "nobody"}, 3, 15},
		{"id says which symbols, the header the rest", "x@none.example", &Request{ID: "byid", Apply: header(`{actions {reject = 999}}`)}, 1, 999},
		{"the header goes before the id", "x@none.example", &Request{ID: "byid", Apply: header(`{symbols_enabled = [B]}`)}, 2, 15},
		{"maxscore", "x@none.example", &Request{Maxscore: &limit}, 3, 40},
		{"maxscore and id", "x@none.example", &Request{Maxscore: &limit, ID: "byid"}, 7, 40},
	} {
		m := letter()
		m.Envelope.From = c.from
		res := scanned(t, s, m, c.q)
		if res.Score != c.score || res.Required != c.required {
			t.Errorf("%s: %v of %v, want %v of %v", c.name, res.Score, res.Required, c.score, c.required)
		}
	}
}

// Symbols, subject, headers and whitelist take effect, and a replay repeats them.
func TestEffects(t *testing.T) {
	r := rules(t, `
		mark { from = "@mark.example"; apply {
			symbols { VIP = 2; OTHER { score = 1; options = ["x", "y"] } }
			subject = "[%s]"; actions { "rewrite subject" = 1; "add header" = null; greylist = null }
			add_headers { X-Rule = "mark"; } remove_headers { X-Mark = 1 }
			flags = [no_log, no_stat, pass_all] } }
		pass { from = "@pass.example"; whitelist = yes }
		also { priority = low; from = "@mark.example"; symbols = [THIRD]; apply {} }
		reg { register_symbols { VIP { score = 4; group = "rules"; description = "a friend"; one_shot = yes } } apply {} }`)
	s := ruled(t, r)
	m := letter()
	m.Envelope.From, m.Record = "ann@mark.example", true
	res := scanned(t, s, m, nil)
	if got := res.Symbol("VIP"); got == nil || got.Score != 8 {
		t.Errorf("VIP: %+v", got)
	}
	if got := res.Symbol("OTHER"); got == nil || got.Score != 0 || !slices.Equal(got.Options, []string{"x", "y"}) {
		t.Errorf("OTHER: %+v", got)
	}
	if !res.Has("THIRD") || res.Subject != "=?utf-8?q?[gr=C3=BCn]?=" || !res.NoLog("") {
		t.Errorf("%v %q %v", res.Symbols, res.Subject, res.NoLog(""))
	}
	for _, e := range []actions.HeaderEdit{{Name: "X-Rule", Value: "mark"}, {Name: "X-Mark", Remove: true, Index: 1}} {
		if !slices.Contains(res.Edits, e) {
			t.Errorf("%+v is not in %+v", e, res.Edits)
		}
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || again.Score != res.Score || again.Subject != res.Subject || !again.Has("OTHER") || !slices.Equal(again.Edits, res.Edits) {
		t.Errorf("replay: %v, %v", again, err)
	}
	m = letter()
	m.Envelope.From = "ann@pass.example"
	if res := scanned(t, s, m, nil); len(res.Symbols) > 0 || res.Action != actions.NoAction || res.PreResult == nil {
		t.Errorf("%v %s %v", res.Symbols, res.Action, res.PreResult)
	}
}

// Rules that are followed take the place of the file's; what can't be read does not.
func TestReplace(t *testing.T) {
	r := rules(t, `b { from = "@example.org"; apply { A = 3 } }`)
	s := ruled(t, r)
	want := func(score float64) {
		t.Helper()
		if res := scanned(t, s, letter(), nil); res.Score != score {
			t.Errorf("%v, want %v", res.Score, score)
		}
	}
	want(5)
	if _, err := r.Replace("list", []byte(`{"settings": {"x": {"rcpt": "ann", "apply": {"B": 9}}}}`)); err != nil {
		t.Fatal(err)
	}
	want(10)
	if _, err := r.Replace("list", []byte(`x { rcpt = ann; apply { B = many } }`)); err == nil {
		t.Error("taken")
	}
	want(10)
	if _, err := r.Replace("list", nil); err != nil {
		t.Fatal(err)
	}
	want(3)
}

// A list of rules is followed; what can't be read leaves the last ones.
func TestFollowed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\nx {\n rcpt = ann;\n apply { B = 9 }\n}\n")
	r, err := New(section(t, "settings = \""+name+"\"").Get("settings"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := ruled(t, r)
	for _, c := range []struct {
		text string
		want float64
	}{{"", 10}, {"x { rcpt = ann; apply { B = 30 } }", 31}, {"x {", 31}, {"{}", 3}} {
		if c.text != "" {
			write(c.text)
			if err := r.source.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, _ = r.refresh() // what can't be read leaves the last ones
		}
		if res := scanned(t, s, letter(), nil); res.Score != c.want {
			t.Errorf("%s: %v, want %v", c.text, res.Score, c.want)
		}
	}
}

// Before DATA there is no answer while it may depend on what is to come.
func TestSession(t *testing.T) {
	r := rules(t, `a { priority = high; rcpt = "bob"; apply { A = 50 } } b { ip = "192.0.2.7"; apply { A = 3 } }`)
	m := letter()
	for _, c := range []struct {
		from string
		msg  *mail.Message
		want float64
	}{
		{"x@example.org", nil, 0}, {"x@example.org", mail.Parse(nil, m.Envelope, mail.Limits{}), 50},
	} {
		set, err := r.Settings(t.Context(), winnow.SettingsRequest{Envelope: &m.Envelope, Message: c.msg, Scanner: ruled(t, r)})
		if err != nil {
			t.Fatal(err)
		}
		if got := set; (got == nil) != (c.want == 0) || got != nil && got.Weights["A"] != c.want {
			t.Errorf("%+v", got)
		}
	}
	if set, err := r.Settings(t.Context(), winnow.SettingsRequest{Envelope: &m.Envelope, Rcpt: "bob@example.com", Scanner: ruled(t, r)}); set != nil || err != nil {
		t.Errorf("%v, %v", set, err)
	}
}

// The rule that docker-mailserver writes gives what the profile does without it.
func TestUsersOfDMS(t *testing.T) {
	raw, err := os.ReadFile("../testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	r := rules(t, `authenticated { priority = high; authenticated = yes; apply { groups_enabled = [dkim]; } }`)
	make := func(p winnow.Profile, rules *Rules) *winnow.Scanner {
		o := winnow.Options{Profile: p, Families: standard.Families(standard.Options{Ratelimit: ratelimit.Options{}})}
		if rules != nil {
			o.Settings = rules.Settings
		}
		s, err := winnow.New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close(context.Background()) })
		return s
	}
	profile, file := make(winnow.DMS(), nil), make(winnow.DMS().CheckUsers(), r)
	for _, text := range []string{string(raw), "Subject: x\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"} {
		for _, user := range []string{"", "ann@example.org"} {
			m := letter()
			m.Envelope.User = user
			var got [2]string
			for i, s := range []*winnow.Scanner{profile, file} {
				m.Body = winnow.FromBytes([]byte(text))
				res := scanned(t, s, m, nil)
				var b strings.Builder
				for _, sym := range res.Symbols {
					b.WriteString(sym.Name + " ")
				}
				got[i] = b.String() + string(res.Action)
			}
			if got[0] != got[1] {
				t.Errorf("user %q: by the profile %s\nby the rule %s", user, got[0], got[1])
			}
		}
	}
}

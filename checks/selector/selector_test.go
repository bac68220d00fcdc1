package selector_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var seen = &symbols.Def{Name: "SEEN", Doc: "x"}

type mapping map[string]string

func (m mapping) Get(key string) (string, bool) {
	v, ok := m[key]
	return v, ok
}

func options() selector.Options {
	return selector.Options{
		Delimiter: "|", Hostname: "mx.example.org", Maps: map[string]selector.Map{"good": mapping{"ann": "1", "http://www.example.com/a": ""}},
		Symbol: func(name string) *symbols.Def {
			if name == "SEEN" {
				return seen
			}
			return nil
		},
	}
}

const message = "Received: from mx.example.net (mx.example.net [198.51.100.7]) by mx.example.org with ESMTPS for <bob@example.org>; Sun, 01 Nov 2026 11:00:00 +0000\r\n" +
	"From: \"Ann Bee\" <Ann@Example.NET>\r\nTo: bob@example.org, Carl <carl@example.com>\r\nSubject:  =?utf-8?q?Gr=C3=BC=C3=9Fe?= Number 42\r\n" +
	"Date: Sun, 01 Nov 2026 10:00:00 +0000\r\nMessage-ID: <m1@example.net>\r\nX-Two: one\r\nX-two: two\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" +
	"Running dogs see http://www.example.com/a?b=c#d and http://shop.example.com/ and http://example.org/ or dan@example.net.\r\n" +
	"--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nabc\r\n--b--\r\n"

func envelope() mail.Envelope {
	return mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.130"), Helo: "mx.example.net", From: "Bounce+1@example.net", HasFrom: true,
		Rcpts: []string{"Bob@example.org", "carl@example.com"}, User: "ann", QueueID: "Q1",
	}
}

// eval evaluates a selector in a check that requires what it asks for.
func eval(t *testing.T, text string) []string {
	t.Helper()
	s, err := selector.Parse(text, options())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	st := &checks.State{Message: mail.Parse([]byte(message), envelope(), mail.Limits{}), Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	st.SeedFacts([]checks.Seeded{checks.Seed(asn.Fact, asn.Result{ASN: 64500, Country: "DE"})})
	var out []string
	c := &checks.Check{Name: "try", Doc: "x", Requires: s.Requires(), Run: func(_ context.Context, t *checks.Task) error {
		out = s.Eval(t)
		return nil
	}}
	first := &checks.Check{Name: "first", Doc: "x", Symbols: []*symbols.Def{seen}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(seen, "a", "b")
		return nil
	}}
	provide := &checks.Family{Name: "facts", Doc: "x", Checks: []*checks.Check{
		{Name: "f", Doc: "x", Provides: []checks.AnyFact{asn.Fact, relay.Fact, aliases.Fact}, Run: func(context.Context, *checks.Task) error { return nil }},
	}}
	plan, err := checks.NewPlan([]*checks.Family{provide}, first, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*checks.Check{first, c} {
		o, err := st.Run(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		st.Publish(plan, o)
	}
	return out
}

func TestSelectors(t *testing.T) {
	for text, want := range map[string]string{
		`ip`: "192.0.2.130", `ip.ipmask(24)`: "192.0.2.0", `ip.ipmask(28, 64)`: "192.0.2.128", `ip:get_version`: "4", `id('2001:db8:1::5').ipmask(24,48)`: "2001:db8:1::",
		`helo`: "mx.example.net", `user`: "ann", `authenticated`: "true", `queueid`: "Q1", `rspamd_hostname`: "mx.example.org", `asn`: "64500", `country.lower`: "de",
		`from`: "Bounce+1@example.net", `from('mime')`: "Ann@Example.NET", `from('mime'):addr.lower`: "ann@example.net", `from(mime):name`: "Ann Bee",
		`from('smtp', orig):user`: "Bounce+1", `rcpts:domain.uniq`: "example.org,example.com", `rcpts('mime').last`: "carl@example.com", `rcpts:addr.first`: "Bob@example.org",
		`to`: "bob@example.org", `rcpts.nth(2):addr`: "!", `header('Subject')`: "Grüße Number 42", `header(Subject).lower.substring(1, 3)`: "gr\xc3",
		`header('subject').substring(-2)`: "42", `header('Subject').lower_utf8`: "grüße number 42", `header('Subject').to_ascii('')`: "Gre Number 42",
		`header('X-Two', 'full'):value`: "one,two", `header('X-two', 'full,strong'):decoded`: "two", `header('X-Two', 'full')`: "one,two", `header('X-None')`: "-",
		`header('Subject').regexp('/\w+ (\d)(\d)/')`: "Number 42,4,2", `header('Subject').match('/NUMBER/i')`: "Number", `received:by_hostname`: "mx.example.org",
		`received('real_ip').last`: "198.51.100.7", `received_count`: "1", `messageid`: "m1@example.net", `time('message', '!%Y-%m-%d %H:%M %j %u')`: "2026-11-01 10:00 305 7",
		`time('connect')`: "1793534400", `time`: "1793527200", `urls:get_tld.uniq`: "example.com,example.org", `urls('get_host').sort`: "example.org,shop.example.com,www.example.com",
		`urls.first`: "http://www.example.com/a?b=c#d", `urls.take_n(1).lower`: "http://www.example.com/a?b=c#d", `urls.drop_n(2):get_host`: "!",
		`urls.first.apply_methods(get_path, get_query, get_fragment, get_port)`: "a,b=c,d,80", `urls.filter_method('is_phished')`: "-",
		`specific_urls({limit = 5, esld_limit = 1}):get_host`: "www.example.com,example.org", `specific_urls({limit = 1, exclude_flags = {obscured, phished}})`: "http://www.example.com/a?b=c#d",
		`urls_filtered({content},{phished})`: "-", `urls_filtered():get_count.uniq`: "1", `emails:get_user`: "dan", `files`: "a.bin",
		`attachments('hex', 'md5')`: "900150983cd24fb0d6963f7d28e17f72", `id('abc').digest('hex', 'sha1')`: "a9993e364706816aba3e25717850c26c9cd0d89d",
		`id('abc').digest('base64','md5')`: "kAFQmDzST7DWlj99KOF/cg==", `id(abc).digest(rbase32, md5)`: "SAAVBGB42JH3BVUWH56SRYL7OI",
		`words('norm').take_n(2)`: "running,dogs", `words.take_n(2).join(' ')`: "run dog", `words('raw').first`: "Running", `words('full').first`: "running", `words(full):1.first`: "run",
		`list(a, 'b c', "d").join_nth(2, '-')`: "a-b c,d", `list(b, a, b).sort.uniq.join`: "ab", `id`: "-", `id('x').append('y', 'z').prepend(w)`: "wxyz",
		`id(x).id(a, b)`: "a,b", `user.in(ann, bob)`: "ann", `user.not_in(ann)`: "-", `user.equal('bob').inverse`: "true", `user.inverse`: "-", `header('X-None').inverse(none)`: "none",
		`user.filter_map(good)`: "ann", `user.except_map(good)`: "-", `user.apply_map('good')`: "1", `list(nil, a).filter_string_nils`: "a", `id('www.shop.example.co.uk').get_tld`: "example.co.uk",
		`user;helo`: "ann|mx.example.net", `user * rcpts:domain ; queueid`: "ann|example.org|Q1,ann|example.com|Q1", `rcpts:user;list(1,2,3)`: "Bob|1,carl|2", `user;header('X-None')`: "-",
		` user ; helo `: "ann|mx.example.net", `symbol('SEEN'):options`: "a,b", `symbol(SEEN)`: "SEEN", `specific_urls_filter_map('good', {limit=3})`: "-",
	} {
		if want == "!" { // a method stands before all transforms
			if _, err := selector.Parse(text, options()); err == nil {
				t.Errorf("%s was taken", text)
			}
			continue
		}
		got := strings.Join(eval(t, text), ",")
		if got == "" {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := hex.EncodeToString([]byte(strings.Join(eval(t, "list(1, 2).pack_numbers(h)"), ""))); got != "01000200" {
		t.Errorf("packed %s", got)
	}
	for text, n := range map[string]int{"attachments": 128, "id(x).digest": 128, "digest": 32, "id(x).digest(bleach32, sha256)": 52, "id(x).digest(base32)": 103} {
		if got := eval(t, text); len(got) != 1 || len(got[0]) != n {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		``: "at offset 0: an extractor is missing", `usr`: `at offset 0: unknown extractor "usr"; did you mean "user"?`, `user.lowr`: `offset 5: unknown transform "lowr"; did you mean "lower"?`,
		`user:lower`: "offset 5: text has no method \"lower\"; the transform of that name follows a dot", `urls:get_hots`: `did you mean "get_host"?`,
		`user.first`: "offset 5: first works on a list", `user.lower(1)`: "lower has 1 arguments, wants 0", `header`: "header has 0 arguments, wants 1 to 2",
		`rcpts.nth(x)`: `wants a number here, not "x"`, `rcpts.nth(0)`: "counts from 1", `user.equal`: "wants 1", `from('mine')`: `did you mean "mime"?`, `user)`: "offset 4: unexpected ')'",
		`user;`: "an extractor is missing", `user.`: "a transform is missing", `urls:`: "a method is missing", `id('x`: "the quote is not closed", `id("x\")`: "the quote is not closed",
		`header('A', 'fill')`: `did you mean "full"?`, `user.filter_map(bad)`: `unknown map "bad"`, `user.regexp('/(/')`: "parenthesis is not closed", `pool_var('x')`: "variables are what Lua",
		`request_header(x)`: "the envelope", `symbol('NOT')`: `unknown symbol "NOT"`, `specific_urls`: "wants a table with limit", `specific_urls({limt=1})`: "table with limit",
		`specific_urls({limit=1, limits=2})`: `unknown argument of specific_urls "limits"`, `specific_urls({limit=x})`: `limit of specific_urls: "x"`, `urls_filtered({phised})`: `did you mean "phished"?`,
		`time('message', '%Q')`: "%Q is no known format", `user.ipmask(40, 24)`: "0 to 32", `list(a).join_tables`: "values are no tables", `user.pack_numbers`: "works on a list",
		`list(1).pack_numbers(q)`: "unknown format", `urls.apply_methods(get_tld)`: "first, last and nth", `user.filter_method(x)`: "not on text", `id({a})`: "wants text here", `id({a={b={c=d}}})`: "table inside",
		`specific_urls({limit=1, limit=2})`: `"limit" is given twice`, `ip.digest(hex, crc)`: `unknown argument of digest "crc"`,
	} {
		_, err := selector.Parse(text, options())
		var syntax *selector.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := selector.Parse("symbol(SEEN)", selector.Options{}); err == nil {
		t.Error("a symbol that nobody can find")
	}
}

// TestNames holds that what is listed is there.
func TestNames(t *testing.T) {
	for _, name := range selector.Extractors() {
		if _, err := selector.Parse(name, options()); err != nil && strings.Contains(err.Error(), "unknown extractor") {
			t.Error(err)
		}
	}
	for _, name := range selector.Transforms() {
		if _, err := selector.Parse("user."+name, options()); err != nil && strings.Contains(err.Error(), "unknown transform") {
			t.Error(err)
		}
	}
}

// FuzzParse holds that whatever is read can be evaluated, and that mistakes
// name a place.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`from('mime'):addr.lower;rcpts`, `specific_urls({limit = 5, flags = {phished}}):get_tld.uniq.first`, `header("A", 'full').regexp('/(a|b)+/i').nth(2)`, `time('connect', '!%H')*id(x)`} {
		f.Add(s)
	}
	m := mail.Parse([]byte(message), envelope(), mail.Limits{})
	f.Fuzz(func(t *testing.T, text string) {
		s, err := selector.Parse(text, options())
		var syntax *selector.SyntaxError
		if err != nil {
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > max(len(text), 8<<10) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		c := &checks.Check{Name: "try", Doc: "x", Requires: s.Requires(), Run: func(_ context.Context, t *checks.Task) error {
			s.Eval(t)
			return nil
		}}
		if _, err := (&checks.State{Message: m}).Run(t.Context(), c); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

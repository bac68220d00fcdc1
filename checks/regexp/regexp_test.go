package regexp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/regexp"
	"github.com/winnowmail/winnow/symbols"
)

// rules are one or more for each kind of text and each function.
func rules() regexp.Options {
	list := []string{
		"HEADER", `Subject=/GR\x{fc}SSE? from afar|grüße/i`, "RAW_HEADER", `Subject=/^=\?utf-8\?q\?\S+ from afar$/X`, "STRONG", `x-tag=/one/{header}S | X-Tag=/two/S`,
		"MIME_HEADER", `Content-Disposition=/filename=page/B`, "ALL_HEADERS", `/^x-tag: one\r?\nx-tag/im{all_headers}`, "MIME", `/hello\r?\nworld, cafés are/u{mime} & /click here/iP`,
		"RAW_MIME", `/caf=C3=A9s/{raw_mime}`, "BODY", `/\n--b--/{body}`, "SA_BODY", `/\shello\sworld, |\bhello world\b/C & /Grüße from/{sa_body} & !/helloworld/C`,
		"SA_RAW", `/<b>Click/D`, "URL", `/^http:..shop\.example\.com.deal/U`, "EMAIL", `/^dan@example/{email}`, "WORDS", `/^caf\x{e9}s$/{words}`, "RAW_WORDS", `/^Click$/{raw_words}`,
		"STEM", `/^run$/{stem_words}`, "SELECTOR", `from('mime'):name.lower=/^ann$/{selector}`, "NAMED", `domain=/example\.net/$`, "BACKREF", `/(\d{4})-\1/{mime}`, "AHEAD", `/code (?=4242)(?!43)/{mime}`,
		"COUNT", `X-Tag=/\w+/HA + /hello/{mime} > 2`, "FACTOR", `X-Tag=/\w+/HA * 2`, "NOT", `!header_exists('List-Id') and not raw_header_exists(List-Id)`,
		"SORTED", `is_recipients_sorted()`, "ALIKE", `compare_recipients_distance(3)`, "SMTP", `check_smtp_data('from', /^robot@/) & check_smtp_data(helo, "MAIL.example.net") & check_smtp_data(user,robot) & check_smtp_data(rcpt, /bob/) & check_smtp_data(subject, /offer/)`,
		"HTML_ONLY", `has_only_html_part() & has_fake_html() & !has_html_tag(p)`, "HAS_TAG", `has_html_tag('B')`, "CTE", `compare_transfer_encoding(8bit)`,
		"TYPE", `content_type_is_type(text) & content_type_is_subtype(/^html$/) & content_type_has_param(charset) & content_type_compare_param(charset, 'US-ascii')`,
		"PART", `has_content_part(text, html) & has_content_part_len(text, plain, 10, 5000) & content_type_is_subtype(plain, true)`, "DIFFER", `compare_parts_distance(90, 101)`, "EMPTY", `is_empty_body()`,
		"ALWAYS", `is_html_balanced() & compare_encoding(x) & header_exists(x-tag)`, "BROKEN", `has_flag(broken_headers)`, "AFTER", `has_symbol(OTHER) & Subject=/offer/`,
	}
	o := regexp.Options{Selectors: map[string]string{"domain": "from('smtp'):domain"}}
	for i := 0; i < len(list); i += 2 {
		o.Rules = append(o.Rules, regexp.Rule{Symbol: list[i], Expr: list[i+1], Score: 1, Groups: []string{"site"}})
	}
	return o
}

var other = &symbols.Def{Name: "OTHER", Doc: "x"}

func TestFixtures(t *testing.T) {
	checktest.Run(t, regexp.New(rules()), checktest.With(&checks.Check{Name: "other", Doc: "x", Symbols: []*symbols.Def{other}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(other)
		return nil
	}}))
}

func TestMistakesNameTheirPlace(t *testing.T) {
	for expr, want := range map[string]string{
		`/a/`: "at offset 0: the pattern has no type", `/a/H`: "needs a header's name", `/a/{bdy}`: `type {bdy} is not known; did you mean "body"?`, `/a/q{body}`: `flag 'q' is not known`,
		`Subject=/a(/`: "at offset 10: parenthesis is not closed", `Subject=/a/ & /b[/{body}`: "at offset 16: bracket", `Subject=/a/ &`: "at offset 13: an operand is missing", `/a{body}`: "the pattern is not closed",
		`header_exist('x')`: `did you mean "header_exists"?`, `header_exists()`: "wants 1 to 1", `lua:check`: "check is a function in Lua", `my_function`: "functions of Lua are not there",
		`(Subject=/a/`: "at offset 0: parenthesis is not closed", `Subject=/a/ Subject=/b/`: "an operator is missing", `has_flag(milter)`: "a state of Rspamd's own", `has_flag(x)`: "not known",
		`check_smtp_data(form, x)`: `"form" is none of`, `usr:domain=/x/{selector}`: `unknown extractor "usr"`, `/a/$`: "needs a selector", `compare_parts_distance(x)`: "no number", `has_content_part_len(a,b,c)`: "no number",
		`check_smtp_data(from, /(/)`: "parenthesis is not closed", `header_exists('a`: "not closed", ``: "an operand is missing", `/x/{body`: "brace is not closed", `A1`: "no pattern and no function",
		`has_html_tag(a b, 'c' d)`: "unexpected", `Subject=/a/ + 2 > 1`: "", `compare_recipients_distance(x)`: "no number",
	} {
		err := regexp.Options{Rules: []regexp.Rule{{Symbol: "X", Expr: expr}}}.Validate()
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", expr, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "regexp: Rules[0].Expr: X: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", expr, err, want)
		}
	}
	for want, o := range map[string]regexp.Options{
		`Rules[1].Symbol: "X" is there twice`: {Rules: []regexp.Rule{{Symbol: "X", Expr: "is_empty_body()"}, {Symbol: "X", Expr: "is_empty_body()"}}},
		`Rules[0].Symbol: "A B" is no name`:   {Rules: []regexp.Rule{{Symbol: "A B", Expr: "is_empty_body()"}}},
		"MaxSize: -1":                         {MaxSize: -1},
	} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestSection(t *testing.T) {
	var o regexp.Options
	var warnings []string
	err := o.Section().Apply(option.Of(map[string]any{
		"max_size": 4096.0,
		"X":        map[string]any{"re": "Subject=/x/", "score": 2.5, "description": "d", "group": "g", "groups": []string{"h"}, "one_shot": true, "nshots": 3.0},
		"Y":        map[string]any{"regexp": "/y/{body}", "mime_only": true},
	}), func(err error) { warnings = append(warnings, err.Error()) })
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "mime_only") {
		t.Errorf("%v, %q", err, warnings)
	}
	if len(o.Rules) != 2 || o.MaxSize != 4096 || o.Validate() != nil {
		t.Fatalf("%+v", o)
	}
	if r := o.Rules[0]; r.Symbol != "X" || r.Expr != "Subject=/x/" || r.Score != 2.5 || r.Doc != "d" || strings.Join(r.Groups, " ") != "g h" || !r.OneShot || r.MaxShots != 3 {
		t.Errorf("%+v", r)
	}
}

// TestWorkIsBounded: what a message is worth is done, and a note says the rest.
func TestWorkIsBounded(t *testing.T) {
	o := regexp.Options{MaxSize: 1 << 30}
	for _, s := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		o.Rules = append(o.Rules, regexp.Rule{Symbol: s, Expr: `/(?!` + s + `)(?:a|aa|aaa)+$(?<!a)/{sa_raw_body}`})
	}
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{regexp.New(o)}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\n" + strings.Repeat("a", 30000)))})
	if err != nil || len(res.Notes) != 1 || !strings.Contains(res.Notes[0].Text, "not looked for to the end") {
		t.Errorf("%v, %v", err, res.Notes)
	}
}

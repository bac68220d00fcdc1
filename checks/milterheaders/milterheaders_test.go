package milterheaders

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/mail"
)

// write returns the edits for a message, as "-Name" and "Name: value".
func write(t *testing.T, o Options, env mail.Envelope, local bool, v checks.Judged) []string {
	t.Helper()
	s := &checks.State{Message: mail.Parse([]byte("From: a@example.org\r\n\r\n"), env, mail.Limits{}), Local: local}
	f := New(o)
	if f.Err != nil {
		t.Fatal(f.Err)
	}
	var list []string
	for _, c := range f.Checks {
		out, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var edits []actions.HeaderEdit
		for _, e := range out.Edits {
			edits = append(edits, e.Value)
		}
		for _, e := range out.EditFuncs {
			edits = append(edits, e.Value(&v)...)
		}
		for _, e := range edits {
			if e.Remove {
				list = append(list, "-"+e.Name)
				continue
			}
			list = append(list, e.Name+": "+e.Value)
		}
	}
	return list
}

func foreign() mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9"), QueueID: "4XyZ", MTAName: "mx.example.com", Rcpts: []string{"bob@Example.com"}}
}

func judged(score float64, action actions.Action, symbols ...checks.JudgedSymbol) checks.Judged {
	return checks.Judged{Score: score, Required: 15, Action: action, Symbols: symbols}
}

func TestExtended(t *testing.T) {
	v := judged(9.8, actions.AddHeader, checks.JudgedSymbol{Name: "A", Score: 0.1}, checks.JudgedSymbol{Name: "B", Score: -2, Options: []string{"x", "y z"}},
		checks.JudgedSymbol{Name: "C", Score: 11.7}, checks.JudgedSymbol{Name: "D", Score: -0.001})
	got := write(t, Options{Extended: true, Server: "mail.example.com"}, foreign(), false, v)
	want := []string{
		"-X-Spamd-Result", "X-Spamd-Result: default: False [9.80 / 15.00];\r\n\tC(11.70)[];\r\n\tB(-2.00)[x,y z];\r\n\tA(0.10)[];\r\n\tD(0.00)[]",
		"-X-Rspamd-Server", "X-Rspamd-Server: mail.example.com",
		"-X-Rspamd-Queue-Id", "X-Rspamd-Queue-Id: 4XyZ",
		"-X-Rspamd-Action", "X-Rspamd-Action: add header",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	got = write(t, Options{Extended: true, Headers: map[string]Header{"x-spamd-result": {ByName: true, Keep: true, Name: "X-Result"}}}, mail.Envelope{}, false,
		judged(16, actions.Reject, checks.JudgedSymbol{Name: "B", Score: 16}, checks.JudgedSymbol{Name: "A"}))
	want = []string{
		"X-Result: default: True [16.00 / 15.00];\r\n\tA(0.00)[];\r\n\tB(16.00)[]",
		"-X-Rspamd-Server", "-X-Rspamd-Queue-Id", // neither is known
		"-X-Rspamd-Action", "X-Rspamd-Action: reject",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestPreResult(t *testing.T) {
	v := judged(0, actions.SoftReject)
	v.By = &actions.PreResult{Action: actions.SoftReject, Check: "greylist", Message: "Try again\r\nlater é"}
	got := write(t, Options{Use: []string{"x-spamd-result"}}, foreign(), false, v)
	if want := `X-Rspamd-Pre-Result: action=soft reject; module=greylist; Try again\r\nlater \u00e9`; got[len(got)-1] != want {
		t.Errorf("got %q", got)
	}
	v.By.Test = true
	if got := write(t, Options{Extended: true}, foreign(), false, v); len(got) != 0 {
		t.Errorf("a test pattern: %q", got)
	}
}

func TestRoutines(t *testing.T) {
	virus := map[string]Header{"x-virus": {Symbols: []string{"CLAM_VIRUS", "OTHER", "NONE"}}}
	found := judged(7.6, actions.AddHeader, checks.JudgedSymbol{Name: "OTHER"}, checks.JudgedSymbol{Name: "CLAM_VIRUS", Options: []string{"Eicar\n"}})
	for _, c := range []struct {
		routine string
		o       Options
		v       checks.Judged
		want    []string
	}{
		{"x-spamd-bar", Options{}, judged(3.99, ""), []string{"-X-Spamd-Bar", "X-Spamd-Bar: +++"}},
		{"x-spamd-bar", Options{}, judged(-2.5, ""), []string{"-X-Spamd-Bar", "X-Spamd-Bar: --"}},
		{"x-spamd-bar", Options{}, judged(0.99, ""), []string{"-X-Spamd-Bar", "X-Spamd-Bar: /"}},
		{"x-spamd-bar", Options{}, judged(1e9, ""), []string{"-X-Spamd-Bar", "X-Spamd-Bar: " + strings.Repeat("+", 100)}},
		{"x-spam-level", Options{}, judged(4.9, ""), []string{"-X-Spam-Level", "X-Spam-Level: ****"}},
		{"x-spam-level", Options{}, judged(0.9, ""), []string{"-X-Spam-Level"}},
		{"x-spam-status", Options{}, judged(-0.001, actions.NoAction), []string{"-X-Spam-Status", "X-Spam-Status: No, score=0.00"}},
		{"x-spam-status", Options{}, judged(5, actions.Greylist), []string{"-X-Spam-Status", "X-Spam-Status: No, score=5.00"}},
		{"x-spam-status", Options{}, judged(7, actions.AddHeader), []string{"-X-Spam-Status", "X-Spam-Status: Yes, score=7.00"}},
		{"spam-header", Options{}, judged(7, actions.AddHeader), []string{"-Deliver-To", "Deliver-To: Junk"}},
		{"spam-header", Options{}, judged(5, actions.Greylist), []string{"-Deliver-To"}},
		{"x-virus", Options{Headers: virus}, found, []string{"-X-Virus", `X-Virus: Eicar\n,unknown`}},
		{"x-virus", Options{Headers: virus}, judged(0, ""), []string{"-X-Virus"}},
		{"add-headers", Options{Add: []Field{{"X-Filter", "winnow"}}}, judged(0, ""), []string{"-X-Filter", "X-Filter: winnow"}},
		{"remove-headers", Options{Remove: []string{"X-Originating-IP"}}, judged(0, ""), []string{"-X-Originating-IP"}},
		{"authentication-results", Options{}, judged(0, ""), []string{"Authentication-Results: mx.example.com; none"}},
	} {
		c.o.Use = []string{c.routine, c.routine}
		if got := write(t, c.o, foreign(), false, c.v); !slices.Equal(got, c.want) {
			t.Errorf("%s at %v: got %q, want %q", c.routine, c.v.Score, got, c.want)
		}
	}
	known := slices.Sorted(maps.Keys(defaults()))
	if !slices.Equal(known, Routines()) {
		t.Errorf("Routines: %q", Routines())
	}
}

// What a sender chose stays inside the field, in lines that a server takes.
func TestHostileOptions(t *testing.T) {
	options := []string{"a\r\nX-Evil: 1", "\xff\x00", `"b\`, strings.Repeat("long ", 400)}
	for range 200 {
		options = append(options, strings.Repeat("é", 40))
	}
	s := checks.JudgedSymbol{Name: "S", Options: options}
	got := write(t, Options{Use: []string{"x-spamd-result"}}, foreign(), false, judged(0, "", slices.Repeat([]checks.JudgedSymbol{s}, 100)...))
	value := got[1]
	if !strings.Contains(value, `[a\r\nX-Evil: 1,\xff\x00,"b\,long long`) {
		t.Errorf("got %.200q", value)
	}
	if len(value) > maxValue+100 {
		t.Errorf("%d bytes", len(value))
	}
	for line := range strings.SplitSeq(value, "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f }) {
			t.Errorf("a line of %d bytes: %.100q", len(line), line)
		}
	}
}

func TestSkips(t *testing.T) {
	user := foreign()
	user.User = "bob"
	for _, c := range []struct {
		why   string
		o     Options
		env   mail.Envelope
		local bool
		want  bool
	}{
		{"a stranger", Options{}, foreign(), false, true},
		{"a user", Options{}, user, false, false},
		{"the own network", Options{}, foreign(), true, false},
		{"a user, wanted", Options{Authenticated: true}, user, false, true},
		{"the own network, wanted", Options{Local: true}, foreign(), true, true},
		{"a user in the own network", Options{Local: true}, user, true, false},
		{"this routine for users", Options{AuthenticatedHeaders: []string{"x-spamd-bar"}}, user, false, true},
		{"another routine for users", Options{AuthenticatedHeaders: []string{"x-virus"}}, user, false, false},
		{"this routine for the own network", Options{LocalHeaders: []string{"x-spamd-bar"}}, foreign(), true, true},
		{"a recipient", Options{ExtendedRcpts: []string{"bob@example.com"}}, user, true, true},
		{"a domain", Options{ExtendedRcpts: []string{"@EXAMPLE.com"}}, user, false, true},
		{"a local part", Options{ExtendedRcpts: []string{"bob"}}, user, false, true},
		{"another recipient", Options{ExtendedRcpts: []string{"ann", "@example.org", "bob@example.org"}}, user, false, false},
	} {
		c.o.Use = []string{"x-spamd-bar"}
		if got := write(t, c.o, c.env, c.local, judged(0, "")); len(got) > 0 != c.want {
			t.Errorf("%s: %q", c.why, got)
		}
	}
	two := user
	two.Rcpts = []string{"bob@example.com", "eve@example.net"}
	if got := write(t, Options{Use: []string{"x-spamd-bar"}, ExtendedRcpts: []string{"bob"}}, two, false, judged(0, "")); len(got) > 0 {
		t.Errorf("one of two recipients: %q", got)
	}
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]Options{
		`milter_headers: Use[0]: no routine "x-spam-bar"; did you mean "x-spamd-bar"?`:                           {Use: []string{"x-spam-bar"}},
		`milter_headers: Use[0]: no routine "fuzzy-hashes": winnow has no such hashes`:                           {Use: []string{"fuzzy-hashes"}},
		`milter_headers: LocalHeaders[1]: no routine "q"`:                                                        {LocalHeaders: []string{"x-virus", "q"}},
		`milter_headers: AuthenticatedHeaders[0]: no routine "q"`:                                                {AuthenticatedHeaders: []string{"q"}},
		`milter_headers: Headers["x-virus"].Name: "X Y" is no field name`:                                        {Headers: map[string]Header{"x-virus": {Name: "X Y"}}},
		`milter_headers: Headers["x-spam-level"]: "\n" does not fit into a header`:                               {Headers: map[string]Header{"x-spam-level": {Char: "\n"}}},
		`milter_headers: Headers["nothing"]: no routine "nothing"`:                                               {Headers: map[string]Header{"nothing": {}}},
		`milter_headers: Headers["x-virus"].Symbols: missing: x-virus writes what they found`:                    {Use: []string{"x-virus"}},
		`milter_headers: Add: missing: add-headers writes these`:                                                 {Use: []string{"add-headers"}},
		`milter_headers: Remove: missing: remove-headers takes these away`:                                       {Use: []string{"remove-headers"}},
		"milter_headers: Add[0].Name: \"X:\" is no field name\nmilter_headers: Remove[0]: \"\" is no field name": {Add: []Field{{Name: "X:"}}, Remove: []string{""}},
		`milter_headers: Server: "a\rb" does not fit into a header`:                                              {Server: "a\rb"},
		`milter_headers: AuthRes: authheader: ServID: "a b" is no authserv-id`:                                   {AuthRes: authheader.Options{ServID: "a b"}},
		`milter_headers: ExtendedRcpts[0]: empty`:                                                                {ExtendedRcpts: []string{" "}},
	} {
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if f := New(Options{Off: true, Extended: true}); len(f.Checks) > 0 || f.Err != nil {
		t.Error("off, and still there")
	}
	if f := New(Options{}); len(f.Checks) > 0 || f.Err != nil {
		t.Error("nothing asked for, and a check")
	}
}

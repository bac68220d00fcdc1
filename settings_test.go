package winnow_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

const gtubeMail = "From: A <a@example.org>\r\nSubject: test\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

// rcpts are the recipients of the tests here.
func rcpts(list ...string) mail.Envelope {
	return mail.Envelope{From: "a@example.org", HasFrom: true, Rcpts: list}
}

func disable(names ...string) *winnow.Settings {
	return &winnow.Settings{Layer: winnow.Layer{Disable: names}}
}

func enable(names ...string) *winnow.Settings {
	return &winnow.Settings{Layer: winnow.Layer{Enable: names}}
}

func reject(points float64) *winnow.Settings {
	return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: points}}}
}

// A pre-result counts for those whose settings leave its symbol on, and ends
// the scan for them alone.
func TestPreResultOfOneRecipient(t *testing.T) {
	o := options(raise("main", defSpam))
	o.Families = []*checks.Family{gtube.New(gtube.Options{})}
	for name, off := range map[string]*winnow.Settings{
		"symbol": disable("GTUBE"), "family": disable("gtube"), "everything": {Layer: winnow.Layer{Disable: []string{"*"}, Enable: []string{"T_SPAM"}}},
	} {
		res := scan(t, o, &winnow.Message{
			Body: winnow.FromBytes([]byte(gtubeMail)), Envelope: rcpts("a@example.net", "off@example.net", "low@example.net"),
			RcptSettings: map[string]*winnow.Settings{"off@example.net": off, "low@example.net": reject(3)},
		})
		if res.Action != actions.Reject || res.Reply.Code != 554 || res.PreResult == nil || res.Has("T_SPAM") {
			t.Errorf("%s: for all %v, %v, symbols %v", name, res.Action, res.Reply, res.Symbols)
		}
		v := res.For("off@example.net")
		if v.Action != actions.Greylist || v.Reply != (winnow.Reply{}) || v.PreResult != nil || v.Has("GTUBE") || !v.Has("T_SPAM") || v.Score != 5 {
			t.Errorf("%s: for one %v, %v, symbols %v", name, v.Action, v.Reply, v.Symbols)
		}
		if v := res.For("low@example.net"); v.Action != actions.Reject || v.Score != 3 || v.Has("T_SPAM") {
			t.Errorf("%s: low: %v %v", name, v.Action, v.Score)
		}
	}
	// Nobody has it off: the scan ends.
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(gtubeMail)), Envelope: rcpts("low@example.net"),
		RcptSettings: map[string]*winnow.Settings{"low@example.net": reject(3)}})
	if slices.ContainsFunc(res.Timings, func(c winnow.CheckTime) bool { return c.Check == "main" }) {
		t.Error("the scan went on for nobody")
	}
	// The site has it off, one recipient wants it.
	o.Disable = []string{"GTUBE"}
	res = scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(gtubeMail)), Envelope: rcpts("on@example.net"),
		RcptSettings: map[string]*winnow.Settings{"on@example.net": enable("GTUBE")}})
	if res.Action != actions.Greylist || res.Score != 5 || res.For("on@example.net").Action != actions.Reject {
		t.Errorf("site off: %v %v, one on: %v", res.Action, res.Score, res.For("on@example.net").Action)
	}
}

// PassAll of one recipient lets the scan go on, but changes no other verdict.
func TestPassAllOfOneRecipient(t *testing.T) {
	o := options(raise("main", defSpam))
	o.Families = []*checks.Family{gtube.New(gtube.Options{})}
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(gtubeMail)), Envelope: rcpts("all@example.net"),
		RcptSettings: map[string]*winnow.Settings{"all@example.net": {PassAll: true}}})
	if v := res.For("all@example.net"); res.Has("T_SPAM") || !v.Has("T_SPAM") || v.Action != actions.Reject {
		t.Errorf("common %v, one %v %v", res.Symbols, v.Action, v.Symbols)
	}
}

// Edits and notes go with their symbol, and with their check or its family.
func TestEditsAndNotesOfOneRecipient(t *testing.T) {
	quiet := run("quiet", func(_ context.Context, t *checks.Task) error {
		t.Edit(actions.HeaderEdit{Name: "X-Quiet", Value: "1"})
		t.Note("quiet")
		return nil
	})
	loud := raise("loud", defSpam, defMore)
	inner := loud.Run
	loud.Run = func(ctx context.Context, t *checks.Task) error {
		t.Edit(actions.HeaderEdit{Name: "X-Spam-Of", Value: "1"}, defSpam)
		t.Edit(actions.HeaderEdit{Name: "X-Loud", Value: "1"})
		return inner(ctx, t)
	}
	o := options(loud)
	o.Families = []*checks.Family{{Name: "silence", Doc: "test", Checks: []*checks.Check{quiet}}}
	names := func(v *winnow.Verdict) string {
		var list []string
		for _, e := range v.Edits[1:] {
			list = append(list, e.Name)
		}
		for _, n := range v.Notes {
			list = append(list, n.Text)
		}
		return strings.Join(list, " ")
	}
	for off, want := range map[string]string{
		"": "X-Quiet X-Spam-Of X-Loud X-Spam quiet", "silence": "X-Spam-Of X-Loud X-Spam", "T_SPAM": "X-Quiet X-Loud quiet",
		"loud": "X-Quiet quiet", "*": "X-Quiet quiet", "T_MORE": "X-Quiet X-Spam-Of X-Loud quiet", "test": "X-Quiet X-Loud quiet",
	} {
		m := &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net")}
		if off != "" {
			m.RcptSettings = map[string]*winnow.Settings{"b@example.net": disable(off)}
		}
		res := scan(t, o, m)
		if got := names(res.For("b@example.net")); got != want {
			t.Errorf("%q off: %s, want %s", off, got, want)
		}
		if got := names(&res.Verdict); got != "X-Quiet X-Spam-Of X-Loud X-Spam quiet" {
			t.Errorf("%q off for one: the others have %s", off, got)
		}
	}
}

// What a layer does not name stays as the layers below have it.
func TestLayersInherit(t *testing.T) {
	for _, c := range []struct {
		name                string
		site, message, rcpt winnow.Layer
		common, one         float64
	}{
		{"a threshold changes no symbol", winnow.Layer{Disable: []string{"T_SPAM"}}, winnow.Layer{}, reject(1).Layer, 2, 2},
		{"the message's counts for a recipient", winnow.Layer{}, winnow.Layer{Weights: map[string]float64{"T_SPAM": 1}}, reject(1).Layer, 3, 3},
		{"a recipient's goes over it", winnow.Layer{}, winnow.Layer{Weights: map[string]float64{"T_SPAM": 1}}, winnow.Layer{Weights: map[string]float64{"T_SPAM": 3}}, 3, 5},
		{"enabled by name", winnow.Layer{Disable: []string{"T_SPAM"}}, winnow.Layer{}, enable("T_SPAM").Layer, 2, 7},
		{"enabled by its group", winnow.Layer{Disable: []string{"T_SPAM"}}, winnow.Layer{}, enable("test").Layer, 2, 2},
		{"enabled by the name that disabled it", winnow.Layer{Disable: []string{"test"}}, winnow.Layer{}, enable("test").Layer, 2, 7},
		{"the site's and the message's", winnow.Layer{Disable: []string{"test"}}, disable("spam").Layer, enable("spam").Layer, 2, 2},
		{"only one", winnow.Layer{}, winnow.Layer{}, winnow.Layer{Disable: []string{"*"}, Enable: []string{"T_MORE"}}, 7, 2},
		{"only one, but the site", winnow.Layer{Disable: []string{"more"}}, winnow.Layer{}, winnow.Layer{Disable: []string{"*"}, Enable: []string{"more", "spam"}}, 5, 7},
	} {
		o := options(raise("spam", defSpam), raise("more", defMore))
		o.Layer = c.site
		res := scan(t, o, &winnow.Message{
			Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net"), Settings: &winnow.Settings{Layer: c.message},
			RcptSettings: map[string]*winnow.Settings{"b@example.net": {Layer: c.rcpt}},
		})
		if one := res.For("b@example.net"); res.Score != c.common || one.Score != c.one {
			t.Errorf("%s: %v and %v, want %v and %v", c.name, res.Score, one.Score, c.common, c.one)
		}
	}
}

// A domain is the same in U-labels and A-labels.
func TestSettingsOfInternationalAddresses(t *testing.T) {
	o := options(raise("a", defSpam))
	var asked []string
	o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
		asked = append(asked, r.Rcpt)
		if r.Rcpt == "strict@xn--bcher-kva.example" {
			return reject(5), nil
		}
		return nil, nil
	}
	res := scan(t, o, &winnow.Message{
		Body:         winnow.FromBytes([]byte(plain)),
		Envelope:     rcpts("strict@b\u00fccher.example", "strict@XN--BCHER-KVA.example.", "own@stra\u00dfe.example", "j\u00f6rg@strasse.example"),
		RcptSettings: map[string]*winnow.Settings{"own@xn--strae-oqa.example": reject(5)},
	})
	for rcpt, want := range map[string]actions.Action{
		"strict@b\u00dccher\uff0eexample": actions.Reject, "strict@xn--bcher-kva.example": actions.Reject, "strict@bucher.example": actions.Greylist,
		"own@stra\u00dfe.example": actions.Reject, "own@strasse.example": actions.Greylist, "j\u00f6rg@strasse.example": actions.Greylist,
	} {
		if got := res.For(rcpt).Action; got != want {
			t.Errorf("%s: %v, want %v", rcpt, got, want)
		}
	}
	if want := []string{"", "strict@xn--bcher-kva.example", "j\u00f6rg@strasse.example"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

// The domain of an address has no case; its local part has.
func TestSettingsOfAddresses(t *testing.T) {
	o := options(raise("a", defSpam))
	var asked []string
	o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
		asked = append(asked, r.Rcpt)
		if r.Message == nil || r.Envelope.From != "a@example.org" {
			t.Errorf("asked with %+v", r)
		}
		if r.Rcpt == "strict@example.net" {
			return reject(5), nil
		}
		return nil, nil
	}
	res := scan(t, o, &winnow.Message{
		Body:         winnow.FromBytes([]byte(plain)),
		Envelope:     rcpts("strict@Example.NET", "Strict@example.net", "Own@EXAMPLE.com", "other@example.net"),
		RcptSettings: map[string]*winnow.Settings{"Own@Example.Com": reject(5)},
	})
	for rcpt, want := range map[string]actions.Action{
		"strict@Example.NET": actions.Reject, "strict@example.net": actions.Reject, "Strict@example.net": actions.Greylist,
		"Own@example.com": actions.Reject, "own@example.com": actions.Greylist, "other@example.net": actions.Greylist, "nobody": actions.Greylist,
	} {
		if got := res.For(rcpt).Action; got != want {
			t.Errorf("%s: %v, want %v", rcpt, got, want)
		}
	}
	if want := []string{"", "strict@example.net", "Strict@example.net", "other@example.net"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

// Settings that can't be had, or are not in order, leave the site's in force.
func TestSettingsThatFail(t *testing.T) {
	for name, f := range map[string]func() (*winnow.Settings, error){
		"error":   func() (*winnow.Settings, error) { return reject(1), errors.New("no such table") },
		"unknown": func() (*winnow.Settings, error) { return disable("T_SPAN"), nil },
		"number":  func() (*winnow.Settings, error) { return reject(math.Inf(-1)), nil },
	} {
		o := options(raise("a", defSpam))
		o.Settings = func(context.Context, winnow.SettingsRequest) (*winnow.Settings, error) { return f() }
		s := newScanner(t, o)
		defer closeNow(t, s)
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Envelope: rcpts("b@example.net"), Record: true})
		if err != nil {
			t.Fatal(err)
		}
		again, err := res.Transcript.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range []*winnow.Result{res, again} {
			if res.Score != 5 || res.Action != actions.Greylist || len(res.Incomplete) != 1 || res.Incomplete[0].Check != "settings" ||
				!strings.Contains(res.Incomplete[0].Err.Error(), "b@example.net") {
				t.Errorf("%s: %v %v, incomplete %v", name, res.Score, res.Action, res.Incomplete)
			}
		}
	}
	// The caller's own are the caller's mistake.
	s := newScanner(t, options(raise("a", defSpam)))
	defer closeNow(t, s)
	_, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Settings: disable("T_SPAN")})
	if !errors.Is(err, winnow.ErrMessage) || !strings.Contains(fmt.Sprint(err), `"T_SPAM"`) {
		t.Errorf("the message's settings: %v", err)
	}
}

func TestCheckSettings(t *testing.T) {
	s := newScanner(t, options(raise("spam", defSpam), raise("more", defMore)))
	defer closeNow(t, s)
	inf := math.Inf(1)
	for want, l := range map[string]winnow.Layer{
		`did you mean "T_SPAM"?`: {Weights: map[string]float64{"T_SPAN": 1}},
		`"T_SPAN"`:               {Symbols: map[string]winnow.SymbolChange{"T_SPAN": {}}},
		`group "tests"`:          {Groups: map[string]score.Group{"tests": {}}},
		`"T_BOOT"`:               {Composites: map[string]*score.Composite{"T_BOOT": nil}},
		`"T_MOR" is unknown`:     {Composites: map[string]*score.Composite{"T_BOTH": {Def: defBoth, Expression: "T_SPAM & T_MOR"}}},
		`"g:tests" is unknown`:   {Composites: map[string]*score.Composite{"T_BOTH": {Def: defBoth, Expression: "g:tests"}}},
		`"T_BOTH" has no`:        {Composites: map[string]*score.Composite{"T_BOTH": {Expression: "T_SPAM"}}},
		`"mor"`:                  {Enable: []string{"mor"}},
		`"nothing"`:              {Disable: []string{"nothing"}},
		`weight of T_SPAM`:       {Weights: map[string]float64{"T_SPAM": inf}},
		`"reject"`:               {Thresholds: actions.Thresholds{actions.Reject: 1e300}},
		`"no action"`:            {Thresholds: actions.Thresholds{actions.NoAction: 1}},
	} {
		err := s.Check(winnow.Settings{Layer: l})
		want = strings.Replace(want, `"T_BOTH" has no`, `T_BOTH has no`, 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s in it", l, err, want)
		}
		if err := s.Check(winnow.Settings{Over: []winnow.Layer{{}, l}}); err == nil {
			t.Errorf("%+v over another: no error", l)
		}
		o := options(raise("spam", defSpam), raise("more", defMore))
		o.Layer = l
		if _, err := winnow.New(o); !errors.Is(err, winnow.ErrOptions) {
			t.Errorf("New with %+v: %v", l, err)
		}
	}
	good := winnow.Settings{Layer: winnow.Layer{
		Disable: []string{"*", "spam"}, Enable: []string{"T_SPAM", "T_BOTH", "more", "test"},
		Thresholds: actions.Thresholds{actions.Reject: math.NaN(), actions.AddHeader: math.NaN(), "hold": 5},
		// Symbols that no check here raises, but the profile speaks of.
		Composites: map[string]*score.Composite{"T_BOTH": {Def: defBoth, Expression: "T_SPAM & !R_SPF_FAIL & !g:surbl"}, "AUTH_NA": nil},
		Groups:     map[string]score.Group{"surbl": {Max: 3}},
		Weights:    map[string]float64{"T_BOTH": 4},
	}}
	if err := s.Check(good); err != nil {
		t.Error(err)
	}
	res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Settings: &good})
	if err != nil || res.Score != 6 || res.Action != "hold" || !strings.Contains(string(res.JSON()), `"T_BOTH":{"name":"T_BOTH","score":4.0`) {
		t.Errorf("%v: %s", err, res.JSON())
	}
}

// Settings are remembered by content: a map that changes is seen.
func TestSettingsThatChange(t *testing.T) {
	s := newScanner(t, options(raise("spam", defSpam)))
	defer closeNow(t, s)
	set := &winnow.Settings{Layer: winnow.Layer{Weights: map[string]float64{"T_SPAM": 1}}}
	for i := range 300 { // more than are remembered
		w := float64(i % 150)
		set.Weights["T_SPAM"] = w
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Settings: set})
		if err != nil || res.Score != w {
			t.Fatalf("%v: score %v, %v", w, res.Score, err)
		}
	}
}

// No number of anybody's makes a score that is none.
func TestNumbersStayNumbers(t *testing.T) {
	huge := &checks.Check{Name: "huge", Doc: "test", Symbols: []*symbols.Def{defSpam, defMore}, Run: func(_ context.Context, t *checks.Task) error {
		for _, f := range []float64{1e308, math.Inf(1), math.NaN(), -1e308, 1e308} {
			t.HitFactor(defSpam, f)
			t.HitFactor(defMore, -f)
		}
		t.PreResult(actions.PreResult{Action: actions.Reject, Least: true, Score: math.Inf(-1), HasScore: true})
		t.PreResult(actions.PreResult{Action: actions.AddHeader, Least: true, Score: math.MaxFloat64, HasScore: true})
		return nil
	}}
	o := options(huge)
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	e := res.Explain()
	for _, f := range []float64{res.Score, e.Points, e.Slack} {
		if math.IsNaN(f) || math.Abs(f) > 1e12 {
			t.Errorf("score %v, next in %v, below by %v", res.Score, e.Points, e.Slack)
		}
	}
	if got := string(res.JSON()); strings.Contains(got, "Inf") || strings.Contains(got, "NaN") {
		t.Error(got)
	}
}

// Nobody's settings cost nothing, and 50 recipients' little.
func BenchmarkSettings(b *testing.B) {
	for _, n := range []int{0, 1, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			o := builtin()
			s, err := winnow.New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			m := &winnow.Message{RcptSettings: map[string]*winnow.Settings{}}
			m.Envelope.From, m.Envelope.HasFrom = "a@example.org", true
			for i := range 50 {
				rcpt := fmt.Sprintf("r%d@example.net", i)
				m.Envelope.Rcpts = append(m.Envelope.Rcpts, rcpt)
				if i < n {
					m.RcptSettings[rcpt] = &winnow.Settings{Layer: winnow.Layer{
						Weights: map[string]float64{"MISSING_DATE": float64(i)}, Disable: []string{"R_DKIM_NA", "surbl"},
						Thresholds: actions.Thresholds{actions.Reject: 7},
					}}
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				m.Body = winnow.FromBytes([]byte(plain))
				if _, err := s.Scan(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestManyRecipients asks for the verdict of each of many recipients, all of whom have
// settings of their own, and for what may be kept of it.
func TestManyRecipients(t *testing.T) {
	s := newScanner(t, winnow.Options{Families: []*checks.Family{}})
	defer closeNow(t, s)
	worktest.Linear(t, "recipients", 8000, func(n int) func() {
		m := &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nx\r\n")), RcptSettings: map[string]*winnow.Settings{}}
		for i := range n {
			rcpt := fmt.Sprintf("user%d@bücher.example.org", i)
			m.Envelope.Rcpts = append(m.Envelope.Rcpts, rcpt)
			m.RcptSettings[rcpt] = &winnow.Settings{NoLog: i%2 == 0}
		}
		res, err := s.Scan(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			for i, rcpt := range m.Envelope.Rcpts {
				if res.For(rcpt) != &res.Recipients[i].Verdict || res.NoLog(rcpt) != (i%2 == 0) {
					t.Fatal(rcpt)
				}
			}
		}
	})
}

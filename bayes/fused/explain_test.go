package fused

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// TestExplain holds that the contributions of a message's features come to its
// log-odds, and that both signs are there.
func TestExplain(t *testing.T) {
	for _, user := range []string{"", "bob"} {
		m := newModel(t, Options{Bits: UserBits, Seed: 5, Prior: randomPrior(t, 2000)})
		for n := range 80 {
			spam := n%2 == 0
			teach(t, m, m.Features(message(n, spam), []string{"SOME_SYMBOL"}, user), spam, true)
		}
		msg := message(1000, true)
		x := m.Explain(msg, []string{"SOME_SYMBOL"}, user, 0)
		sum := 0.0
		for _, c := range x.Tokens {
			sum += c.LogOdds
		}
		for _, c := range x.Grams {
			sum += c.LogOdds
		}
		if math.Abs(sum-x.Verdict.LogOdds) > 1e-9 {
			t.Errorf("contributions of %.6f to log-odds of %.6f", sum, x.Verdict.LogOdds)
		}
		places := 0.0
		for _, s := range x.Places {
			places += s.LogOdds
			if (s.Field == "") == (s.Part == "") || s.Text == "" || s.To <= s.From {
				t.Errorf("a place without a place: %+v", s)
			}
		}
		if grams := x.Verdict.Weights[1]*x.Verdict.Members[1] + x.Verdict.Weights[2]*x.Verdict.Members[2]; math.Abs(places-grams) > 1e-9 {
			t.Errorf("places of %.6f, grams of %.6f", places, grams)
		}
		few := m.Explain(msg, nil, user, 3)
		signs := map[bool]int{}
		for i, c := range few.Tokens {
			signs[c.LogOdds > 0]++
			if i > 0 && math.Abs(c.LogOdds) > math.Abs(few.Tokens[i-1].LogOdds) {
				t.Errorf("not in order: %+v", few.Tokens)
			}
		}
		if signs[true] != 3 || signs[false] == 0 || signs[false] > 3 {
			t.Errorf("%d for spam, %d for ham", signs[true], signs[false])
		}
		if v := m.Classify(m.Features(msg, nil, user)); v != few.Verdict {
			t.Errorf("classified as %+v, explained as %+v", v, few.Verdict)
		}
	}
}

// TestNames holds that each token of a message has a name, and no name is none's.
func TestNames(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/*.eml")
	for _, name := range append(files, "") {
		raw := []byte(sent)
		if name != "" {
			var err error
			if raw, err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		msg := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
		e := &extractor{names: &names{}}
		e.fields = written(nil, msg.Header())
		e.set.reset()
		e.tokens(msg, []string{"A_SYMBOL"})
		if len(e.names.list) != len(e.set.list) {
			t.Errorf("%s: %d names of %d tokens", name, len(e.names.list), len(e.set.list))
		}
		for _, n := range e.names.list {
			if n.kind.String() == "token" {
				t.Errorf("kind %d has no name", n.kind)
			}
		}
		if last := e.names.list[len(e.names.list)-1]; last.kind != tokenSymbol || last.text != "A_SYMBOL" {
			t.Errorf("the last token is %v %q", last.kind, last.text)
		}
	}
}

// TestPlaces holds that a place says where its text is.
func TestPlaces(t *testing.T) {
	m := newModel(t, Options{Bits: 16, Seed: 5})
	msg := parse(strings.Replace(sent, "text/html", "text/plain", 1))
	teach(t, m, m.Features(msg, nil, ""), true, true)
	for _, s := range m.Explain(msg, nil, "", 0).Places {
		if s.Part == "" {
			continue
		}
		text := strings.ToLower(msg.Texts()[0].Plain())[s.From:s.To]
		if got := strings.Join(strings.Fields(text), " "); s.From > 0 && got != s.Text {
			t.Errorf("%q at %q", s.Text, got)
		}
	}
}

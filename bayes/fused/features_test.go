package fused

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

const sent = "From: Anna <anna@example.org>\nTo: bob@example.net\nSubject: Offer of the week\nMessage-ID: <a1B2@mx.example.org>\n" +
	"Date: Tue, 3 Nov 2026 10:11:12 +0100\nContent-Type: text/html\n\n<p>Buy <b>NOW</b> at <a href=\"http://shop.example.com/a/b?c=1\">our shop</a></p>\n"

// TestSameMessage holds features to what the sender wrote: what delivery adds or
// changes on the way leaves them as they are.
func TestSameMessage(t *testing.T) {
	m := newModel(t, Options{Seed: 3})
	want := m.Features(parse(sent), nil, "")
	if len(want.Tokens.Slots) < 40 || len(want.Grams.Slots) < 100 {
		t.Fatalf("%d tokens, %d grams", len(want.Tokens.Slots), len(want.Grams.Slots))
	}
	for name, raw := range map[string]string{
		"line ends":        strings.ReplaceAll(sent, "\n", "\r\n"),
		"a hop":            "Received: from a.example.org by b.example.net; Tue, 3 Nov 2026 10:11:13 +0100\n" + sent,
		"a filter's field": "X-Spam: Yes\nX-Spamd-Result: default: False [9.00 / 15.00]\n" + sent,
		"a list's fields":  "List-Id: <list.example.org>\nSender: list-bounces@example.org\n" + sent,
		"folding":          strings.Replace(sent, "Offer of", "Offer\n of", 1),
	} {
		if got := m.Features(parse(raw), nil, ""); !slices.Equal(got.Tokens.Slots, want.Tokens.Slots) || !slices.Equal(got.Grams.Slots, want.Grams.Slots) {
			t.Errorf("%s: other features", name)
		}
	}
}

func TestFeaturesDiffer(t *testing.T) {
	m := newModel(t, Options{Seed: 3})
	base := m.Features(parse(sent), nil, "")
	for name, f := range map[string]Features{
		"a symbol":      m.Features(parse(sent), []string{"HFILTER_HELO_1"}, ""),
		"another zone":  m.Features(parse(strings.Replace(sent, "+0100", "+0900", 1)), nil, ""),
		"another host":  m.Features(parse(strings.Replace(sent, "shop.example.com", "shop.example.net", 1)), nil, ""),
		"a user":        m.Features(parse(sent), nil, "bob"),
		"another seed":  newModel(t, Options{Seed: 4}).Features(parse(sent), nil, ""),
		"another order": m.Features(parse(strings.Replace(sent, "To: bob@example.net\n", "", 1)+""), nil, ""),
	} {
		if slices.Equal(f.Tokens.Slots, base.Tokens.Slots) {
			t.Errorf("%s changes no token", name)
		}
	}
	one, two := m.Features(parse(sent), nil, "bob"), m.Features(parse(sent), nil, "eve")
	n := len(base.Tokens.Slots)
	if len(one.Tokens.Slots) != 2*n || !slices.Equal(one.Tokens.Slots[:n], base.Tokens.Slots) || slices.Equal(one.Tokens.Slots[n:], two.Tokens.Slots[n:]) {
		t.Error("users have no features of their own beside those of all")
	}
}

func TestEmptyMessages(t *testing.T) {
	m := newModel(t, Options{Bits: 14})
	for _, raw := range []string{"", "\n", "\n\n", "Subject:", ": x\n\n", "Content-Type: multipart/mixed\n\n"} {
		f := m.Features(parse(raw), nil, "u")
		if v := m.Classify(f); v.Probability != .5 {
			t.Errorf("%q: %+v", raw, v)
		}
		teach(t, m, f, true, true)
		m = newModel(t, Options{Bits: 14})
	}
}

func TestSet(t *testing.T) {
	var s set
	s.reset()
	for i := range uint64(20000) {
		s.add(mix(i % 9000))
	}
	if len(s.list) != 9000 {
		t.Errorf("%d numbers of 9000", len(s.list))
	}
	s.reset()
	s.add(0)
	s.add(0)
	if len(s.list) != 1 {
		t.Error("zero counts twice")
	}
}

func FuzzFeatures(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/*.eml")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(sent))
	m := newModel(f, Options{Bits: 14})
	f.Fuzz(func(t *testing.T, raw []byte) {
		msg := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
		one, two := m.Features(msg, nil, ""), m.Features(msg, nil, "")
		if !slices.Equal(one.Tokens.Slots, two.Tokens.Slots) || !slices.Equal(one.Grams.Slots, two.Grams.Slots) {
			t.Error("the same message has other features")
		}
		if max(len(one.Tokens.Slots), len(one.Grams.Slots)) > maxSlots/2 {
			t.Errorf("%d and %d features", len(one.Tokens.Slots), len(one.Grams.Slots))
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	raw, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		b.Fatal(err)
	}
	msg := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
	for name, prior := range map[string]*Prior{"no prior": nil, "prior": randomPrior(b, 16000)} {
		b.Run(name, func(b *testing.B) {
			m := newModel(b, Options{Prior: prior})
			teach(b, m, m.Features(msg, nil, ""), true, true)
			b.ReportAllocs()
			for b.Loop() {
				m.Classify(m.Features(msg, nil, ""))
			}
		})
	}
}

func BenchmarkLearn(b *testing.B) {
	m := newModel(b, Options{})
	f := [2]Features{m.Features(message(1, false), nil, ""), m.Features(message(2, true), nil, "")}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e, _, _ := m.Learn(Lesson{f[i%2], i%4 < 2, false})
		if err := m.Apply(e); err != nil {
			b.Fatal(err)
		}
	}
}

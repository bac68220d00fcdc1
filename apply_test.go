package winnow_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-message/textproto"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/mail"
)

// marked is what an "add header" verdict asks for.
func marked() []actions.HeaderEdit {
	return []actions.HeaderEdit{{Remove: true, Name: "X-Spam"}, {Name: "X-Spam", Value: "Yes", Index: 1}}
}

// retitled is what a "rewrite subject" verdict asks for.
func retitled() []actions.HeaderEdit {
	return []actions.HeaderEdit{{Remove: true, Name: "X-Spam"}, {Remove: true, Name: "Subject"}, {Name: "Subject", Value: "new"}}
}

func TestApplyShapes(t *testing.T) {
	for name, c := range map[string]struct {
		raw   string
		edits []actions.HeaderEdit
		want  string
	}{
		"plain":                      {"A: 1\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\r\n\r\nbody"},
		"bare LF":                    {"A: 1\nX-Spam: No\nB: 2\n\nbody\n", marked(), "X-Spam: Yes\nA: 1\nB: 2\n\nbody\n"},
		"bare CR":                    {"A: 1\rB: 2\r\rbody", marked(), "X-Spam: Yes\r\nA: 1\rB: 2\r\n\r\nbody"},
		"CR CR LF":                   {"A: 1\r\r\nSubject: old\r\r\n\r\r\nbody", retitled(), "A: 1\r\r\nSubject: new\r\n\r\nbody"},
		"mixed":                      {"A: 1\nB: 2\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\nB: 2\r\n\r\nbody"},
		"ends by CR CR LF":           {"Subject: old\r\nA: 1\r\n\r\r\nbody", retitled(), "A: 1\r\nSubject: new\r\n\r\nbody"},
		"ends by CR":                 {"Subject: old\r\nA: 1\r\n\rbody", retitled(), "A: 1\r\nSubject: new\r\n\r\nbody"},
		"no end":                     {"Subject: old\r\nA: 1", retitled(), "A: 1\r\nSubject: new\r\n\r\n"},
		"a removal joins CR and LF":  {"A: 1\rX-Spam: No\n\nB: body", marked()[:1], "A: 1\r\n\nB: body"},
		"a line end becomes CRLF":    {"A: 1\rB: 2\n\nbody", marked(), "X-Spam: Yes\nA: 1\rB: 2\n\nbody"},
		"begins with a continuation": {" , A: 0\r\n\tB: 1\r\nC: 2\r\n\r\nbody", marked(), "X-Spam: Yes\r\n, A: 0\r\n\tB: 1\r\nC: 2\r\n\r\nbody"},
		"forged in a continuation":   {" X-Spam: No\r\nC: 2\r\n\r\nbody", marked(), "X-Spam: Yes\r\nC: 2\r\n\r\nbody"},
		"forged after a blank line":  {"\r\nX-Spam: No\r\nC: 2\r\n\r\nbody", marked()[:1], "C: 2\r\n\r\nbody"},
		"forged after a junk line":   {"A: 1\r\njunk\r\nX-SPAM: No\r\n  and more\r\n\r\nbody", marked()[:1], "A: 1\r\njunk\r\n\r\nbody"},
		"blank before the colon":     {"A: 1\r\nx-spam \t: No\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\r\n\r\nbody"},
		"folded before the colon":    {"A: 1\r\nx-spam\r\n : No\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\r\n\r\nbody"},
		"NUL in the name":            {"A: 1\r\nX-\x00Spam: No\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\r\n\r\nbody"},
		"NUL in a value":             {"A: 1\x00\r\n\r\nbody", marked(), "X-Spam: Yes\r\nA: 1\x00\r\n\r\nbody"},
		"in the body":                {"A: 1\r\n\r\nX-Spam: body", marked()[:1], "A: 1\r\n\r\nX-Spam: body"},
		"empty":                      {"", marked(), "X-Spam: Yes\r\n\r\n"},
		"only text":                  {"  hello\r\nworld\r\n", marked(), "X-Spam: Yes\r\n\r\n  hello\r\nworld\r\n"},
		"only text and LF":           {"hello\n\nworld: x\n", marked(), "X-Spam: Yes\n\nhello\n\nworld: x\n"},
		"begins with a blank line":   {"\r\n\r\nhello", marked(), "X-Spam: Yes\r\n\r\n\r\nhello"},
		"mbox":                       {"From a@b Fri 12:00\r\n\r\nA: 1\r\n\r\nbody", marked(), "From a@b Fri 12:00\r\nX-Spam: Yes\r\nA: 1\r\n\r\nbody"},
		"From with a blank":          {"From : a@b\r\nA: 1\r\n\r\nbody", marked(), "X-Spam: Yes\r\nFrom : a@b\r\nA: 1\r\n\r\nbody"},
		"no mbox line":               {"X-Spam: No\r\nFrom now on\r\nB: 1\r\n\r\n", marked()[:1], "From now on\r\nB: 1\r\n\r\n"},
		"mbox line within":           {"X-Spam: No\r\nFrom a@b\r\n\r\nB: body\r\n\r\n", marked()[:1], "Comments:\r\n\r\nB: body\r\n\r\n"},
		"nothing is left":            {"X-Spam: No\r\n\r\nX-Spam: No\r\n\r\nbody", marked()[:1], "Comments:\r\n\r\nX-Spam: No\r\n\r\nbody"},
		"only a disguised one":       {"X-Sp am: No\r\n\r\nbody", marked()[:1], "Comments:\r\n\r\nX-Sp am: No\r\n\r\nbody"},
		"blank, and nothing is left": {"X-Spam : No\r\n\r\nbody", marked()[:1], "Comments:\r\n\r\nbody"},
		"one of two with blanks":     {"X-Spam : 1\r\nA: 1\r\nX-Spam\t: 2\r\n\r\n", []actions.HeaderEdit{{Remove: true, Name: "X-Spam", Index: 2}}, "X-Spam : 1\r\nA: 1\r\n\r\n"},
		"nothing to change":          {" \r\nA: 1\r\n\rbody", marked()[:1], " \r\nA: 1\r\n\rbody"},
		"no edits":                   {"\x00", nil, "\x00"},
	} {
		got, err := winnow.Apply([]byte(c.raw), c.edits)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestApplyIndexes(t *testing.T) {
	const raw = "A: 1\r\nS: x\r\n  folded\r\nB: 2\r\ns: y\r\n\r\nbody"
	remove := func(n int) actions.HeaderEdit { return actions.HeaderEdit{Remove: true, Name: "S", Index: n} }
	add := func(name string, n int) actions.HeaderEdit {
		return actions.HeaderEdit{Name: name, Value: "v", Index: n}
	}
	for name, c := range map[string]struct {
		edits []actions.HeaderEdit
		want  string // names
	}{
		"all":                            {[]actions.HeaderEdit{remove(0)}, "A B"},
		"first":                          {[]actions.HeaderEdit{remove(1)}, "A B s"},
		"last":                           {[]actions.HeaderEdit{remove(-1)}, "A S B"},
		"from the end":                   {[]actions.HeaderEdit{remove(-2)}, "A B s"},
		"beyond":                         {[]actions.HeaderEdit{remove(3), remove(-3)}, "A S B s"},
		"far beyond":                     {[]actions.HeaderEdit{remove(-5)}, "A S B s"},
		"twice beyond":                   {[]actions.HeaderEdit{remove(-8), remove(-11)}, "A S B s"},
		"far beyond, and one":            {[]actions.HeaderEdit{remove(-7), remove(-2)}, "A B s"},
		"positions are those received":   {[]actions.HeaderEdit{remove(1), remove(2)}, "A B"},
		"top":                            {[]actions.HeaderEdit{add("X", 1), add("Y", 1)}, "Y X A S B s"},
		"end":                            {[]actions.HeaderEdit{add("X", 0), add("Y", 0), add("Z", -1)}, "A S B s X Y Z"},
		"before the third":               {[]actions.HeaderEdit{add("X", 3), add("Y", 3)}, "A S Y X B s"},
		"before the last":                {[]actions.HeaderEdit{add("X", -2), add("Y", -2)}, "A S B X Y s"},
		"beyond the end":                 {[]actions.HeaderEdit{add("X", 9), add("Y", 5), add("Z", 0)}, "A S B s X Y Z"},
		"beyond the top":                 {[]actions.HeaderEdit{add("X", -9), add("Y", -5), add("Z", 1)}, "Z X Y A S B s"},
		"a removal takes what was added": {[]actions.HeaderEdit{add("S", 1), remove(0), add("s", 0)}, "A B s"},
		"one by number does not":         {[]actions.HeaderEdit{add("S", 1), remove(1)}, "S A B s"},
		"before one that goes":           {[]actions.HeaderEdit{remove(0), add("X", 2)}, "A X B"},
	} {
		out, err := winnow.Apply([]byte(raw), c.edits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := namesOf(out); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		h := goMessage([]byte(raw))
		if err := winnow.ApplyHeader(&h, c.edits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var b bytes.Buffer
		if err := textproto.WriteHeader(&b, h); err != nil || b.String()+"body" != string(out) {
			t.Errorf("%s: go-message has %q, %v, want %q", name, b.String(), err, out)
		}
	}
}

func namesOf(raw []byte) string {
	var names []string
	for _, f := range wholeHeader(raw).Header().Fields() {
		names = append(names, f.Name())
	}
	return strings.Join(names, " ")
}

// wholeHeader parses with no limit that a header could meet.
func wholeHeader(raw []byte) *mail.Message {
	return mail.Parse(raw, mail.Envelope{}, mail.Limits{Size: 1 << 40, HeaderBytes: 1 << 40, Headers: 1 << 40})
}

func goMessage(raw []byte) textproto.Header {
	return wholeHeader(raw).Header().Textproto()
}

func TestApplyFolds(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for name, c := range map[string]struct{ value, want string }{
		"short":     {"v", "C: v\r\n"},
		"empty":     {"", "C:\r\n"},
		"long":      {long, "C: " + mail.FoldHeader("C", long, "") + "\r\n"},
		"signature": {"v=1; b=;\n\tc\r\n d\r e", "C: v=1; b=;\r\n\tc\r\n d\r\n e\r\n"},
		"blanks":    {"a" + strings.Repeat(" ", 300) + "b", "C: a" + strings.Repeat(" ", 300) + "b\r\n"},
	} {
		edits := []actions.HeaderEdit{{Name: "C", Value: c.value}}
		if got, err := winnow.Apply([]byte("A: 1\r\n\r\n"), edits); err != nil || string(got) != "A: 1\r\n"+c.want+"\r\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if got, err := winnow.Apply([]byte("A: 1\n\n"), edits); err != nil || string(got) != "A: 1\n"+strings.ReplaceAll(c.want, "\r\n", "\n")+"\n" {
			t.Errorf("%s with LF: %q, %v", name, got, err)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, e := range []actions.HeaderEdit{
		{}, {Name: "A b"}, {Name: "A:"}, {Name: "A\r\n"}, {Name: "1"}, {Name: "-a"}, {Name: "Ä"}, {Name: "A\x00"},
		{Remove: true, Name: " A"}, {Remove: true},
		{Name: "A", Value: "x\r\nB: y"}, {Name: "A", Value: "x\n"}, {Name: "A", Value: "x\r\n \r\n y"}, {Name: "A", Value: "x\r\n\r\n y"},
		{Name: "A", Value: "x\rB: y"}, {Name: "A", Value: "x\x00"}, {Name: "A", Value: "\r\n"}, {Name: "A", Value: "x\n\t\v"},
	} {
		edits := []actions.HeaderEdit{{Name: "Good", Value: "v"}, e}
		if got, err := winnow.Apply([]byte("A: 1\r\n\r\n"), edits); err == nil {
			t.Errorf("%+v: %q", e, got)
		}
		h := goMessage([]byte("A: 1\r\n\r\n"))
		if err := winnow.ApplyHeader(&h, edits); err == nil || h.Has("Good") {
			t.Errorf("%+v in go-message's header: %v", e, err)
		}
	}
	var h textproto.Header
	h.Add("A\nB", "x")
	if err := winnow.ApplyHeader(&h, marked()); err == nil || h.Len() != 1 {
		t.Errorf("a field that can't be written: %v", err)
	}
}

func TestApplyHeaderFindsDisguises(t *testing.T) {
	var h textproto.Header
	h.AddRaw([]byte("X-Spam : No\r\n"))
	h.AddRaw([]byte("x-SPAM: No\r\n"))
	h.AddRaw([]byte("A: 1\r\n"))
	if err := winnow.ApplyHeader(&h, marked()[:1]); err != nil || h.Len() != 1 || h.Has("X-Spam") || !h.Has("A") {
		t.Errorf("%v, %v", h.Map(), err)
	}
}

// TestApplyIsLinear holds that many edits of many fields take no more than
// their number of times as long, by Apply and by ApplyHeader.
func TestApplyIsLinear(t *testing.T) {
	worktest.Linear(t, "edits of as many fields", 16_000, func(n int) func() {
		raw, edits := manyEdits(n)
		received := goMessage(raw)
		return func() {
			if _, err := winnow.Apply(raw, edits); err != nil {
				t.Error(err)
			}
			h := received.Copy()
			if err := winnow.ApplyHeader(&h, edits); err != nil {
				t.Error(err)
			}
		}
	})
}

// manyEdits makes a message of n fields and n edits of all kinds.
func manyEdits(n int) (raw []byte, edits []actions.HeaderEdit) {
	for i := range n / 4 {
		edits = append(edits, actions.HeaderEdit{Remove: true, Name: "Same", Index: -i - 1},
			actions.HeaderEdit{Name: "Same", Value: "x", Index: i}, actions.HeaderEdit{Name: "Other", Value: "x", Index: -i},
			actions.HeaderEdit{Remove: true, Name: fmt.Sprintf("n%d", i)})
	}
	return bytes.Repeat([]byte("Same: 1\r\n"), n), edits
}

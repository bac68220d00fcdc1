package winnow_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	rawheader "github.com/winnowmail/winnow/internal/header"
	"github.com/winnowmail/winnow/mail"
)

// FuzzApply holds that package mail sees exactly the fields that are wanted,
// and the same body. Each line of script is an edit.
func FuzzApply(f *testing.F) {
	for _, script := range []string{
		"-0X-Spam", "-0X-Spam\n+1X-Spam:Yes", "-0Subject\n+0Subject:new", "-1A\n-nA\n+2B:x\n+nB:y\n+mB:z\n+9C:v",
		"+1A:1\n-0a\n+1a:2", "-0A\n-0B\n-0X-Spam\n-0Subject", "+1A:" + strings.Repeat("long words ", 20),
	} {
		for _, raw := range []string{
			"", "A: 1\r\nB: 2\r\n\r\nbody\r\n", "Subject: x\nX-Spam: No\n\nbody", " X-Spam: No\r\nA: 1\r\n\rbody", "\r\nX-Spam: No\r\n\r\nA: b",
			"From a\nFrom b\n\vA: 1\r\n\r\nB: x", "X-Spam : No\r\n\r\nA: 1\r\n\r\n", "A: 1\rX-Spam: y\n\nA: b", "From a\rA: 1\r\rbody", "From : a\r\nX-Spam\t : No\r\nA : 1\r\n\r\nb",
			"A: 1\r\nFrom b\r\n\r\nB: c\r\n\r\n", "hello\r\n\r\nworld", "A: 1\r\n\f\r\nB: 2\r\r\n\r\r\nx", "1A: 1\r\nB: 2", "A\x00: 1\r\n\r\n",
		} {
			f.Add([]byte(raw), script)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, script string) { applied(t, raw, script) })
}

func applied(t *testing.T, raw []byte, script string) {
	edits := readScript(script)
	kept := bytes.Clone(raw)
	out, err := winnow.Apply(raw, edits)
	if !bytes.Equal(raw, kept) {
		t.Fatal("raw was changed")
	}
	if _, wrong := winnow.Apply(nil, edits); (err == nil) != (wrong == nil) {
		t.Fatalf("the error depends on the message: %v, %v", err, wrong)
	}
	if err != nil {
		return
	}
	holdEdits(t, raw, out, edits)
}

// appliesTo makes edits that are good and holds that they are what was made.
func appliesTo(t *testing.T, raw []byte, edits []actions.HeaderEdit) []byte {
	t.Helper()
	out, err := winnow.Apply(raw, edits)
	if err != nil {
		t.Fatalf("%v: %+v", err, edits)
	}
	holdEdits(t, raw, out, edits)
	return out
}

// holdEdits compares the fields and the body of raw and out, which edits made of
// it.
func holdEdits(t *testing.T, raw, out []byte, edits []actions.HeaderEdit) {
	t.Helper()
	before, after := wholeHeader(raw), wholeHeader(out)
	if bytes.Equal(raw, out) {
		after = before
	}
	wantFields, wantBody := reference(before, raw, edits, !bytes.Equal(raw, out))
	var got []string
	for _, f := range after.Header().Fields() {
		got = append(got, bare(f.Raw()))
	}
	if len(wantFields) == 0 && slices.Equal(got, []string{"Comments:"}) {
		got = nil // Apply leaves no message without a field
	}
	if !slices.Equal(got, wantFields) {
		t.Errorf("fields %q, want %q, message %q", got, wantFields, out)
	}
	if !bytes.Equal(after.Body(), wantBody) {
		t.Errorf("body %q, want %q, message %q", after.Body(), wantBody, out)
	}
}

// readScript makes edits: a sign, an index from 0 to 9 or below zero from n
// on, a name and for additions a value after a colon.
func readScript(script string) []actions.HeaderEdit {
	var edits []actions.HeaderEdit
	for line := range strings.SplitSeq(script, "\n") {
		if len(line) < 2 || len(edits) > 50 {
			continue
		}
		e := actions.HeaderEdit{Remove: line[0] == '-', Index: int(line[1]) - '0'}
		if line[1] >= 'a' {
			e.Index = 'm' - int(line[1]) - 1
		}
		e.Name, e.Value, _ = strings.Cut(line[2:], ":")
		edits = append(edits, e)
	}
	return edits
}

// bare is a field as text to compare, without white space: folding may take
// and add some.
func bare(raw []byte) string {
	f := mail.Parse(append(bytes.TrimRight(raw, "\r\n"), "\r\n\r\n"...), mail.Envelope{}, mail.Limits{}).Header().Fields()[0]
	return f.Name() + ":" + strings.Join(strings.Fields(f.Value()), "")
}

// An item is a field on its way; received ones are never taken out of the
// list, so that positions hold.
type item struct {
	received, gone bool
	name, text     string
}

// reference makes the edits one by one on a list.
func reference(m *mail.Message, raw []byte, edits []actions.HeaderEdit, changed bool) (fields []string, body []byte) {
	var list []item
	for _, f := range m.Header().Fields() {
		list = append(list, item{received: true, name: f.Name(), text: bare(f.Raw())})
	}
	body = m.Body()
	n := len(list)
	for _, e := range edits {
		if e.Remove {
			removeItems(list, e)
			continue
		}
		field := item{name: e.Name, text: bare([]byte(e.Name + ": " + e.Value))}
		list = slices.Insert(list, placeOf(list, e.Index, n), field)
	}
	for _, it := range list {
		if !it.gone && !(it.received && disguise(it.name, edits)) {
			fields = append(fields, it.text)
		}
	}
	if !changed {
		return fields, body
	}
	if n == 0 {
		body = behindMbox(raw)
		body = body[firstLineEnd(body):]
	}
	return fields, body
}

// placeOf returns where in the list a field goes: n fields were received.
func placeOf(list []item, index, n int) int {
	var received []int
	for i, it := range list {
		if it.received {
			received = append(received, i)
		}
	}
	switch {
	case index == 1:
		return 0
	case index > 1 && index <= n:
		return received[index-2] + 1
	case index < -n:
		index = -n - 1
	case index >= 0:
		index = -1
	}
	if gap := n + 1 + index; gap < n {
		return received[gap]
	}
	return len(list)
}

func removeItems(list []item, e actions.HeaderEdit) {
	var same []int
	for i := range list {
		if len(list[i].name) == len(e.Name) && strings.EqualFold(list[i].name, e.Name) && (list[i].received || e.Index == 0) {
			same = append(same, i)
		}
	}
	nth := e.Index - 1
	if e.Index < 0 {
		nth = len(same) + e.Index
	}
	for k, i := range same {
		if e.Index == 0 || k == nth {
			list[i].gone = true
		}
	}
}

// disguise reports whether a name becomes that of an edit without its control
// characters.
func disguise(name string, edits []actions.HeaderEdit) bool {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, name)
	return clean != name && slices.ContainsFunc(edits, func(e actions.HeaderEdit) bool { return strings.EqualFold(e.Name, clean) })
}

func behindMbox(raw []byte) []byte {
	if _, mbox, end := rawheader.Begin(raw); mbox < end {
		return raw[end:]
	}
	return raw
}

func firstLineEnd(b []byte) int {
	for _, end := range []string{"\r\r\n", "\r\n", "\n", "\r"} {
		if bytes.HasPrefix(b, []byte(end)) {
			return len(end)
		}
	}
	return 0
}

package mail

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func parse(s string) *Message { return Parse([]byte(s), Envelope{}, Limits{}) }

func names(h *Header) (out []string) {
	for _, f := range h.Fields() {
		out = append(out, f.Name())
	}
	return out
}

func TestHeaderFields(t *testing.T) {
	cases := []struct {
		name, in string
		fields   []string
		broken   bool
		body     string
	}{
		{"CRLF", "A: 1\r\nB: 2\r\n\r\nbody\r\n", []string{"A", "B"}, false, "body\r\n"},
		{"LF", "A: 1\nB: 2\n\nbody\n", []string{"A", "B"}, false, "body\n"},
		{"bare CR", "A: 1\rB: 2\r\rbody", []string{"A", "B"}, false, "body"},
		{"mixed", "A: 1\r\nB: 2\n\r\nbody", []string{"A", "B"}, false, "body"},
		{"mbox line", "From ann Sun Nov  1 12:00:00 2026\nA: 1\n\nbody", []string{"A"}, false, "body"},
		{"white space before", "\r\n \nA: 1\n\nbody", []string{"A"}, false, "body"},
		{"no field", "A: 1\nno field here\nB: 2\n\nbody", []string{"A", "B"}, true, "body"},
		{"space before colon", "A : 1\nB: 2\n\nbody", []string{"A", "B"}, true, "body"},
		{"tabs before colon", "B: 2\r\nA\t \t:1\r\n\r\nbody", []string{"B", "A"}, true, "body"},
		{"space in a name", "A b: 1\nB: 2\n\nbody", []string{"B"}, true, "body"},
		{"fold before colon", "A\r\n : 1\r\nB: 2\r\n\r\nbody", []string{"B"}, true, "body"},
		{"space before colon, no end", "A : 1\nB: 2\n", []string{"A", "B"}, true, ""},
		{"From with a space", "From : ann@example.org\nA: 1\n\nbody", []string{"From", "A"}, true, "body"},
		{"From with a space, dated", "From : 12:00:00 2026\nA: 1\n\nbody", []string{"From", "A"}, true, "body"},
		{"mbox line, then From with a space", "From ann Sun Nov  1 12:00:00 2026\nFrom  : ann\n\nbody", []string{"From"}, true, "body"},
		{"mbox line without date", "From ann@example.org\nA: 1\n\nbody", []string{"A"}, false, "body"},
		{"no mbox line", "From now on\nA: 1\n\nbody", []string{"A"}, true, "body"},
		{"mbox line and bare CR", "From ann Sun Nov  1 12:00:00 2026\rA: 1\rB: 2\r\n\r\nbody", []string{"A", "B"}, false, "body"},
		{"odd start", "A: 1\n123: x\n-: y\nB: 2\n\nbody", []string{"A", "B"}, false, "body"},
		{"empty body", "A: 1\r\n\r\n", []string{"A"}, false, ""},
		{"no end", "A: 1\r\nB: 2\r\n", []string{"A", "B"}, true, ""},
		{"no header", "just some text\nand more", nil, false, "just some text\nand more"},
		{"no header and blanks", " some text\nand more", nil, false, " some text\nand more"},
		{"no header and empty lines", "\r\n\r\n some text", nil, false, "\r\n some text"},
		{"no header behind an mbox line", "From ann@example.org\n\n some text", nil, false, " some text"},
		{"empty", "", nil, false, ""},
		{"folded over empty", "A: 1\n \n 2\nB: 3\n\nbody", []string{"A", "B"}, false, "body"},
	}
	for _, c := range cases {
		m := parse(c.in)
		if got := names(m.Header()); !slices.Equal(got, c.fields) {
			t.Errorf("%s: fields %q, want %q", c.name, got, c.fields)
		}
		if m.BrokenHeaders() != c.broken {
			t.Errorf("%s: broken is %v", c.name, !c.broken)
		}
		if got := string(m.Root().Body()); got != c.body {
			t.Errorf("%s: body %q, want %q", c.name, got, c.body)
		}
	}
}

func TestFieldValue(t *testing.T) {
	cases := []struct{ in, value, text, separator string }{
		{"A: b\r\n", "b", "b", " "},
		{"A:b\r\n", "b", "b", ""},
		{"A:\t b \r\n", "b ", "b ", "\t "},
		{"A:\r\n b\r\n", "b", "b", "\r\n "},
		{"A: b\r\n\t c\r\n", "b c", "b c", " "},
		{"A: b \r\n c\r\n", "b  c", "b c", " "},
		{"A: b\x00c\r\n", "bc", "bc", " "},
		{"A:\r\n", "", "", ""},
		{"A: =?utf-8?Q?=C3=BC?=\r\n", "=?utf-8?Q?=C3=BC?=", "ü", " "},
		{"A: x\x01y\r\n", "x\x01y", "x?y", " "},
		{"A: Gr\xfc\xdfe aus M\xfcnchen\r\n", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße aus München", " "},
	}
	for _, c := range cases {
		raw := []byte("X: 1\r\n" + c.in + "\r\nbody")
		f := Parse(raw, Envelope{}, Limits{}).Header().Get("a")
		if f.Value() != c.value || f.Text() != c.text || f.Separator() != c.separator {
			t.Errorf("%q: got %q, %q, %q", c.in, f.Value(), f.Text(), f.Separator())
		}
		if off, n := f.Range(); string(raw[off:off+n]) != c.in || string(f.Raw()) != c.in {
			t.Errorf("%q: range is %q", c.in, raw[off:off+n])
		}
	}
	for _, in := range []string{"X: 1\r\nA: b ", "X: 1\r\nA: b \r\n", "X: 1\nA: b \x00"} { // no empty line, and no line end
		if f := Parse([]byte(in), Envelope{}, Limits{}).Header().Get("a"); f.Value() != "b " || f.Text() != "b " {
			t.Errorf("%q: got %q, %q", in, f.Value(), f.Text())
		}
	}
	var none *Field
	if none.Value() != "" || none.Text() != "" {
		t.Error("a missing field has a value")
	}
}

func TestHeaderLookup(t *testing.T) {
	m := parse("A: 1\nB: 2\na: 3\nC:\nD:\nE:\nF:\nG:\nLong-" + strings.Repeat("x", 100) + ": 9\n\n")
	if fs := m.Header().All("A"); len(fs) != 2 || fs[0].Value() != "1" || fs[1].Value() != "3" {
		t.Errorf("All: %v", fs)
	}
	if v := m.Header().Value("long-" + strings.Repeat("X", 100)); v != "9" {
		t.Errorf("long name: %q", v)
	}
	if m.Header().Has("Z") || m.Header().Get("z") != nil || len(m.Header().All("z")) != 0 {
		t.Error("a field that is not there was found")
	}
}

func TestHeaderNotes(t *testing.T) {
	for _, c := range []struct {
		in   string
		kind NoteKind
	}{
		{"A: 1\nno field\n\n", NoteBadHeaderLine}, {"A : 1\n\n", NoteSpacedName}, {"A: 1\n", NoteNoBody}, {"A: 1\r\nB: 2\n\n", NoteMixedLineEnds},
		{"A: 1\rB: 2\r\r", NoteBareCR}, {"A: \x00\n\n", NoteNUL},
		{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", NoteNoEndBoundary},
		{"Content-Type: multipart/mixed\n\nx", NoteNoBoundary},
		{"Content-Type: text\n\nx", NoteBadContentType},
	} {
		m := parse(c.in)
		m.Texts()
		if !slices.ContainsFunc(m.Notes(), func(n Note) bool { return n.Kind == c.kind }) {
			t.Errorf("%q: notes %v, want %q", c.in, m.Notes(), c.kind)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("A: 1\r\nB : 2\r\n\tx\r\n\r\nbody"))
	f.Add([]byte("From x\n\nSubject: =?utf-8?B?w7w?=\n =?iso-8859-1?q?=fc?=\n\n"))
	f.Add([]byte("From : a\r\nFrom\t: b\r\n\r\n"))
	f.Add([]byte("From a 12:00\rFrom:b\r\r"))
	f.Add([]byte("A:\r\r\nB:\x00\n \n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Parse(b, Envelope{}, Limits{})
		last := 0
		for _, fd := range m.Header().Fields() {
			off, n := fd.Range()
			if off < last || off+n > len(b) || !bytes.Equal(b[off:off+n], fd.Raw()) {
				t.Fatalf("field %q has range %d+%d", fd.Name(), off, n)
			}
			last = off + n
			fd.Text()
			fd.RawValue()
			fd.Separator()
			if m.Header().Get(fd.Name()) == nil {
				t.Fatalf("field %q is not found", fd.Name())
			}
		}
	})
}

package dkimsig

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// field is a Field of a test, header a Fields.
type field string

func (f field) Raw() []byte { return []byte(f) }

type header struct {
	fields []field
	asked  int // calls of All
}

func (h *header) All(name string) (out []field) {
	h.asked++
	for _, f := range h.fields {
		if n, _, _ := strings.Cut(string(f), ":"); strings.EqualFold(n, name) {
			out = append(out, f)
		}
	}
	return out
}

// The examples of RFC 6376 section 3.4.5, and what mail adds to them.
func TestAppendField(t *testing.T) {
	for _, c := range []struct{ in, relaxed, simple string }{
		{"A: X\r\n", "a:X\r\n", "A: X\r\n"},
		{"B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n", "B : Y\t\r\n\tZ  \r\n"},
		{"C: X\n", "c:X\r\n", "C: X\r\n"},
		{"D:\r\n\r\n", "d:\r\n", "D:\r\n"},
		{"E:", "e:\r\n", "E:\r\n"},
		{"F: a\n b\r c\r\r\n d", "f:a b c d\r\n", "F: a\r\n b\r\n c\r\n d\r\n"},
		{"G:\r\n \t x", "g:x\r\n", "G:\r\n \t x\r\n"},
		{"H: \xc3\xa4 \x0b y", "h:\xc3\xa4 \x0b y\r\n", "H: \xc3\xa4 \x0b y\r\n"},
	} {
		if got := string(Relaxed.AppendField(nil, []byte(c.in))); got != c.relaxed {
			t.Errorf("relaxed %q: %q, want %q", c.in, got, c.relaxed)
		}
		if got := string(Simple.AppendField(nil, []byte(c.in))); got != c.simple {
			t.Errorf("simple %q: %q, want %q", c.in, got, c.simple)
		}
	}
}

// canonBody returns a canonical body: identity is the hash.
func canonBody(c Canon, raw string, length int64) (string, int64) {
	h := &recorder{}
	w := &bodyWriter{hash: h, left: length}
	w.body(c, []byte(raw))
	w.flush()
	return h.String(), w.total
}

// A recorder is a hash that keeps its input.
type recorder struct{ bytes.Buffer }

func (r *recorder) Sum(b []byte) []byte { return append(b, r.Bytes()...) }
func (r *recorder) Size() int           { return 0 }
func (r *recorder) BlockSize() int      { return 1 }

func TestBody(t *testing.T) {
	for _, c := range []struct{ in, relaxed, simple string }{
		{" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"},
		{"", "", "\r\n"},
		{"\r\n\r\n", "", "\r\n"},
		{" \t\r\n", "", " \t\r\n"},
		{"a", "a\r\n", "a\r\n"},
		{"a\nb\n\n", "a\r\nb\r\n", "a\r\nb\r\n"},
		{"a\r\n\r\n\r\nb", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
		{"a\rb\r\n", "a\r\nb\r\n", "a\r\nb\r\n"},
		{"a\r", "a\r\n", "a\r\n"},
		{"a\r\r\nb \r\r\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb \r\n"},
		{"a\r\n \r\n", "a\r\n", "a\r\n \r\n"},
	} {
		if got, n := canonBody(Relaxed, c.in, -1); got != c.relaxed || n != int64(len(got)) {
			t.Errorf("relaxed %q: %q (%d), want %q", c.in, got, n, c.relaxed)
		}
		if got, n := canonBody(Simple, c.in, -1); got != c.simple || n != int64(len(got)) {
			t.Errorf("simple %q: %q (%d), want %q", c.in, got, n, c.simple)
		}
	}
	long := strings.Repeat("x", 3*bodyChunk) + strings.Repeat(" \ty", bodyChunk) + strings.Repeat("\r\n", bodyChunk) + "end"
	want := strings.Repeat("x", 3*bodyChunk) + strings.Repeat(" y", bodyChunk) + strings.Repeat("\r\n", bodyChunk) + "end\r\n"
	for _, l := range []int64{-1, 0, 1, 3 * bodyChunk, 4*bodyChunk + 7, int64(len(want)), int64(len(want)) + 5} {
		got, n := canonBody(Relaxed, long, l)
		cut := want
		if l >= 0 {
			cut = want[:min(int64(len(want)), l)]
		}
		if got != cut || n != int64(len(want)) {
			t.Errorf("l=%d: %d bytes of %d", l, len(got), n)
		}
	}
}

// The empty bodies' hashes as RFC 6376 sections 3.4.3 and 3.4.4 give them.
func TestEmptyBodyHashes(t *testing.T) {
	b := NewBody(nil)
	for _, c := range []struct {
		canon Canon
		hash  crypto.Hash
		want  string
	}{
		{Simple, crypto.SHA1, "uoq1oCgLlTqpdDX/iUbLy7J1Wic="},
		{Simple, crypto.SHA256, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="},
		{Relaxed, crypto.SHA1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
		{Relaxed, crypto.SHA256, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
	} {
		sum, err := b.Hash(c.canon, c.hash, -1)
		if got := base64.StdEncoding.EncodeToString(sum.Sum); err != nil || got != c.want {
			t.Errorf("%s %v: %s %v", c.canon, c.hash, got, err)
		}
	}
}

func TestBodyIsReadOncePerForm(t *testing.T) {
	b := NewBody([]byte("hello\r\n"))
	for range 10 {
		for l := int64(-1); l < 20; l++ {
			_, err := b.Hash(Relaxed, crypto.SHA256, l)
			if (err != nil) != (l >= MaxBodyForms-1) {
				t.Fatalf("l=%d: %v", l, err)
			}
		}
	}
	if want := int64(MaxBodyForms * len("hello\r\n")); b.read != want {
		t.Errorf("%d bytes read, want %d", b.read, want)
	}
}

func TestSelect(t *testing.T) {
	h := &header{fields: []field{"Received: 1", "from: a", "Received: 2", "From: b", "To: c"}}
	got := Select(h, []string{"FROM", "Received", "from", "from", "Received", "Subject", "received"})
	want := []field{"From: b", "Received: 2", "from: a", "Received: 1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestHashHeaderLeavesOutB(t *testing.T) {
	own := "DKIM-Signature: v=1; bh=b=x; b = abc\r\n\tdef ; d=b=;\r\n"
	s, _ := ParseSignature(DKIM, []byte(own))
	for c, want := range map[Canon]string{
		Simple:  "A: 1\r\nDKIM-Signature: v=1; bh=b=x; b =; d=b=;",
		Relaxed: "a:1\r\ndkim-signature:v=1; bh=b=x; b =; d=b=;",
	} {
		var w bytes.Buffer
		n := HashHeader(&w, c, []field{"A: 1\r\n"}, s.raw, s.from, s.to)
		if w.String() != want || n != int64(len(want)) {
			t.Errorf("%s: %q", c, w.String())
		}
	}
}

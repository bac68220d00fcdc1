package mail

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message/textproto"
)

func TestTextproto(t *testing.T) {
	raw := "Received: one\r\n\tfolded\r\nReceived: two\nSubject:  two  spaces \r\nno colon\r\nx-odd:\r\n\r\nbody"
	h := Parse([]byte(raw), Envelope{}, Limits{}).Header().Textproto()
	var got []string
	for f := h.Fields(); f.Next(); {
		line, err := f.Raw()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	want := []string{"Received: one\r\n\tfolded\r\n", "Received: two\r\n", "Subject:  two  spaces \r\n", "x-odd:\r\n"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJoin(t *testing.T) {
	const head = "From: a@example.org\r\nSubject: folded\r\n here\r\n\r\n"
	h, err := textproto.ReadHeader(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Join(h, strings.NewReader("body\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != head+"body\r\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzTextproto(f *testing.F) {
	f.Add([]byte("A: b\r\n c\r\rd: e\r\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw, Envelope{}, Limits{})
		h := m.Header().Textproto()
		if h.Len() != len(m.Header().Fields()) {
			t.Errorf("%d fields became %d", len(m.Header().Fields()), h.Len())
		}
		var b bytes.Buffer
		if err := textproto.WriteHeader(&b, h); err != nil {
			t.Error(err)
		}
	})
}

package dkimsig

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A counter is a writer that counts.
type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}

// took notes how long f took, for people: no test depends on it.
func took(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	t.Logf("took %v", time.Since(start).Round(10*time.Microsecond))
}

// A header of 10,000 fields under 10,000 mentions of names is selected with
// one look at each name and hashed once.
func TestSelectIsLinear(t *testing.T) {
	const n = 10_000
	var block, mentions strings.Builder
	for i := range n {
		fmt.Fprintf(&block, "X-%d: value %d\r\n", i%(n/2), i)
		fmt.Fprintf(&mentions, "X-%d:", i%(n/2))
	}
	h := &counting{Header: NewHeader([]byte(block.String()))}
	s, err := ParseSignature(DKIM, fieldWith(DKIM, "h="+mentions.String()+"from", "c=simple"))
	if err != nil {
		t.Fatal(err)
	}
	var w counter
	took(t, func() {
		fields := Select(h, s.Names)
		if len(fields) != n {
			t.Errorf("%d fields selected", len(fields))
		}
		WriteSigned(&w, s, fields)
	})
	if h.asked != n/2+1 {
		t.Errorf("%d looks at the header for %d names", h.asked, n/2+1)
	}
	if most := int64(block.Len() + len(s.raw)); w.bytes > most {
		t.Errorf("%d bytes hashed of %d", w.bytes, most)
	}
}

// One name that stands for 10,000 fields, mentioned 10,000 times.
func TestSelectOfOneName(t *testing.T) {
	const n = 10_000
	h := &counting{Header: NewHeader([]byte(strings.Repeat("To: a\r\n", n)))}
	names := strings.Split(strings.Repeat("To:tO:", n), ":")
	took(t, func() {
		if got := len(Select(h, names)); got != n {
			t.Errorf("%d fields", got)
		}
	})
	if h.asked > 2 {
		t.Errorf("%d looks for one name", h.asked)
	}
}

type counting struct {
	*Header
	asked int
}

func (c *counting) All(name string) []RawField {
	c.asked++
	return c.Header.All(name)
}

// A field of a megabyte, folded at every byte or two.
func TestFoldedField(t *testing.T) {
	for _, piece := range []string{"\r\n x", "\n\t", " ", "\r ", "a "} {
		raw := []byte("X: " + strings.Repeat(piece, (1<<20)/len(piece)) + "\r\n")
		took(t, func() {
			for _, c := range []Canon{Simple, Relaxed} {
				if n := len(c.AppendField(nil, raw)); n > 2*len(raw) {
					t.Errorf("%s %q: %d bytes", c, piece, n)
				}
			}
			tags := append([]byte("DKIM-Signature: v=1; b="), raw...)
			s, _ := ParseSignature(DKIM, tags)
			var w counter
			if WriteSigned[RawField](&w, s, nil); w.bytes > 100 {
				t.Errorf("%d bytes hashed though b= is empty", w.bytes)
			}
			if h := NewHeader(raw); len(h.All("x")) != 1 {
				t.Error("no field")
			}
		})
	}
}

// Bodies made of what canonicalization treats specially.
func TestBodyIsLinear(t *testing.T) {
	for _, piece := range []string{"\r\n", "\n", "\r", " ", " \r\n", "\t\r", "x", "x ", "a\r\n\r\n", "\r\r\n"} {
		raw := []byte(strings.Repeat(piece, (1<<20)/len(piece)) + ".")
		b := NewBody(raw)
		took(t, func() {
			for _, c := range []Canon{Simple, Relaxed} {
				sum, err := b.Hash(c, crypto.SHA256, -1)
				if err != nil || sum.Length > 2*int64(len(raw))+2 {
					t.Errorf("%s %q: %d bytes, %v", c, piece, sum.Length, err)
				}
			}
		})
		if b.read != 2*int64(len(raw)) {
			t.Errorf("%q: %d bytes read", piece, b.read)
		}
	}
}

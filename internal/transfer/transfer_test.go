package transfer

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"testing"
)

func TestBase64(t *testing.T) {
	cases := []struct {
		in, want string
		clean    bool
	}{
		{"SGVsbG8gd29ybGQ=", "Hello world", true},
		{"SGVs\r\nbG8g\r\nd29ybGQ=\r\n", "Hello world", true},
		{"SGVsbG8gd29ybGQ", "Hello world", true},                                                          // end missing
		{"SGVs*bG8gd29ybGQ=", "Hello world", false},                                                       // foreign byte
		{"!SG!Vs!bG8!gd2!9yb!GQ=!", "Hello world", false},                                                 // many of them
		{"SGV*s bG8g d29y bGQ=", "Hello world", false},                                                    // in words
		{"Hello, dear friend of the house; see you.", "Hello, dear friend of the house; see you.", false}, // no base64
		{"See http://example.org/a now, thank you for your business, dear friend", "See http://example.org/a now, thank you for your business, dear friend", false},
		{"SGVsbG8=IHdvcmxk", "Hello world", true},        // two pieces joined
		{"SGVsbG8=\r\nThis is a footer.", "Hello", true}, // text after the end
		{"not encoded: text.", "not encoded: text.", false},
		{"", "", true},
		{"====", "", false},
	}
	for _, c := range cases {
		got, clean := Base64([]byte(c.in))
		if string(got) != c.want || clean != c.clean {
			t.Errorf("%q: got %q, %v; want %q, %v", c.in, got, clean, c.want, c.clean)
		}
	}
}

func TestQuotedPrintable(t *testing.T) {
	cases := []struct {
		in, want string
		clean    bool
	}{
		{"a=3Db", "a=b", true},
		{"soft=\r\nbreak", "softbreak", true},
		{"soft= \t\nbreak", "softbreak", true},
		{"lower=c3=a4", "lowerä", true},
		{"bad=zz", "bad=zz", false},
		{"end=", "end=", false},
		{"space  \r\nnext\t\n", "space\r\nnext\n", true},
		{"kept=20\r\n", "kept \r\n", true},
	}
	for _, c := range cases {
		got, clean := QuotedPrintable([]byte(c.in))
		if string(got) != c.want || clean != c.clean {
			t.Errorf("%q: got %q, %v; want %q, %v", c.in, got, clean, c.want, c.clean)
		}
	}
}

func TestUU(t *testing.T) {
	got, ok := UU([]byte("preamble\nbegin 644 cat.txt\n#0V%T\n`\nend\nmore"))
	if !ok || string(got) != "Cat" {
		t.Errorf("got %q, %v", got, ok)
	}
	if _, ok := UU([]byte("nothing here")); ok {
		t.Error("text without a file was decoded")
	}
}

func TestQ(t *testing.T) {
	if got := Q(nil, "a_b=20c=E4=zz="); string(got) != "a b c\xe4=zz=" {
		t.Errorf("got %q", got)
	}
}

func TestMap(t *testing.T) {
	qp := []byte("Gr=C3=BC=C3=9Fe  \r\nan =\r\nBob")
	dec, _ := QuotedPrintable(qp)
	checkMap(t, MapQuotedPrintable(qp), qp, dec, "Bob", "Bob")
	checkMap(t, MapQuotedPrintable(qp), qp, dec, "ü", "=C3=BC")
	checkMap(t, MapQuotedPrintable(qp), qp, dec, "an", "an")
	b64 := []byte("SGVsbG8g\r\nd29y\r\nbGQ=")
	dec, _ = Base64(b64)
	checkMap(t, MapBase64(b64), b64, dec, "wor", "d29y")
}

func checkMap(t *testing.T, m *Map, src, dec []byte, word, want string) {
	t.Helper()
	i := bytes.Index(dec, []byte(word))
	s, e, ok := m.Range(i, i+len(word))
	if !ok || !strings.HasPrefix(string(src[s:e]), want) || len(strings.TrimSpace(string(src[s:e]))) > len(want) {
		t.Errorf("%s at %d: got %d-%d %v: %q, want %q", word, i, s, e, ok, src[s:e], want)
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("SGVsbG8gd29ybGQ="))
	f.Add([]byte("SGV\nsbG8=\n=== x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, _ := Base64([]byte(base64.StdEncoding.EncodeToString(b))); !bytes.Equal(got, b) {
			t.Errorf("round trip of %q gave %q", b, got)
		}
		dec, _ := Base64(b)
		ranges(t, MapBase64(b), len(dec), len(b))
	})
}

func FuzzQuotedPrintable(f *testing.F) {
	f.Add([]byte("a=3Db = \r\nsoft=\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var enc bytes.Buffer
		w := quotedprintable.NewWriter(&enc)
		w.Binary = true
		w.Write(b)
		w.Close()
		if got, _ := QuotedPrintable(enc.Bytes()); !bytes.Equal(got, b) {
			t.Errorf("round trip of %q by %q gave %q", b, enc.Bytes(), got)
		}
		dec, _ := QuotedPrintable(b)
		ranges(t, MapQuotedPrintable(b), len(dec), len(b))
	})
}

func FuzzUU(f *testing.F) {
	f.Add([]byte("begin 644 cat.txt\n#0V%T\n`\nend\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if dst, _ := UU(b); len(dst) > len(b) {
			t.Errorf("%d bytes of %d", len(dst), len(b))
		}
	})
}

// ranges checks that all places are inside the source and in order.
func ranges(t *testing.T, m *Map, out, in int) {
	t.Helper()
	last := 0
	for i := 0; i < out && i < m.outLen; i++ {
		s, e, ok := m.Range(i, i+1)
		if !ok || s < last || e < s || e > in {
			t.Fatalf("byte %d of %d: %d-%d %v after %d", i, out, s, e, ok, last)
		}
		last = s
	}
}

func BenchmarkBase64(b *testing.B) {
	src := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("winnow"), 2000)))
	var lines []byte
	for ; len(src) > 76; src = src[76:] {
		lines = append(append(lines, src[:76]...), "\r\n"...)
	}
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	for b.Loop() {
		Base64(lines)
	}
}

func BenchmarkQuotedPrintable(b *testing.B) {
	src := []byte(strings.Repeat("An ordinary line with one =3D sign and a soft end of line =\r\n", 200))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		QuotedPrintable(src)
	}
}

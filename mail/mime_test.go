package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
)

// tree writes the parts as "path type/subtype".
func tree(m *Message) string {
	var b strings.Builder
	for _, p := range m.Parts() {
		fmt.Fprintf(&b, "%s %s\n", p.Path, p.Type.Full())
	}
	return b.String()
}

const mixedHead = "Content-Type: multipart/mixed; boundary=b\n\n"

func TestTree(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "A: 1\n\nbody", "1 text/plain\n"},
		{"mixed", mixedHead + "pre\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\nepi\n", "1 multipart/mixed\n1.1 text/plain\n1.2 text/html\n"},
		{"nested", mixedHead + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\na\n--c\n\nb\n--c--\n--b\n\nd\n--b--\n",
			"1 multipart/mixed\n1.1 multipart/alternative\n1.1.1 text/plain\n1.1.2 text/plain\n1.2 text/plain\n"},
		{"outer ends inner", mixedHead + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\na\n--b\n\nd\n--b--\n",
			"1 multipart/mixed\n1.1 multipart/alternative\n1.1.1 text/plain\n1.2 text/plain\n"},
		{"same boundary inside", mixedHead + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b--\n--b\n\nd\n--b--\n",
			"1 multipart/mixed\n1.1 multipart/mixed\n1.1.1 text/plain\n1.2 text/plain\n"},
		{"no end", mixedHead + "--b\n\none", "1 multipart/mixed\n1.1 text/plain\n"},
		{"boundary in other case", "Content-Type: multipart/mixed; boundary=ABC\n\n--abc\n\none\n--abc--\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"boundary with space after", mixedHead + "--b \t\n\none\n--b-- \n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"no boundary parameter", "Content-Type: multipart/mixed\n\n--guess\n\none\n--guess--\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"another boundary used", mixedHead + "--other\n\none\n--other--\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"boundary ends in dashes", "Content-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n\none\n--b----\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"prefix of another", mixedHead + "--b2\n\nnot\n--b\n\none\n--b--\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nhi\n--b--\n", "1 multipart/digest\n1.1 message/rfc822\n1.1.1 text/plain\n"},
		{"message", mixedHead + "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\na\n--c--\n--b--\n",
			"1 multipart/mixed\n1.1 message/rfc822\n1.1.1 multipart/mixed\n1.1.1.1 text/plain\n"},
		{"report", mixedHead + "--b\nContent-Type: message/delivery-status\n\nStatus: 5.0.0\n--b--\n", "1 multipart/mixed\n1.1 message/delivery-status\n"},
		{"two types", "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", "1 multipart/mixed\n1.1 text/plain\n"},
		{"header only part", mixedHead + "--b\nContent-Type: text/html\n--b--\n", "1 multipart/mixed\n1.1 text/html\n"},
		{"blanks before colons", "Content-Type : multipart/mixed; boundary=b\n\n--b\nContent-Type\t: text/html\n\nx\n--b\nContent-Type : message/rfc822\n\n" +
			"From : a\nContent-Type  : text/plain\n\nx\n--b--\n", "1 multipart/mixed\n1.1 text/html\n1.2 message/rfc822\n1.2.1 text/plain\n"},
		{"empty parts", mixedHead + "--b\n--b\n--b--\n", "1 multipart/mixed\n"},
	}
	for _, c := range cases {
		for _, nl := range []string{"\n", "\r\n"} {
			if got := tree(parse(strings.ReplaceAll(c.in, "\n", nl))); got != c.want {
				t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
			}
		}
	}
}

func TestPartContent(t *testing.T) {
	raw := strings.ReplaceAll(mixedHead+"--b\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n--b\n"+
		"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: inline\nContent-ID: <x@y>\n\nJVBERi0xLjQK\n--b--\n", "\n", "\r\n")
	m := parse(raw)
	one, two := m.Parts()[1], m.Parts()[2]
	if got := one.Text().UTF8(); got != "Grüße" {
		t.Errorf("text %q", got)
	}
	if got := string(two.Content()); got != "%PDF-1.4\n" {
		t.Errorf("content %q", got)
	}
	if typ, ext := two.Detected(); typ != "application/pdf" || ext != "pdf" {
		t.Errorf("detected %s %s", typ, ext)
	}
	if two.Filename() != "a.pdf" || two.ContentID != "x@y" || !two.IsAttachment() || two.Text() != nil {
		t.Errorf("second part: %+v", two)
	}
	if raw[two.BodyOffset:two.BodyOffset+two.BodyLength] != "JVBERi0xLjQK" {
		t.Errorf("range %q", raw[two.BodyOffset:two.BodyOffset+two.BodyLength])
	}
	if one.Digest() == two.Digest() {
		t.Error("equal digests")
	}
}

// TestEncodedMessage looks at a message inside an encoded part: its places are
// that of the part.
func TestEncodedMessage(t *testing.T) {
	inner := "Subject: inside\r\nContent-Type: text/plain\r\n\r\nhello"
	raw := "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(inner)) + "\r\n"
	m := parse(raw)
	if len(m.Parts()) != 2 {
		t.Fatalf("parts %s", tree(m))
	}
	p := m.Parts()[1]
	if p.Header.Text("Subject") != "inside" || p.Text().UTF8() != "hello" {
		t.Errorf("inner part %+v", p)
	}
	off, n := p.Header.Get("Subject").Range()
	if off != m.Root().BodyOffset || n != m.Root().BodyLength || p.BodyOffset != off {
		t.Errorf("place %d+%d", off, n)
	}
	if off, n, ok := p.Text().RawRange(0, 5); !ok || off != p.BodyOffset || n != p.BodyLength {
		t.Errorf("raw range %d+%d %v", off, n, ok)
	}
}

func TestTextCharset(t *testing.T) {
	cases := []struct {
		in, text, charset string
		guessed           bool
	}{
		{"Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\xc9", "При", "koi8-r", false},
		{"Content-Type: text/html\n\n<html><meta charset=\"windows-1251\"><p>\xcf\xf0\xe8", "<html><meta charset=\"windows-1251\"><p>При", "windows-1251", true},
		{"Content-Type: text/plain\n\nGrüße", "Grüße", "utf-8", true},
		{"Content-Type: text/plain; charset=us-ascii\n\nplain", "plain", "us-ascii", false},
	}
	for _, c := range cases {
		x := parse(c.in).Texts()[0]
		if x.UTF8() != c.text || x.Charset() != c.charset || x.Detected() != c.guessed {
			t.Errorf("%q: got %q, %s, %v", c.in, x.UTF8(), x.Charset(), x.Detected())
		}
	}
}

func TestRawRange(t *testing.T) {
	cases := []struct{ head, body, word, want string }{
		{"", "Hello Bob, welcome", "Bob", "Bob"},
		{"Content-Transfer-Encoding: quoted-printable\n", "Gr=C3=BC=C3=9Fe an B=\nob", "Grüße", "Gr=C3=BC=C3=9Fe"},
		{"Content-Transfer-Encoding: base64\n", "SGVsbG8gQm9iLCB3ZWxjb21l", "Bob", "Qm9i"},
		{"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n", "Gr\xfc\xdfe an Bob", "Bob", "Bob"},
	}
	for _, c := range cases {
		raw := c.head + "\n" + c.body
		if c.head == "" {
			raw = "A: 1\n\n" + c.body
		}
		x := parse(raw).Texts()[0]
		i := strings.Index(x.UTF8(), c.word)
		off, n, ok := x.RawRange(i, i+len(c.word))
		if !ok || raw[off:off+n] != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.word, raw, raw[off:off+n], c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String()
	}
	cases := []struct {
		name, in string
		limits   Limits
		ok       func(m *Message) bool
	}{
		{"Size", "A: 1\n\n" + strings.Repeat("x", 100), Limits{Size: 50}, func(m *Message) bool { return len(m.Root().Body()) == 44 }},
		{"HeaderBytes", "A: 1\n" + strings.Repeat("B: 2\n", 100) + "\n", Limits{HeaderBytes: 50}, func(m *Message) bool { return len(m.Header().Fields()) == 10 }},
		{"Headers", strings.Repeat("B: 2\n", 100) + "\n", Limits{Headers: 7}, func(m *Message) bool { return len(m.Header().Fields()) == 7 }},
		{"Parts", mixedHead + strings.Repeat("--b\n\nx\n", 100), Limits{Parts: 5}, func(m *Message) bool { return len(m.Parts()) == 5 }},
		{"Depth", deep(30), Limits{Depth: 4}, func(m *Message) bool { return len(m.Parts()) == 5 && m.BrokenHeaders() }},
		{"DecodedBytes", "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("YWFh", 100), Limits{DecodedBytes: 30},
			func(m *Message) bool { return len(m.Root().Content()) <= 33 }},
		{"DecodedBytes", "Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=41", 100), Limits{DecodedBytes: 30},
			func(m *Message) bool { return len(m.Root().Content()) <= 30 }},
		{"TextBytes", "A: 1\n\n" + strings.Repeat("x", 100), Limits{TextBytes: 10}, func(m *Message) bool { return len(m.Texts()[0].UTF8()) == 10 }},
		{"none", mixedHead + "--b\n\nx\n", Limits{Parts: -1, Depth: -1}, func(m *Message) bool { return len(m.Parts()) == 1 }},
	}
	for _, c := range cases {
		m := Parse([]byte(c.in), Envelope{}, c.limits)
		if !c.ok(m) {
			t.Errorf("%s: %s fields %d", c.name, tree(m), len(m.Header().Fields()))
		}
		noted := c.name == "none"
		for _, n := range m.Notes() {
			noted = noted || n.Kind == NoteCut && strings.HasPrefix(n.Text, c.name)
		}
		if !noted {
			t.Errorf("%s: notes %v", c.name, m.Notes())
		}
	}
}

// TestConcurrentViews uses every lazy view from many goroutines at once.
func TestConcurrentViews(t *testing.T) {
	raw := []byte(strings.ReplaceAll("Subject: =?utf-8?q?=C3=BC?=\n"+mixedHead+"--b\nContent-Type: text/plain; charset=x-none\n\nGr\xfc\xdfe\n--b\n"+
		"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA*=\n--b--\n", "\n", "\r\n"))
	m := Parse(raw, Envelope{}, Limits{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for _, f := range m.Header().Fields() {
				f.Text()
			}
			for _, p := range m.Parts() {
				p.Content()
				p.Detected()
				p.Archive()
				p.Digest()
				if x := p.Text(); x != nil {
					x.UTF8()
					x.Lines()
				}
			}
			m.BrokenHeaders()
			m.Notes()
		})
	}
	wg.Wait()
}

// TestLinearMIME holds hostile shapes to work that grows as their size does.
func TestLinearMIME(t *testing.T) {
	fill := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	nest := func(n int) string {
		var b strings.Builder
		for i := range n / 200 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String()
	}
	for name, shape := range map[string]func(n int) string{
		"continuation lines": func(n int) string { return "A: 1\n" + fill(" x\n", n) + "\n" },
		"fields":             func(n int) string { return fill("A: 1\n", n) + "\n" },
		"encoded words":      func(n int) string { return "A: " + fill("=?utf-8?q?a?= ", n) + "\n\n" },
		"openings of words":  func(n int) string { return "A: " + fill("=?utf-8?q?", n) + "\n\n" },
		"parameters":         func(n int) string { return "Content-Type: a/b" + fill("; a=b", n) + "\n\n" },
		"quotes":             func(n int) string { return "Content-Type: a/b; a=" + fill("\"", n) + "\n\n" },
		"comments":           func(n int) string { return "Content-Type: " + fill("(", n) + "\n\n" },
		"sections":           func(n int) string { return "Content-Type: a/b" + fill("; a*1*=%41", n) + "\n\n" },
		"parts":              func(n int) string { return mixedHead + fill("--b\n\nx\n", n) },
		"candidates":         func(n int) string { return mixedHead + fill("--x\n", n) },
		"dashes":             func(n int) string { return mixedHead + fill("-", n) },
		"nested":             func(n int) string { return nest(n) + fill("x", n) },
		"nested candidates":  func(n int) string { return nest(n) + fill("--x\n", n) },
		"base64 padding":     func(n int) string { return "Content-Transfer-Encoding: base64\n\n" + fill("=YQ=", n) },
		"soft breaks":        func(n int) string { return "Content-Transfer-Encoding: quoted-printable\n\n" + fill("=  ", n) },
		"at signs":           func(n int) string { return "A: 1\n\n" + fill("@ echo ", n) },
	} {
		worktest.Linear(t, name, 1<<20, func(n int) func() {
			in := shape(n)
			return func() {
				m := parse(in)
				for _, f := range m.Header().Fields() {
					f.Text()
				}
				for _, p := range m.Parts() {
					p.Detected()
				}
				for _, x := range m.Texts() {
					x.UTF8()
				}
			}
		})
	}
}

func FuzzMIME(f *testing.F) {
	f.Add([]byte(mixedHead + "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogMQ0KDQp4\n--b--\n"))
	f.Add([]byte("Content-Type: multipart/digest; boundary=\"b--\"\n\n--b--\n\nA: 1\n\n--b----\n"))
	f.Add([]byte(mixedHead + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\r\n--B--\r--b\r\rx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Parse(b, Envelope{}, Limits{Parts: 50, Depth: 8})
		if len(m.Parts()) > 50 || len(m.Parts()) == 0 {
			t.Fatalf("%d parts", len(m.Parts()))
		}
		for i, p := range m.Parts() {
			if p.Index != i || p.BodyOffset < 0 || p.BodyOffset+p.BodyLength > len(b) {
				t.Fatalf("part %s at %d+%d of %d", p.Path, p.BodyOffset, p.BodyLength, len(b))
			}
			if !p.decodedPlace() && !bytes.Equal(p.Body(), b[p.BodyOffset:p.BodyOffset+p.BodyLength]) {
				t.Fatalf("part %s: the range is not the body", p.Path)
			}
			p.Content()
			p.Detected()
			p.Filename()
		}
		for _, x := range m.Texts() {
			s := x.UTF8()
			if off, n, ok := x.RawRange(0, len(s)); !ok || off < 0 || n < 0 || off+n > len(b) {
				t.Fatalf("raw range %d+%d %v of %d", off, n, ok, len(b))
			}
		}
	})
}

// TestEncodingBehindComments reads what stands before, behind and between comments.
func TestEncodingBehindComments(t *testing.T) {
	for value, want := range map[string]string{
		"(x) base64": "base64", "base64 (x)": "base64", " (a) Base64 (b) ": "base64", "(x)base64;": "base64", "(base64)": "", "(": "", "8bit(": "8bit",
	} {
		m := Parse([]byte("Content-Transfer-Encoding: "+value+"\r\n\r\nYQ==\r\n"), Envelope{}, Limits{})
		if got := m.Root().Encoding; got != want {
			t.Errorf("%q is %q", value, got)
		}
	}
}

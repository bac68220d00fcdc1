package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/winnowmail/winnow/internal/worktest"
)

// uu encodes a file as uuencode does.
func uu(name, content string) string {
	var b strings.Builder
	b.WriteString("begin 644 " + name + "\n")
	put := func(v byte) { b.WriteByte("`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[v&63]) }
	for len(content) > 0 {
		n := min(45, len(content))
		line := content[:n] + "\x00\x00"
		content = content[n:]
		put(byte(n))
		for i := 0; i < n; i += 3 {
			put(line[i] >> 2)
			put(line[i]<<4 | line[i+1]>>4)
			put(line[i+1]<<2 | line[i+2]>>6)
			put(line[i+2])
		}
		b.WriteByte('\n')
	}
	return b.String() + "`\nend\n"
}

func yenc(name, content string) string {
	var b strings.Builder
	b.WriteString("=ybegin line=128 size=9 name=" + name + "\r\n")
	for i := range len(content) {
		switch c := content[i] + 42; c {
		case 0, '\n', '\r', '=':
			b.WriteString("=" + string([]byte{c + 64}))
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "\r\n=yend size=9\r\n"
}

// tnefAttr makes an attribute of TNEF, without a valid checksum.
func tnefAttr(id uint32, data string) string {
	b := binary.LittleEndian.AppendUint32([]byte{1}, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return string(b) + data + "\x00\x00"
}

// tnefProp makes a list of one property with a value of its own length.
func tnefProp(typ, id uint16, value string) string {
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return string(b) + value + strings.Repeat("\x00", -len(value)&3)
}

func wideString(s string) string {
	var b []byte
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

const tnefHead = "\x78\x9f\x3e\x22\x01\x00"

func TestCarried(t *testing.T) {
	const page = `<html><body><a href="http://example.org/a">x</a></body></html>`
	attachment := tnefAttr(0x69002, "12345678901234") + tnefAttr(0x18010, "INVOIC~1.EXE\x00") + tnefAttr(0x6800f, "MZ\x90") +
		tnefAttr(0x69005, tnefProp(0x1f, 0x3707, wideString("invoice.pdf.exe")))
	for _, c := range []struct {
		name, kind, content string
		want, urls          []string
	}{
		{"uuencoded", "text/plain", "Hi,\n\n" + uu("a.exe", "MZ\x90 and more than one line of forty-five characters, to be sure") + "\nbye\n", []string{"a.exe"}, nil},
		{"two, one a page", "text/plain", uu("a.txt", "see http://example.org/b") + uu("b.html", page), []string{"a.txt", "b.html"},
			[]string{"http://example.org/a", "http://example.org/b"}},
		{"yEnc", "text/plain", "Hi,\r\n" + yenc("a b.exe", "MZ\x90\x00\xe3\xe0\x13x") + "bye", []string{"a b.exe"}, nil},
		{"sentences", "text/plain", "We begin 644 things at once\nbegin with a smile\nbegin 644 nothing\nMore text.\n=ybegin x\nbegin the name=x\n", nil, nil},
		{"in HTML", "text/html", "<pre>\n" + uu("a.exe", "MZ\x90") + "</pre>", nil, nil},
		{"TNEF", "application/ms-tnef", tnefHead + attachment, []string{"invoice.pdf.exe", "INVOIC~1.EXE"}, nil},
		{"TNEF with a page", "application/ms-tnef", tnefHead + tnefAttr(0x69003, tnefProp(0x102, 0x1013, page)), []string{""}, []string{"http://example.org/a"}},
		{"TNEF with RTF", "application/octet-stream", tnefHead + tnefAttr(0x69003, tnefProp(0x102, 0x1009,
			"\x40\x00\x00\x00\x30\x00\x00\x00MELA\x00\x00\x00\x00"+`{\rtf1 {\field HYPERLINK "http://example.org/a"}}`)), []string{""}, []string{"http://example.org/a"}},
		{"a message in TNEF", "application/ms-tnef", tnefHead + tnefAttr(0x69002, "") + tnefAttr(0x69005,
			tnefProp(0x0d, 0x3701, "GUID of 16 bytes"+tnefHead+attachment)), []string{"", "invoice.pdf.exe", "INVOIC~1.EXE"}, nil},
		{"TNEF that is cut off", "application/ms-tnef", tnefHead + attachment[:60], []string{"INVOIC~1.EXE"}, nil},
	} {
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: "+c.kind+
			"\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(c.content))+"\n--b--\n"), Envelope{}, Limits{})
		var names []string
		for _, f := range m.Parts()[2].Carried() {
			names = append(names, f.Filename())
			if f.Index != 2 || f.Path != "1.2" {
				t.Errorf("%s: %q has the place %d, %s", c.name, f.Filename(), f.Index, f.Path)
			}
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%s: %q, want %q", c.name, names, c.want)
		}
		if got := slices.Sorted(slices.Values(texts(m.URLs()))); !slices.Equal(got, c.urls) {
			t.Errorf("%s: links %q, want %q", c.name, got, c.urls)
		}
	}
}

// TestCarriedContent: what was encoded comes out again, and exact reading finds
// nothing.
func TestCarriedContent(t *testing.T) {
	content := strings.Repeat("\x00\x13=MZ\xd6\xe0\xe3 text\r\n", 20)
	for _, body := range []string{"x\n" + uu("a.bin", content), "x\r\n" + yenc("a.bin", content)} {
		m := Parse([]byte("Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n"+body), Envelope{}, Limits{})
		if f := m.Root().Carried(); len(f) != 1 || !bytes.HasPrefix(f[0].Content(), []byte(content)) {
			t.Errorf("%.20q: %d files", body, len(f))
		}
		m = Parse([]byte("Content-Type: text/plain\n\n"+body), Envelope{}, Limits{})
		m.ReadAsRspamd()
		if f := m.Root().Carried(); len(f) != 0 {
			t.Errorf("%.20q: %d files as Rspamd", body, len(f))
		}
	}
}

// TestCarriedCut: a part that carries more files than are looked at says so.
func TestCarriedCut(t *testing.T) {
	for n, cut := range map[int]bool{maxCarried - 1: false, maxCarried + 1: true} {
		m := Parse([]byte("Content-Type: text/plain\n\nx\n"+strings.Repeat(uu("a.txt", "x"), n)), Envelope{}, Limits{})
		if got := len(m.Cuts()) > 0; got != cut || len(m.Root().Carried()) != min(n, maxCarried) {
			t.Errorf("%d files: %d, cut %v", n, len(m.Root().Carried()), got)
		}
	}
}

// TestCarriedWork: texts full of what looks like the beginning of files, TNEF of many
// small pieces, and cards of many folds cost no more than their size is worth.
func TestCarriedWork(t *testing.T) {
	for name, line := range map[string]string{"begin": "x begin 644 a\n", "uu": "begin 644 a\n", "files": uu("a", "x"), "yEnc": "=ybegin name=a\n=ybegin \n"} {
		worktest.Linear(t, name, 1<<20, func(n int) func() {
			raw := []byte("Content-Type: text/plain\n\n" + strings.Repeat(line, n/len(line)))
			return func() { Parse(raw, Envelope{}, Limits{}).Root().Carried() }
		})
	}
	for name, c := range map[string]struct{ kind, head, piece string }{
		"attachments": {"application/ms-tnef", tnefHead, tnefAttr(0x69002, "") + tnefAttr(0x18010, "a")},
		"properties":  {"application/ms-tnef", tnefHead, tnefAttr(0x69003, tnefProp(0x1e, 0x3001, "a"))},
		"nested":      {"application/ms-tnef", tnefHead, tnefAttr(0x69005, tnefProp(0x0d, 0x3701, "GUID of 16 bytes"+tnefHead))},
		"folds":       {"text/calendar", "DESCRIPTION:a", "\n a\n\t"},
		"lines":       {"text/vcard", "BEGIN:VCARD", "\nNOTE;quoted-printable:=\n=\n:a"},
		"SVG":         {"image/svg+xml", "<svg>", "<a href=x><svg>"},
	} {
		worktest.Linear(t, name, 1<<19, func(n int) func() {
			raw := []byte("Content-Type: " + c.kind + "\n\n" + c.head + strings.Repeat(c.piece, n/len(c.piece)))
			return func() {
				m := Parse(raw, Envelope{}, Limits{})
				m.Root().Carried()
				m.URLs()
			}
		})
	}
}

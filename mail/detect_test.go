package mail

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
)

// attached parses a message whose one part has this type, name and content.
func attachedPart(typ, name, content string) *Part {
	raw := "Content-Type: " + typ + "\r\nContent-Disposition: attachment; filename=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(content))
	return parse(raw).Root()
}

func zipOf(names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, _ := w.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Store})
		if n == "mimetype" {
			f.Write([]byte("application/vnd.oasis.opendocument.spreadsheet"))
		}
		f.Write(bytes.Repeat([]byte("x"), 100))
	}
	w.Close()
	return b.String()
}

// compound makes a compound file whose directory has one stream.
func compound(stream string) string {
	b := make([]byte, 512+512)
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	binary.LittleEndian.PutUint16(b[28:], 0xfffe)
	binary.LittleEndian.PutUint16(b[30:], 9)
	e := b[512+128:]
	b[512+66] = 5
	for i := range len(stream) {
		e[2*i] = stream[i]
	}
	e[66] = 2
	return string(b)
}

func TestDetected(t *testing.T) {
	cases := []struct{ typ, name, content, ext string }{
		{"application/octet-stream", "a", "%PDF-1.7\n", "pdf"},
		{"application/octet-stream", "a", "junk before %PDF-1.7\n", "pdf"},
		{"application/octet-stream", "a", "%PDF-x", ""},
		{"application/octet-stream", "a", "MZ\x90\x00", "exe"},
		{"application/octet-stream", "a", "\x7fELF\x02", "elf"},
		{"application/octet-stream", "a", "{\\rtf1 x}", "rtf"},
		{"application/octet-stream", "a", "\x89PNG\r\n\x1a\nxxxx", "png"},
		{"application/octet-stream", "a", "\xff\xd8\xff\xe0", "jpg"},
		{"application/octet-stream", "a", "GIF89a", "gif"},
		{"application/octet-stream", "a", "GIFT for you", ""},
		{"application/octet-stream", "a", "BM\x01\x02\x03\x00\x00\x00\x00", "bmp"},
		{"application/octet-stream", "a", "BZh9", "bz2"},
		{"application/octet-stream", "a", "\xfd7zXZ\x00", "xz"},
		{"application/octet-stream", "a", "x\x00MSCF\x00\x00\x00\x00", "cab"},
		{"application/octet-stream", "a", strings.Repeat("\x00", 0x8000) + "\x01CD001\x01", "iso"},
		{"application/octet-stream", "a", "rem x\r\n@Echo  OFF\r\n", "bat"},
		{"application/octet-stream", "a", compound("WordDocument"), "doc"},
		{"application/octet-stream", "a", compound("Workbook"), "xls"},
		{"application/octet-stream", "a", compound("Other"), ""},
		{"application/octet-stream", "a", zipOf("a.txt"), "zip"},
		{"application/octet-stream", "a", zipOf("[Content_Types].xml", "word/document.xml"), "docx"},
		{"application/octet-stream", "a", zipOf("[Content_Types].xml", "xl/workbook.xml"), "xlsx"},
		{"application/octet-stream", "a", zipOf("META-INF/MANIFEST.MF", "A.class"), "jar"},
		{"application/octet-stream", "a", zipOf("AndroidManifest.xml"), "apk"},
		{"application/octet-stream", "a", zipOf("mimetype", "content.xml"), "ods"},
		{"text/calendar", "a.ics", "BEGIN:VCALENDAR\r\n", "ics"},
		{"text/plain", "a.txt", "plain text", "txt"},
		{"text/plain", "a.txt", "<html><body><p>page</p></body></html>", "html"},
		{"text/html", "a.html", "no tags", "html"},
		{"application/octet-stream", "a.htm", "no tags", "html"},
		{"text/plain", "a.csv", "a,b,c\r\n1,2,3\r\n", "csv"},
		{"text/xml", "a.xml", "<?xml version=\"1.0\"?><a/>", "xml"},
		{"text/plain", "a.txt", "\x00\x01\x02\x03", ""},
		{"application/octet-stream", "a", "plain text", ""},
	}
	for _, c := range cases {
		typ, ext := attachedPart(c.typ, c.name, c.content).Detected()
		if ext != c.ext || (typ == "") != (ext == "") {
			t.Errorf("%s %q %.20q: got %q %q, want %q", c.typ, c.name, c.content, typ, ext, c.ext)
		}
	}
}

func TestTextDecision(t *testing.T) {
	cases := []struct {
		typ, name, content string
		text, html         bool
	}{
		{"text/plain", "a.txt", "hello", true, false},
		{"text/plain", "a.txt", "<html><body><table><p>x", true, true},
		{"text/html", "a.html", "<p>hello", true, true},
		{"text/plain", "a.csv", "a,b,c\n1,2,3\n", false, false},
		{"text/plain", "a.png", "\x89PNG\r\n\x1a\n", false, false},
		{"text/plain", "a.zip", zipOf("a"), false, false},
		{"application/octet-stream", "a", "hello", false, false},
		{"application/octet-stream", "a.html", "<html><body>hello", true, true},
		{"message/delivery-status", "", "Status: 5.0.0", true, false},
		{"multipart/mixed", "", "hello", false, false},
	}
	for _, c := range cases {
		x := attachedPart(c.typ, c.name, c.content).Text()
		if (x != nil) != c.text || x != nil && x.IsHTML != c.html {
			t.Errorf("%s %s %.20q: got %+v", c.typ, c.name, c.content, x)
		}
	}
}

func TestIsAttachment(t *testing.T) {
	for in, want := range map[string]bool{
		"Content-Type: text/plain\n\nx":                                          false,
		"Content-Type: text/plain; name=a.txt\n\nx":                              true,
		"Content-Disposition: attachment\n\nx":                                   true,
		"Content-Disposition: inline\n\nx":                                       false,
		"Content-Disposition: inline; filename=a.pdf\n\nx":                       true,
		"Content-Disposition: inline; filename=a.png\nContent-ID: <a>\n\nx":      false,
		"Content-Disposition: inline; filename=a.png\n\n\x89PNG\r\n\x1a\nxxxxxx": false,
		"Content-Disposition: unknown-kind\n\nx":                                 true,
	} {
		if got := parse(in).Root().IsAttachment(); got != want {
			t.Errorf("%q: got %v", in, got)
		}
	}
}

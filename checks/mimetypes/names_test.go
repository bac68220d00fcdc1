package mimetypes_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"mime"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/mimetypes"
	"github.com/winnowmail/winnow/mail"
)

// raised returns the symbols that an attachment raises by its name, in order;
// what its type and its number say is left out.
func raised(t *testing.T, name, typ string, content []byte) string {
	t.Helper()
	head := "Content-Type: " + typ + "\r\nContent-Disposition: " + mime.FormatMediaType("attachment", map[string]string{"filename": name})
	raw := head + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(content) + "\r\n"
	st := &checks.State{Message: mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})}
	out, err := st.Run(context.Background(), mimetypes.New(mimetypes.Options{}).Checks[0])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range out.Hits {
		switch n := h.Def.Name; n {
		case "MIME_TRACE", "MIME_GOOD", "MIME_BAD", "MIME_UNKNOWN":
		default:
			names = append(names, strings.TrimPrefix(n, "MIME_")+"("+strings.Join(h.Options, ",")+")")
		}
	}
	return strings.Join(slices.Compact(names), " ")
}

// packed returns a ZIP file with one member.
func packed(t *testing.T, member string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(member)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("some text of no importance"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A name that is no program for those who open it raises nothing, one that
// hides what it is does.
func TestNames(t *testing.T) {
	const double, bad, packed = "DOUBLE_BAD_EXTENSION(", "BAD_EXTENSION(", "ARCHIVE_IN_ARCHIVE("
	for name, want := range map[string]string{
		"www.example.org.pdf":          "",
		"shop.example.com.xlsx":        "",
		"Offer of example.com.txt":     "",
		"my-site.app.png":              "",
		"example.com.p7m":              "",
		"jquery.js.txt":                "",
		"main.min.js.map":              "",
		"autoexec.bat.doc":             "",
		"index.html.pdf":               "",
		"report v2.1-final.doc":        "",
		"Letter Dr. Bach.pdf":          "",
		"message.zip.p7m":              "",
		"scan.zip.eml":                 "",
		"data.zip.001":                 "",
		"www.example.com.html":         bad + "html)",
		"report v2.1-final.html":       bad + "html)",
		"Meeting with J. Bach.htm":     bad + "htm)",
		"minutes.2026.exe":             bad + "exe)",
		"setup.v2.exe":                 bad + "exe)",
		"tool.x64.msi":                 bad + "msi)",
		"index.exe.":                   bad + "exe)",
		"www.example.com.exe":          double + ".com.exe)",
		"invoice.pdf.exe":              double + ".pdf.exe)",
		"minutes.pdf..exe":             double + ".pdf.exe)",
		"'offer.odt.scr'":              double + ".odt.scr)",
		"`offer'.odt":                  "",
		"offer.odt.scr::$data":         double + ".odt.scr)",
		"Re: offer.odt":                "",
		"offer.xls.com\x00.xls":        double + ".xls.com)",
		"offer.xls\x00.com":            double + ".xls.com)",
		"offer.xls%00.com":             double + ".xls.com)",
		"offer．xls．com":                double + ".xls.com)",
		"offer․xls.ｃｏｍ":                double + ".xls.com)",
		"offer．１．xls":                  "",
		`offer\.odt\.scr`:              double + ".odt.scr)",
		"minutes.odt.. .scr":           double + ".odt.scr)",
		"minutes.odt. .. scr":          "",
		"Invoice.PDF.Scr":              double + ".pdf.scr)",
		"order.doc  .scr":              double + ".doc.scr)",
		"order.xlsx_______________.js": double + ".xlsx.js)",
		"order.docx\u00a0\u00a0.vbs":   double + ".docx.vbs)",
		"photo.jpeg (1).exe":           double + ".jpeg.exe)",
		"order.zip.html":               double + ".zip.html)",
		"order.pdf.html":               double + ".pdf.html)",
		"run.js.zip":                   double + ".js.zip)",
		"data.7z.gz":                   packed + ".7z.gz)",
		"order.\u202efdp.exe":          "BAD_UNICODE(0x202ed after order.\u202e) " + double + ".pdf.exe) " + bad + "exe)",
		"Ann\u202excod.exe":            "BAD_UNICODE(0x202ed after Ann\u202e) " + double + ".docx.exe) " + bad + "exe)",
		"order.pdf\u200b.exe":          "BAD_UNICODE(0x200bd after order.pdf\u200b) " + double + ".pdf.exe) " + bad + "exe)",
		"Ann\u202etxet.pdf":            "BAD_UNICODE(0x202ed after Ann\u202e)",
	} {
		if got := raised(t, name, "application/octet-stream", []byte{1, 2, 3, 4}); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestArchiveNames(t *testing.T) {
	const double = "DOUBLE_BAD_EXTENSION("
	for _, c := range []struct{ name, member, want string }{
		{"mail.htm_copy.zip", "mail.htm", "BAD_EXTENSION(htm)"},
		{"Offer No. 4711 Smith.zip", "offer.html", "BAD_EXTENSION(html)"},
		{"report v2.1-final.zip", "index.html", "BAD_EXTENSION(html)"},
		{"www.example.com.zip", "index.html", "BAD_EXTENSION(html)"},
		{"page.htm.zip", "page.html", "BAD_EXTENSION(html)"},
		{"letter.doc_2.zip", "letter.html", "BAD_EXTENSION(html)"},
		{"letter.doc (1).zip", "letter.html", "BAD_EXTENSION(html)"},
		{"letter.doc_.zip", "letter.js", "BAD_EXTENSION(js) " + double + "doc_!=js)"},
		{"notes.2026.zip", "notes.txt", ""},
		{"example.com.zip", "example.com.csv", ""},
		{"invoice.pdf.zip", "invoice.exe", "BAD_EXTENSION(exe) " + double + "pdf!=exe)"},
		{"invoice.pdf .zip", "invoice.js", "BAD_EXTENSION(js) " + double + "pdf !=js)"},
		{"photos.zip", "photo.jpg.lnk", double + ".jpg.lnk)"},
	} {
		if got := raised(t, c.name, "application/zip", packed(t, c.member)); got != c.want {
			t.Errorf("%q with %q: got %q, want %q", c.name, c.member, got, c.want)
		}
	}
}

func TestTypesOfExtensions(t *testing.T) {
	for name, types := range map[string]string{
		"part1.txt":       "text/rfc822-headers message/disposition-notification message/delivery-status text/plain",
		"a.pdf":           "application/x-pdf application/pdf application/octet-stream",
		"a.ics":           "application/ics text/calendar text/plain",
		"a.vcf":           "text/vcard text/x-vcard text/directory text/plain",
		"a.vcs":           "text/x-vcalendar text/plain",
		"smime.p7s":       "application/pkcs7-signature application/x-pkcs7-signature text/plain",
		"a.wav":           "audio/x-wav audio/wav audio/vnd.wave",
		"a.mp3":           "audio/mp3 audio/mpeg audio/x-mp3",
		"a.m4a":           "audio/mp4 audio/x-m4a",
		"voice.opus":      "audio/ogg audio/opus",
		"a.jfif":          "image/jpeg image/pjpeg",
		"a.jpg":           "image/jpg image/jpeg",
		"a.heic":          "image/heic image/heif",
		"a.avif":          "image/avif",
		"a.webp":          "image/webp",
		"a.bmp":           "image/x-ms-bmp image/bmp",
		"a.psd":           "image/vnd.adobe.photoshop application/octet-stream",
		"a.rar":           "application/rar application/vnd.rar application/x-rar-compressed",
		"a.7z":            "application/7z application/x-7z-compressed",
		"a.tgz":           "application/gzip application/x-gzip application/x-compressed-tar",
		"a.xls":           "application/vnd.ms-office application/excel application/xls application/x-xls",
		"a.msg":           "application/vnd.ms-outlook application/vnd.ms-office",
		"a.key":           "application/vnd.apple.keynote application/pgp-keys text/plain",
		"a.csv":           "text/csv text/plain application/csv text/x-csv application/vnd.ms-excel",
		"a.py":            "text/x-python text/plain",
		"fix.patch":       "text/x-patch text/plain",
		"a.rb":            "text/x-ruby-script",
		"b.xls":           "application/x-msexcel application/x-ms-excel application/ms-excel application/x-excel application/x-dos_ms_excel",
		"b.doc":           "application/x-msword application/ms-word application/winword",
		"b.ppt":           "application/x-mspowerpoint application/ms-powerpoint application/x-powerpoint",
		"b.xlsx":          "application/x-zip-compressed application/msexcel application/x-msexcel application/vnd.openxmlformats",
		"b.odt":           "application/x-vnd.oasis.opendocument.text",
		"b.xml":           "application/rss+xml application/soap+xml application/x-xml text/x-xml",
		"b.csv":           "application/x-msexcel text/x-comma-separated-values",
		"b.tar.gz":        "application/x-compressed-tar application/x-gzip-compressed application/x-tar",
		"b.tif":           "image/x-tiff image/tiff",
		"b.mov":           "video/mp4 video/x-quicktime",
		"a.unknown-thing": "application/pdf image/png",
	} {
		for typ := range strings.FieldsSeq(types) {
			if got := raised(t, name, typ, []byte("text")); got != "" {
				t.Errorf("%q as %s: %s", name, typ, got)
			}
		}
	}
	for name, typ := range map[string]string{
		"b.xls": "application/x-mspowerpoint", "b.html": "application/xml", "b.doc": "image/x-msword", "b.xhtml": "image/xml",
		"a.pdf": "text/html", "a.txt": "application/msword", "a.png": "application/pdf", "a.jpg": "video/jpg", "a.zip": "text/plain", "a.mp3": "image/mp3",
	} {
		if got := raised(t, name, typ, []byte("text")); !strings.Contains(got, "BAD_ATTACHMENT") {
			t.Errorf("%q as %s: %q", name, typ, got)
		}
	}
}

func TestHarmfulExtensions(t *testing.T) {
	for ext := range strings.FieldsSeq(`appinstaller application appref-ms appx chm cpl hta img iso jnlp library-ms lnk ms msix msixbundle one
		ps1 rdp reg scf search-ms searchconnector-ms settingcontent-ms txz url vhd vhdx wsb wsf xlam xll zpaq apk dmg mobileconfig`) {
		if got := raised(t, "file."+ext, "application/octet-stream", []byte{1, 2, 3, 4}); got != "BAD_EXTENSION("+ext+")" {
			t.Errorf("%s: %q", ext, got)
		}
	}
}

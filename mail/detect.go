package mail

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/winnowmail/winnow/internal/archive"
)

// An Archive is the listing of an archive part. See Part.Archive.
type Archive = archive.Archive

// Archive returns the listing of a ZIP, RAR, 7z or gzip part, nil if the part
// is none of these or its directory can't be read. A listing that is cut off is
// noted: it has more members than are listed, or its tables cost more work than
// their size allows.
func (p *Part) Archive() *Archive {
	p.archiveOnce.Do(func() {
		if p.IsMultipart() || p.isMessage() || archive.Kind(p.Content()) == "" {
			return
		}
		if a, ok := archive.List(p.Content(), p.Filename()); ok {
			p.archive = a
			if a.Cut {
				p.msg.note(NoteCut, p.Path, p.BodyOffset, "Archive")
			}
		}
	})
	return p.archive
}

// Detected returns what the content itself looks like, judged by its first
// bytes (and for ZIP-based documents by the member names): a media type such
// as "application/pdf" and the usual extension ("pdf"); both "" when unknown.
// The order of the looks and the types are those of Rspamd 4.1.6.
func (p *Part) Detected() (mediaType, ext string) {
	p.detectedOnce.Do(func() {
		p.ext = p.detect()
		p.media, _ = typeOfExt(p.ext)
	})
	return p.media, p.ext
}

// detectedGroup returns Rspamd's group of the detected type: "text",
// "archive", "image", "office", "executable", "binary", "encrypted".
func (p *Part) detectedGroup() string {
	_, ext := p.Detected()
	_, group := typeOfExt(ext)
	return group
}

func (p *Part) detect() string {
	if p.IsMultipart() {
		return ""
	}
	b := p.Content()
	if len(b) == 0 {
		return ""
	}
	if a := p.Archive(); a != nil {
		return zipFlavour(a, b)
	}
	if ext := byMagic(b); ext != "" {
		return ext
	}
	if ext := byChunks(b, p.Filename()); ext != "" {
		return ext
	}
	return p.byText(b)
}

// zipFlavour tells documents and programs that are ZIP files by their members.
func zipFlavour(a *Archive, b []byte) string {
	if a.Kind != "zip" {
		return a.Kind
	}
	const look = 100
	word, sheet, slides := 0, 0, 0
	jar := false
	for _, f := range a.Files[:min(len(a.Files), look)] {
		switch name := f.Name; {
		case name == "[Content_Types].xml":
			word, sheet, slides = word+10, sheet+10, slides+10
		case strings.HasPrefix(name, "xl/"):
			sheet += 30
		case strings.HasPrefix(name, "word/"):
			word += 30
		case strings.HasPrefix(name, "ppt/"):
			slides += 30
		case name == "META-INF/MANIFEST.MF":
			jar = true
		case name == "AndroidManifest.xml":
			return "apk"
		}
	}
	best := max(word, sheet, slides)
	switch {
	case best < 40 && jar:
		return "jar"
	case best < 40:
	case best == word:
		return "docx"
	case best == sheet:
		return "xlsx"
	default:
		return "pptx"
	}
	return openDocument(b)
}

// openDocument looks at the first member, which names the type.
func openDocument(b []byte) string {
	head := string(b[:min(len(b), 128)])
	_, typ, ok := strings.Cut(head, "mimetypeapplication/vnd.")
	if !ok {
		if strings.Contains(head, "epub+zip") {
			return "epub"
		}
		return "zip"
	}
	for _, t := range [...]struct{ prefix, ext string }{
		{"oasis.opendocument.text", "odt"}, {"oasis.opendocument.image", "odt"}, {"oasis.opendocument.graphic", "odt"},
		{"oasis.opendocument.spreadsheet", "ods"}, {"oasis.opendocument.formula", "ods"}, {"oasis.opendocument.chart", "ods"},
		{"oasis.opendocument.presentation", "odp"}, {"etsi.asic-e+zipPK", "asice"}, {"etsi.asic-s+zipPK", "asics"},
	} {
		if strings.HasPrefix(typ, t.prefix) {
			return t.ext
		}
	}
	return "zip"
}

// byMagic looks at fixed places.
func byMagic(b []byte) string {
	for i := range magics {
		m := &magics[i]
		if len(b) >= m.at+len(m.bytes) && string(b[m.at:m.at+len(m.bytes)]) == m.bytes {
			switch m.ext {
			case "ole":
				return oleFlavour(b)
			case "bz2":
				if len(b) < 3 || b[2] != 'h' && b[2] != '0' {
					continue
				}
			case "gif":
				if len(b) < 5 || b[4] < '0' || b[4] > '9' {
					continue
				}
			case "dwg":
				if len(b) < 6 || b[4] != '1' && b[4] != '2' || b[5] < '2' || b[5] > '9' {
					continue
				}
			case "bmp":
				if len(b) < 9 || string(b[5:9]) != "\x00\x00\x00\x00" {
					continue
				}
			case "zst":
				if b[0] < 0x22 || b[0] > 0x40 {
					continue
				}
			}
			return m.ext
		}
	}
	return ""
}

type magic struct {
	at         int
	bytes, ext string
}

// magics are fixed: the table is never written.
var magics = [...]magic{
	{0, "%!PS-Adobe", "ps"}, {0, "{\\rt", "rtf"}, {0, "ITSF", "chm"}, {0, "AT&TFORM", "djvu"}, {12, "DJVM", "djvu"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"}, {0, "\x7fELF", "elf"},
	{0, "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F", "lnk"},
	{0, "\xca\xfe\xba\xbe", "class"}, {0, "BEGIN:VCALENDAR", "ics"}, {0, "BEGIN:VCARD", "vcf"},
	{0, "\x60\xea", "arj"}, {7, "**ACE**", "ace"}, {257, "ustar", "tar"}, {0, "BZ", "bz2"},
	{0, "\x04\x22\x4d\x18", "lz4"}, {0, "\x03\x21\x4c\x18", "lz4"}, {0, "\x02\x21\x4c\x18", "lz4"}, {0, "mozLz40\x00", "lz4"},
	{1, "\xb5\x2f\xfd", "zst"}, {20, "\xdc\xa7\xc4\xfd", "zoo"}, {0, "xar!", "xar"}, {0, "EGGA", "egg"}, {0, "ALZ\x01", "alz"},
	{0, "SZDD", "szdd"}, {0, "\xfd7zXZ\x00", "xz"},
	{0, "8BPS", "psd"}, {0, "\x00\x00\x01\x00", "ico"}, {0, "\x0a\x05\x01\x08", "pcx"}, {0, "\xff\x80\xc9\xc7\x1a\x00", "pic"},
	{0, "ZWS", "swf"}, {0, "CWS", "swf"}, {0, "FWS", "swf"}, {0, "II*\x00", "tiff"}, {0, "MM\x00*", "tiff"},
	{0, "\xa8\x03PGP", "pgp"}, {0, "begin ", "uue"}, {0, "AC10", "dwg"},
	{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", "jpg"}, {0, "\xff\xd8\xff", "jpg"}, {0, "\x89PNG\r\n\x1a\n", "png"},
	{0, "GIF8", "gif"}, {0, "BM", "bmp"}, {0, "MZ", "exe"},
}

// byChunks looks for marks that may stand anywhere, in the first 64 KiB and
// the last 32 KiB of long contents.
func byChunks(b []byte, name string) string {
	const chunk = 32 << 10
	if len(b) >= 512 && string(b[len(b)-512:len(b)-504]) == "koly\x00\x00\x00\x04" {
		return "dmg"
	}
	if isPDF(b) {
		return "pdf"
	}
	head, tail := b, []byte(nil)
	if len(b) > 3*chunk {
		head, tail = b[:2*chunk], b[len(b)-chunk:]
	}
	for _, part := range [...][]byte{head, tail} {
		switch {
		case bytes.Contains(part, []byte("MSCF\x00\x00\x00\x00")):
			return "cab"
		case echoOff(part):
			return "bat"
		}
	}
	if i := bytes.Index(head, []byte("\x01CD001\x01")); i >= chunk {
		return "iso"
	}
	return ""
}

// isPDF looks for a version mark in the first KiB.
func isPDF(b []byte) bool {
	const look = 1024
	head := b[:min(len(b), look)]
	for _, mark := range [...]string{"%PDF-", "%FDF-"} {
		for rest := head; ; {
			i := bytes.Index(rest, []byte(mark))
			if i < 0 {
				break
			}
			rest = rest[i+len(mark):]
			if len(rest) >= 3 && (rest[0] == '1' || rest[0] == '2') && rest[1] == '.' && '0' <= rest[2] && rest[2] <= '9' {
				return true
			}
		}
	}
	return false
}

// echoOff finds "@echo off" in any case and spacing.
func echoOff(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '@')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		w := bytes.TrimLeft(b[:min(len(b), 64)], " \t\r\n\v\f")
		if len(w) < 8 || !bytes.EqualFold(w[:4], []byte("echo")) || !isSpace(w[4]) {
			continue
		}
		w = bytes.TrimLeft(w[4:], " \t\r\n\v\f")
		if len(w) >= 3 && bytes.EqualFold(w[:3], []byte("off")) {
			return true
		}
	}
}

// oleFlavour reads the directory of a compound file (MS-CFB) until an entry
// tells what it is.
func oleFlavour(b []byte) string {
	const entry = 128
	if len(b) < 0x35 {
		return ""
	}
	shift := binary.LittleEndian.Uint16(b[30:])
	if shift < 7 || shift > 20 {
		return ""
	}
	at := int64(binary.LittleEndian.Uint32(b[0x30:]))<<shift + 512
	for n := 0; at+entry <= int64(len(b)) && n < 4096; at, n = at+entry, n+1 {
		e := b[at : at+entry]
		var ext string
		switch kind := e[66]; {
		case kind == 5:
			ext = oleClass(e[80:96])
		case kind == 2:
			ext = oleStream(e[:64])
		case kind > 5:
			return ""
		}
		if ext != "" {
			return ext
		}
	}
	return ""
}

func oleClass(id []byte) string {
	const common = "\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F"
	if string(id) == "\x10\x8d\x81\x64\x9b\x4f\xcf\x11\x86\xea\x00\xaa\x00\xb9\x29\xe8" {
		return "ppt"
	}
	if string(id[3:]) != common {
		return ""
	}
	switch string(id[:3]) {
	case "\x06\x09\x02":
		return "doc"
	case "\x10\x08\x02", "\x20\x08\x02":
		return "xls"
	case "\x46\xf0\x06", "\x0b\x0d\x02":
		return "msg"
	case "\x84\x10\x0c":
		return "msi"
	}
	return ""
}

func oleStream(name []byte) string {
	for _, s := range [...]struct{ name, ext string }{
		{"WordDocument", "doc"}, {"Workbook", "xls"}, {"Book", "xls"}, {"PowerPoint Document", "ppt"},
		{"Current User", "ppt"}, {"VisioDocument", "vsd"},
	} {
		ok := true
		for i := range len(s.name) {
			ok = ok && name[2*i] == s.name[i] && name[2*i+1] == 0
		}
		if ok {
			return s.ext
		}
	}
	return ""
}

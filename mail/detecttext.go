package mail

import (
	"bytes"
	"strings"
)

// byText names the kind of readable content: Rspamd's text heuristic.
func (p *Part) byText(b []byte) string {
	if p.Parent != nil && p.Parent.Type.Is("multipart", "encrypted") || p.Type.Type == "message" || !readable(b) {
		return ""
	}
	const look = 4096
	head := b[:min(len(b), look)]
	name := p.Filename()
	if html := htmlWeight(head); html >= 40 || html >= 20 && name != "" {
		return "html"
	}
	for _, k := range [...]struct {
		ext    string
		weight int
	}{{"csv", 20 * csvLines(head)}, {"xml", 31 * xmlMarks(head)}} {
		if k.weight >= 40 || k.weight >= 20 && name != "" {
			return k.ext
		}
	}
	if (p.Type.Type == "text" || p.Type.Type == "application") && (p.Type.Subtype == "html" || p.Type.Subtype == "xhtml+xml") {
		return "html"
	}
	if lower := strings.ToLower(name); strings.HasSuffix(lower, ".htm") || strings.HasSuffix(lower, ".html") {
		return "html"
	}
	if p.Type.Type == "text" {
		return "txt"
	}
	return ""
}

// readable reports whether head and tail of the content are text: hardly any
// control characters or stray bytes above ASCII.
func readable(b []byte) bool {
	const head, tail = 160, 80
	if len(b) > 3*tail {
		return readableSpan(b[:head]) && readableSpan(b[len(b)-tail:])
	}
	return readableSpan(b)
}

func readableSpan(b []byte) bool {
	odd := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c < ' ' && c != '\r' && c != '\n' && c != '\t':
			odd++
		case c >= 0x7f:
			n := eightBitRun(b[i:])
			if n == 0 {
				odd++
			}
			i += max(n-1, 0)
		}
	}
	return odd*128 <= len(b)
}

// eightBitRun returns the length of a UTF-8 sequence, or of three or more
// bytes above ASCII, at the start of b; 0 for less.
func eightBitRun(b []byte) int {
	cont := func(i int) bool { return i < len(b) && b[i]&0xc0 == 0x80 }
	n := 0
	for n < len(b) && b[n] >= 0x7f {
		switch c := b[n]; {
		case c&0xe0 == 0xc0 && cont(n+1):
			return n + 2
		case c&0xf0 == 0xe0 && cont(n+1) && cont(n+2):
			return n + 3
		case c&0xf8 == 0xf0 && cont(n+1) && cont(n+2) && cont(n+3):
			return n + 4
		}
		n++
	}
	if n >= 3 {
		return n
	}
	return 0
}

// htmlWeight adds up what the tags at the start of a text say.
func htmlWeight(b []byte) int {
	weight := 0
	for i := bytes.IndexByte(b, '<'); i >= 0; {
		b = b[i+1:]
		weight += tagWeight(b)
		i = bytes.IndexByte(b, '<')
	}
	return weight
}

func tagWeight(b []byte) int {
	word := 0
	for word < len(b) && word < 12 && (isAlnum(b[word]) || b[word] == '_' || word == 0 && b[0] == '!') {
		word++
	}
	switch strings.ToLower(string(b[:word])) {
	case "html":
		return 32
	case "script":
		if rest := bytes.TrimLeft(b[word:], " \t\r\n"); bytes.HasPrefix(rest, []byte(`type="text/javascript">`)) {
			return 51
		}
		return 20
	case "!doctype":
		if rest := b[word:]; len(rest) >= 5 && bytes.EqualFold(rest[:5], []byte(" html")) && (len(rest) == 5 || !isAlnum(rest[5])) {
			return 33
		}
	case "body", "table":
		return 20
	case "a", "p", "div", "span":
		return 10
	}
	return 0
}

// csvLines counts lines of three or more words joined by commas.
func csvLines(b []byte) int {
	n := 0
	for len(b) > 0 {
		end := bytes.IndexAny(b, "\r\n")
		if end < 0 {
			break
		}
		if csvLine(bytes.TrimRight(b[:end], " ")) {
			n++
		}
		b = b[end+1:]
	}
	return n
}

func csvLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte(","))
	fields := 0
	// The match may begin anywhere in the line: read it from its end.
	for i := len(line); i > 0; {
		j := i
		for j > 0 && (isAlnum(line[j-1]) || line[j-1] == '-' || line[j-1] == '_') {
			j--
		}
		if j == i {
			break
		}
		fields++
		if j == 0 || line[j-1] != ',' {
			break
		}
		i = len(bytes.TrimRight(line[:j-1], " \t"))
	}
	return fields >= 3
}

// xmlMarks counts the ends of processing instructions after "<?xml".
func xmlMarks(b []byte) int {
	_, rest, ok := bytes.Cut(b, []byte("<?xml"))
	if !ok || len(rest) == 0 || isAlnum(rest[0]) {
		return 0
	}
	return bytes.Count(rest, []byte("?>"))
}

// typeOfExt returns the media type that stands for a detected extension and
// its group.
func typeOfExt(ext string) (mediaType, group string) {
	switch ext {
	case "exe", "lnk":
		return "application/x-ms-application", "executable"
	case "elf":
		return "application/x-elf-executable", "executable"
	case "class":
		return "application/x-java-applet", "executable"
	case "bat":
		return "application/x-bat", "executable"
	case "msi":
		return "application/x-msi", "executable"
	case "jar":
		return "application/java-archive", "archive"
	case "apk":
		return "application/vnd.android.package-archive", "archive"
	case "zip", "gz":
		return "application/" + map2(ext, "gz", "gzip"), "archive"
	case "7z":
		return "x-7z-compressed", "archive"
	case "bz2":
		return "application/x-bzip", "archive"
	case "zst":
		return "application/x-zstandard", "archive"
	case "szdd":
		return "application/x-compressed", "archive"
	case "arj", "cab", "ace", "tar", "xz", "lz4", "dmg", "iso", "zoo", "egg", "alz", "xar", "epub", "rar":
		return "application/x-" + ext, "archive"
	case "rtf", "pdf":
		return "application/" + ext, "binary"
	case "ps":
		return "application/postscript", "binary"
	case "chm", "djvu":
		return "application/x-" + ext, "binary"
	case "uue":
		return "application/x-uuencoded", "binary"
	case "pgp":
		return "application/encrypted", "encrypted"
	case "psd", "pcx", "pic", "tiff", "ico", "png", "gif", "bmp":
		return "image/" + ext, "image"
	case "jpg":
		return "image/jpeg", "image"
	case "dwg":
		return "image/vnd.dwg", "image"
	case "swf":
		return "application/x-shockwave-flash", "image"
	}
	return officeOrText(ext)
}

func map2(s, from, to string) string {
	if s == from {
		return to
	}
	return s
}

func officeOrText(ext string) (mediaType, group string) {
	const (
		ms  = "application/vnd.ms-"
		ox  = "application/vnd.openxmlformats-officedocument."
		odf = "application/vnd.oasis.opendocument."
	)
	switch ext {
	case "doc":
		return "application/msword", "office"
	case "xls":
		return ms + "excel", "office"
	case "ppt":
		return ms + "powerpoint", "office"
	case "msg":
		return ms + "outlook", "office"
	case "vsd":
		return "application/vnd.visio", "office"
	case "docx":
		return ox + "wordprocessingml.document", "office"
	case "xlsx":
		return ox + "spreadsheetml.sheet", "office"
	case "pptx":
		return ox + "presentationml.presentation", "office"
	case "odt":
		return odf + "text", "office"
	case "ods":
		return odf + "spreadsheet", "office"
	case "odp":
		return odf + "presentation", "office"
	case "asice":
		return "application/vnd.etsi.asic-e+zip", "office"
	case "asics":
		return "application/vnd.etsi.asic-s+zip", "office"
	case "txt":
		return "text/plain", "text"
	case "html", "csv":
		return "text/" + ext, "text"
	case "xml":
		return "application/xml", "text"
	case "ics":
		return "text/calendar", "text"
	case "vcf":
		return "text/vcard", "text"
	}
	return "", ""
}

package mail

import "bytes"

// detect names the format of content.
func detect(b []byte) (mediaType, ext string) {
	for _, s := range [...]struct{ magic, typ, ext string }{
		{"%PDF-", "application/pdf", "pdf"},
		{"PK\x03\x04", "application/zip", "zip"},
		{"\x89PNG\r\n\x1a\n", "image/png", "png"},
		{"\xff\xd8\xff", "image/jpeg", "jpg"},
		{"GIF8", "image/gif", "gif"},
	} {
		if bytes.HasPrefix(b, []byte(s.magic)) {
			return s.typ, s.ext
		}
	}
	return "", ""
}

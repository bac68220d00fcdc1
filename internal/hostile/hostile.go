// Package hostile makes containers, documents and texts that cost careless
// readers far more than their size: tables that are named again and again,
// entries that overlap, packing that unpacks to much, structures that nest.
// Tests count what their own readers do with them. Nothing in it is harmful:
// what unpacks to much holds blanks.
package hostile

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// A Shape is one way to make reading expensive.
type Shape struct {
	Name string
	// Type and File are the media type and the file name of the part that
	// carries it.
	Type, File string
	// Make returns about n bytes of it, at least a few hundred.
	Make func(n int) []byte
}

// Shapes returns all of them.
func Shapes() []Shape {
	var all []Shape
	for _, some := range [][]Shape{SevenZip(), Zip(), RAR(), Streams(), PDF(), HTML(), CSS(), Charsets()} {
		all = append(all, some...)
	}
	return all
}

// Mail returns a message with the shape in its only part, of about n bytes
// before the transfer encoding.
func (s Shape) Mail(n int) []byte { return Mail(s.Type, s.File, s.Make(n)) }

// Mail returns a message with one part; content that is not text is in base64.
func Mail(typ, file string, content []byte) []byte {
	var b bytes.Buffer
	b.WriteString("From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n" +
		"Date: Fri, 27 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n")
	b.WriteString("Content-Type: " + typ + "\r\n")
	if file != "" {
		fmt.Fprintf(&b, "Content-Disposition: attachment; filename=%q\r\n", file)
	}
	if strings.HasPrefix(typ, "text/") || strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/") {
		b.WriteString("Content-Transfer-Encoding: 8bit\r\n\r\n")
		b.Write(content)
		return b.Bytes()
	}
	b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	Base64(&b, content)
	return b.Bytes()
}

// Base64 writes content in lines of 76 bytes.
func Base64(b *bytes.Buffer, content []byte) {
	const line = 57
	for ; len(content) > line; content = content[line:] {
		b.WriteString(base64.StdEncoding.EncodeToString(content[:line]))
		b.WriteString("\r\n")
	}
	b.WriteString(base64.StdEncoding.EncodeToString(content))
	b.WriteString("\r\n")
}

// fill repeats s to n bytes, at least once.
func fill(s string, n int) string { return strings.Repeat(s, max(1, n/len(s))) }

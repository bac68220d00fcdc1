package hostile

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
)

const pdfHead = "%PDF-1.5\n"

// object is a PDF object.
func object(id int, body string) string { return fmt.Sprintf("%d 0 obj\n%s\nendobj\n", id, body) }

// objects is a PDF stream of objects, packed times times; first is where the
// objects begin in what it unpacks to.
func objects(content []byte, first, times int) string {
	filter := "/Filter[" + strings.Repeat("/FlateDecode", times) + "]"
	for range times {
		content = deflate(content)
	}
	return object(9, fmt.Sprintf("<</Type/ObjStm/N 1/First %d/Length %d%s>>\nstream\n%s\nendstream", first, len(content), filter, content))
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err == nil {
		_, err = io.Copy(w, bytes.NewReader(b))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// PDF are PDF documents.
func PDF() []Shape {
	repeat := func(name, before, unit string) Shape {
		return Shape{"pdf " + name, "application/pdf", "a.pdf", func(n int) []byte {
			return []byte(pdfHead + before + fill(unit, n))
		}}
	}
	const packed = 512 << 10
	blanks := bytes.Repeat([]byte(" "), packed)
	links := []byte(fill("/URI(http://example.com/) ", packed))
	table := []byte(fill("1 1 ", packed))
	kids := object(1, "<</Type/Pages/Kids[1 0 R 1 0 R 1 0 R 1 0 R]/Parent 1 0 R>>")
	return []Shape{
		repeat("streams of blanks", "", objects(blanks, 1, 1)),
		repeat("streams packed twice", "", objects(blanks, 1, 2)),
		repeat("streams of links", "", objects(links, 1, 1)),
		repeat("streams of tables", "", objects(table, packed-1, 1)),
		repeat("streams of nothing", "", objects(nil, 0, 1)),
		repeat("kids that are their own", "", kids),
		repeat("tables again", "", "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Prev 9>>\nstartxref\n9\n%%EOF\n"),
		repeat("objects without end", "", "1 0 obj "),
		repeat("objects in objects", "", "1 0 obj<<"),
		repeat("strings without end", "", "1 0 obj("),
		repeat("streams without end", "", "1 0 obj<<>>stream "),
		repeat("ends of streams", "1 0 obj<<>>stream ", "endstream "),
		repeat("streams that overlap", "", "1 0 obj<</Length 99999999>>stream\nendstream "),
		repeat("names", "1 0 obj<<", "/#55#52#49 "),
		repeat("references", "1 0 obj<<", "/URI 1 0 R"),
		repeat("links", "1 0 obj<<", "/URI(a)"),
		repeat("comments", "1 0 obj", "%"),
	}
}

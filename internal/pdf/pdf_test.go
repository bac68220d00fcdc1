package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// flate packs data as FlateDecode has it.
func flate(data string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(data))
	_ = z.Close()
	return b.String()
}

// objStm writes an object stream of the given objects, numbered from 10.
func objStm(entries string, pack func(string) string, objects ...string) string {
	var head, body strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&head, "%d %d ", 10+i, body.Len())
		body.WriteString(o + "\n")
	}
	data := pack(head.String() + body.String())
	return fmt.Sprintf("9 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d%s>>\nstream\r\n%s\nendstream\nendobj\n",
		len(objects), head.Len(), len(data), entries, data)
}

// uris reads a document without a budget that matters.
func uris(doc []byte) []string {
	budget := 1 << 30
	links, _ := URIs(doc, &budget)
	return links
}

func plain(s string) string { return s }

const (
	flated = "/Filter/FlateDecode"
	annot  = "<</Type/Annot/Subtype/Link/A<</S/URI/URI(http://example.com/a)>>>>"
)

func obj(n int, body string) string { return fmt.Sprintf("%d 0 obj\n%s\nendobj\n", n, body) }

func TestURIs(t *testing.T) {
	a := "http://example.com/a"
	tests := []struct {
		name, body string
		want       []string
	}{
		{"direct", obj(1, annot), []string{a}},
		{"on one line", "1 0 obj" + annot + "endobj", []string{a}},
		{"spaced", obj(1, "<< /A << /Type /Action /S /URI /URI  (http://example.com/a) >> >>"), []string{a}},
		{"twice", obj(1, annot) + obj(2, annot), []string{a, a}},
		{"escapes", obj(1, `<</URI(http://example.com/\(x\)\\\141\57\1123\t?)>>`), []string{"http://example.com/(x)\\a/J3\t?"}},
		{"balanced brackets", obj(1, `<</URI(http://example.com/(a(b)))>>`), []string{"http://example.com/(a(b))"}},
		{"continued line", obj(1, "<</URI(http://exam\\\r\nple.com/\\\na)>>"), []string{a}},
		{"hexadecimal", obj(1, "<</URI<687474703A2F2F6578616D706c652e636f6d2f 61>>>"), []string{a}},
		{"odd hexadecimal", obj(1, "<</URI<687474703A2F2F6578616D706c652e636f6d2f617>>>"), []string{a + "p"}},
		{"escaped key", obj(1, "<</#55R#49(http://example.com/a)>>"), []string{a}},
		{"by reference", obj(1, "<</URI 7 0 R>>") + obj(7, "(http://example.com/a)"), []string{a}},
		{"reference to nothing", obj(1, "<</URI 7 0 R>>"), nil},
		{"plain string", obj(1, "<</Title(http://example.com/a)/Contents(URI)>>"), nil},
		{"in a comment", obj(1, "<< % /URI(http://example.com/b)\n/URI(http://example.com/a)>>"), []string{a}},
		{"in a string", obj(1, "<</Title(/URI<61>)>>"), nil},
		{"in page contents", obj(1, "<</Length 60>>\nstream\n"+annot+"\nendstream"), nil},
		{"between objects", "/URI(http://example.com/a)\n", nil},
		{"missing end", "1 0 obj\n<</URI(http://example.com/a)>>\n" + obj(2, annot), []string{a, a}},
		{"unclosed string", obj(1, "<</Title(oops>>") + obj(2, annot), []string{a}},
		{"wrong length", obj(1, "<</Length 3>>\nstream\n(((((((\nendstream") + obj(2, annot), []string{a}},
		{"length by reference", obj(1, "<</Length 3 0 R>>\nstream\nendstream x (((\nendstream") + obj(2, annot), []string{a}},
		{"no end of stream", obj(1, annot) + "2 0 obj <</Length 9>> stream\n" + annot, []string{a}},
		{"object stream", objStm(flated, flate, "<</Title(x)>>", annot, "[1 2]", "<</A<</URI(http://example.com/b)>>>>"), []string{a, "http://example.com/b"}},
		{"plain object stream", objStm("", plain, annot), []string{a}},
		{"array of filters", objStm("/Filter[/FlateDecode/FlateDecode]", func(s string) string { return flate(flate(s)) }, annot), []string{a}},
		{"too many filters", objStm("/Filter[/FlateDecode/FlateDecode/FlateDecode]", func(s string) string { return flate(flate(flate(s))) }, annot), nil},
		{"other filter", objStm("/Filter/ASCIIHexDecode", plain, annot), nil},
		{"predictor", objStm(flated+"/DecodeParms<</Predictor 12>>", flate, annot), nil},
		{"reference into object stream", objStm(flated, flate, "(http://example.com/a)", "<</URI 10 0 R>>"), []string{a}},
		{"truncated packing", objStm(flated, func(s string) string { s = flate(s); return s[:len(s)-6] }, annot), []string{a}},
		{"no packing at all", objStm(flated, plain, annot), nil},
		{"encrypted", obj(1, annot) + "trailer\n<</Size 3/Encrypt 5 0 R/ID[<00><00>]>>\nstartxref\n9\n%%EOF", nil},
		{"encrypted in place", obj(1, annot) + "trailer<</Encrypt<</Filter/Standard>>>>\nstartxref\n9\n%%EOF", nil},
		{"encrypted by stream", obj(1, annot) + obj(2, "<</Type/XRef/Encrypt 5 0 R/Length 0>>\nstream\n\nendstream"), nil},
		{"seemingly encrypted", obj(1, annot) + obj(2, "<</Type/Annot/Encrypt 5 0 R>>") + "trailer\n<</Info<</Encrypt 1>>>>\nstartxref\n", []string{a}},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		if got := uris([]byte("%PDF-1.5\n%\xe4\xfc\n" + tt.body)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestBounds(t *testing.T) {
	many := strings.Repeat(annot, MaxURIs+5)
	if got := len(uris([]byte(obj(1, "["+many+"]")))); got != MaxURIs {
		t.Errorf("%d links of many", got)
	}
	if got := uris([]byte(obj(1, "<</URI("+strings.Repeat("x", MaxURI+1)+")>>"))); got != nil {
		t.Errorf("a link of %d bytes", len(got[0]))
	}
	if got := len(uris([]byte(strings.Repeat("1 0 obj 1 endobj\n", MaxObjects) + obj(1, annot)))); got != 0 {
		t.Error("an object beyond the bound was read")
	}
	// What one stream and all of them unpack to.
	bomb := objStm(flated, flate, annot, strings.Repeat(" ", 4*MaxStream), annot)
	if got := len(uris([]byte(bomb))); got != 1 {
		t.Errorf("%d links of a large stream", got)
	}
	d := document{objects: MaxObjects, unpacked: MaxUnpacked}
	d.walk([]byte(strings.Repeat(bomb, 3*MaxUnpacked/MaxStream)))
	if d.unpacked != 0 || len(d.links) != MaxUnpacked/MaxStream {
		t.Errorf("%d bytes left, %d links", d.unpacked, len(d.links))
	}
}

// TestBudget: documents share what a message may cost.
func TestBudget(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "[%d]\n", i*i*i*7919%1e8)
	}
	doc := []byte(objStm(flated, flate, text.String()[:10_000]+annot))
	budget := 10 * (len(doc) + 10_000)
	start, read, whole := budget, 0, 0
	for range 20 {
		links, cut := URIs(doc, &budget)
		read += len(links)
		if !cut {
			whole++
		}
	}
	if read < 8 || read > 10 || whole != read || budget < 0 || budget == start {
		t.Errorf("%d documents read, %d of %d bytes left", read, budget, start)
	}
	budget = -1
	if got, cut := URIs(doc, &budget); got != nil || !cut || budget != -1 {
		t.Errorf("%q for a budget that is %d afterwards", got, budget)
	}
}

// TestForward checks that hostile documents are read in one go: every token
// begins behind the one before.
func TestForward(t *testing.T) {
	for _, unit := range []string{"(", "1 0 obj(", "1 0 obj<</A", "<", "<<", "%", "1 0 obj<<>>stream ", "endstream ", "trailer(", "1 0 obj<</URI(\\", "/URI 1 0 R "} {
		doc := []byte(strings.Repeat(unit, 1<<16/len(unit)))
		r := reader{b: doc, inside: true, limit: len(doc)}
		n, at := 0, -1
		for tok := r.next(); tok.kind != end; tok = r.next() {
			if n++; tok.at <= at {
				t.Fatalf("%q: token at %d after %d", unit, tok.at, at)
			}
			at = tok.at
		}
		if n > len(doc) {
			t.Errorf("%q: %d tokens in %d bytes", unit, n, len(doc))
		}
		uris(doc)
	}
}

func FuzzURIs(f *testing.F) {
	for _, s := range []string{
		obj(1, annot), objStm(flated, flate, annot, "(x)"), "trailer<</Encrypt 1 0 R>>", "1 0 obj<</URI<6>>>", `1 0 obj(\`, "1 0 obj<</Length 9>>stream\nendstream",
		obj(1, "<</URI 7 0 R>>") + obj(7, `(\101)`), "1 0 obj 2 0 obj%",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got := uris(doc)
		if len(got) > MaxURIs {
			t.Errorf("%d links", len(got))
		}
		for _, s := range got {
			if s == "" || len(s) > MaxURI {
				t.Errorf("a link of %d bytes", len(s))
			}
		}
	})
}

func BenchmarkURIs(b *testing.B) {
	var doc strings.Builder
	doc.WriteString("%PDF-1.5\n")
	for i := range 50 {
		doc.WriteString(obj(i, fmt.Sprintf("<</Length 4000%s>>\nstream\n%s\nendstream", flated, strings.Repeat("x(<\n", 1000))))
		doc.WriteString(obj(i, annot))
	}
	doc.WriteString(objStm(flated, flate, slices.Repeat([]string{annot}, 50)...))
	data := []byte(doc.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		uris(data)
	}
}

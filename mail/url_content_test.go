package mail

import (
	"slices"
	"strings"
	"testing"
)

// withDocument is a mail with text and one document of a type.
func withDocument(text, contentType, document string) *Message {
	return Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"+text+"\n--b\nContent-Type: "+contentType+
		"\n\n"+document+"\n--b--\n"), Envelope{}, Limits{URLs: 4})
}

func texts(urls []*URL) (all []string) {
	for _, u := range urls {
		all = append(all, u.Text)
	}
	return all
}

func TestContentURLs(t *testing.T) {
	links := func(to ...string) string {
		return "1 0 obj [<</URI(" + strings.Join(to, ")>> <</URI(") + ")>>] endobj\n"
	}
	const pdf, raw = "%PDF-1.4\n", "application/octet-stream"
	for _, c := range []struct {
		name, text, kind, document string
		want                       []string
	}{
		{"by type", "hello", "application/pdf", links("http://Example.org/a"), []string{"http://example.org/a"}},
		{"by content", "hello", raw, pdf + links("http://example.org/a"), []string{"http://example.org/a"}},
		{"other type", "hello", raw, links("http://example.org/a"), nil},
		{"once", "hello", raw, pdf + links("http://example.org/a", "http://EXAMPLE.org/a"), []string{"http://example.org/a"}},
		{"also in the text", "http://example.org/a", raw, pdf + links("http://example.org/a", "http://example.org/b"), []string{"http://example.org/b"}},
		{"first of a link", "hello", raw, pdf + links("http://example.org/a http://example.org/b"), []string{"http://example.org/a"}},
		{"addresses and nonsense", "hello", raw, pdf + links("mailto:a@example.org", "nothing", "page5"), nil},
		{"limit", "http://example.org/1 http://example.org/2", raw, pdf + links("http://example.org/a", "http://example.org/b", "http://example.org/c"),
			[]string{"http://example.org/a", "http://example.org/b"}},
	} {
		m := withDocument(c.text, c.kind, c.document)
		if got := texts(m.ContentURLs()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for _, u := range m.ContentURLs() {
			if u.Flags&URLContent == 0 || u.Source != SourceContent || u.Part != m.Parts()[2] {
				t.Errorf("%s: %+v", c.name, u)
			}
		}
		for _, u := range m.URLs() {
			if u.Flags&URLContent != 0 || u.Count != 1 {
				t.Errorf("%s: URLs has %+v", c.name, u)
			}
		}
	}
}

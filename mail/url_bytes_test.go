package mail

import "testing"

func TestURLBytes(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       int
	}{
		{"plain", "see https://example.org/a and https://example.org/a", 2 * len("https://example.org/a")},
		{"plain", "write to ann@example.org.\n", len("ann@example.org.")},
		{"plain", "write to ann@example.org\n", len("ann@example.org")},
		{"plain", "nothing here", 0},
		{"html", `<a href="https://example.org/">https://example.net/</a>`, 2 * len("https://example.net/")},
		{"html", `<a href="https://example.org/">click here</a>`, 0},
		{"html", `<p>https://example.org/</p>`, len("https://example.org/")},
	} {
		m := Parse([]byte("Content-Type: text/"+c.kind+"\r\n\r\n"+c.body), Envelope{}, Limits{})
		if got := m.URLBytes(m.Texts()[0]); got != c.want {
			t.Errorf("%q: %d bytes, want %d", c.body, got, c.want)
		}
		if got := m.URLBytes(nil); got != 0 {
			t.Errorf("%d bytes of no text", got)
		}
	}
}

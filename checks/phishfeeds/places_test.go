package phishfeeds

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func textsOf(body string) []*mail.Text {
	return mail.Parse([]byte("Content-Type: text/plain\r\n\r\n"+body), mail.Envelope{}, mail.Limits{}).Texts()
}

// A URL is found where strings.Index finds it, from every place on.
func TestFind(t *testing.T) {
	body := "see http://a.test/x, http://a.test/xy and HTTP://a.test/x or www.a.test/x://b http://a.test/http://a.test/x aaa://b ://://x end http://"
	for _, s := range searchIn(textsOf(body)) {
		for _, raw := range []string{
			"http://a.test/x", "http://a.test/xy", "http://a.test/none", "HTTP://a.test/x", "www.a.test/x", "www.a.test/x://b",
			"http://a.test/http://a.test/x", "a://b", "aa://b", "://", "://x", "http://", "see http://a.test/x", "http://a.test/x" + strings.Repeat("y", 300),
		} {
			for from := range len(s.text) + 1 {
				want := strings.Index(s.text[from:], raw)
				if want >= 0 {
					want += from
				}
				if got := s.find(raw, from); got != want {
					t.Errorf("%q from %d: %d, want %d", raw, from, got, want)
				}
			}
		}
	}
}

func BenchmarkFind(b *testing.B) {
	var body strings.Builder
	var urls []string
	for i := range 40 {
		u := "https://www.example.test/story/" + strings.Repeat("x", i) + "?ref=mail"
		urls = append(urls, u)
		body.WriteString("Read on at " + u + " and tell us what you think of this story, whatever that is.\r\n")
	}
	all := textsOf(body.String())
	for b.Loop() {
		for _, s := range searchIn(all) {
			for _, u := range urls {
				s.find(u, 0)
			}
		}
	}
}

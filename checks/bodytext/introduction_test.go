package bodytext

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// TestIntroduces: what is found in a text is what the expression finds in the
// folded one.
func TestIntroduces(t *testing.T) {
	want := regexp.MustCompile(`(^|[^a-z0-9_])(my name is($|[^a-z0-9_])|(i am|this is)[\t-\r ]+(mrs?|ms|miss|master|sir|prof|professor|dr|doctor|rev|reverend)($|[^a-z0-9_]))`)
	r := rand.New(rand.NewPCG(1, 2))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	gap := func() string { return one(" ", " ", " ", "\n", "\n", " \n\n", "\n ", "  ", "\t", "", ".", "é") }
	hits := 0
	for range 20_000 {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			b.WriteString(gap() + one("", "", "x", "_", "i", "this"))
			for _, w := range strings.Fields(one("my name is", "My NAME is", "i am", "I Am", "this is", "THIS is")) {
				b.WriteString(gap() + w)
			}
			b.WriteString(gap() + one("Dr", "mr", "MRS", "professor", "professors", "x", ""))
		}
		m := mail.Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n\r\n"+b.String()), mail.Envelope{}, mail.Limits{})
		x := m.Texts()[0]
		got := introduces(x.Plain())
		if got {
			hits++
		}
		if got != want.MatchString(x.Folded()) {
			t.Fatalf("%q: %v, folded %q", x.Plain(), got, x.Folded())
		}
	}
	if hits < 100 {
		t.Errorf("only %d hits", hits)
	}
}

func BenchmarkIntroduces(b *testing.B) {
	text := strings.Repeat("It is time to tell you about this story. I am sure that it may\nplease a reader, and this one is the tale of many more.\n", 35)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if introduces(text) {
			b.Fatal("nobody introduces himself")
		}
	}
}

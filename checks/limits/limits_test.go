package limits

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) { checktest.Run(t, New()) }

func TestSizeLimit(t *testing.T) {
	raw := []byte("Subject: a\r\n\r\n" + strings.Repeat("text\r\n", 100))
	for limit, want := range map[int64]int{100: 1, 10_000: 0} {
		st := &checks.State{Message: mail.Parse(raw, mail.Envelope{}, mail.Limits{Size: limit})}
		out, err := st.Run(t.Context(), New().Checks[0])
		if err != nil || len(out.Hits) != want {
			t.Errorf("limit %d: %v, %v", limit, out, err)
		}
	}
}

// TestWhoeverLooked: what was cut does not depend on who looked at the message
// before, and is found by the check alone.
func TestWhoeverLooked(t *testing.T) {
	raw := []byte("Subject: a\r\nContent-Type: text/html\r\n\r\n<a href=http://a.example/>http://b.example/</a> <p>one two three four five six seven eight</p>\r\n")
	lim := mail.Limits{TextBytes: 70, HTMLTags: 1, URLs: 1, Words: 1}
	for name, look := range map[string]func(m *mail.Message){
		"nobody": func(*mail.Message) {},
		"words":  func(m *mail.Message) { m.Texts()[0].Words() },
		"all":    func(m *mail.Message) { m.Notes() },
	} {
		st := &checks.State{Message: mail.Parse(raw, mail.Envelope{}, lim)}
		look(st.Message)
		out, err := st.Run(t.Context(), New().Checks[0])
		got := ""
		for _, h := range out.Hits {
			got += h.Options[0] + " "
		}
		if want := "URLs HTMLTags TextBytes Words "; err != nil || got != want {
			t.Errorf("%s: got %q, want %q (%v)", name, got, want, err)
		}
	}
}

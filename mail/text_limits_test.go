package mail

import (
	"slices"
	"testing"
)

// What is cut of a text is noted, and what just fits is not.
func TestTextLimits(t *testing.T) {
	const raw = "Content-Type: text/html\r\n\r\n<p>one <b>two</b> <i>three</i></p>\r\n"
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Words: 2}, "Words"},
		{Limits{Words: 3}, ""},
		{Limits{HTMLTags: 2}, "HTMLTags"},
		{Limits{HTMLTags: 6}, ""},
	} {
		m := Parse([]byte(raw), Envelope{}, c.limits)
		x := m.Texts()[0]
		if n := len(x.Words()); c.limits.Words > 0 && n != c.limits.Words {
			t.Errorf("%+v: %d words", c.limits, n)
		}
		cut := ""
		if i := slices.IndexFunc(m.Notes(), func(n Note) bool { return n.Kind == NoteCut }); i >= 0 {
			cut = m.Notes()[i].Text
		}
		if cut != c.want {
			t.Errorf("%+v: noted %q, want %q", c.limits, cut, c.want)
		}
	}
}

package mail

import "testing"

func TestStripComments(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<a@example.org>", "<a@example.org>"},
		{"<a@example.org> (added by (us))", "<a@example.org> "},
		{"(x) <a@example.org>", " <a@example.org>"},
		{`<a\(b@example.org>`, "<a(b@example.org>"},
		{`<a@example.org> (\) still) x`, "<a@example.org>  x"},
		{"<a@example.org> (open", "<a@example.org> "},
		{"a) b", "a) b"},
		{`end\`, "end"},
	} {
		if got := StripComments(c.in); got != c.want {
			t.Errorf("StripComments(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

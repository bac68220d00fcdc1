package mail

import "testing"

// TestMendedEncoding: of several encodings the one counts that the content is in,
// and what is nearly the name of one is one.
func TestMendedEncoding(t *testing.T) {
	const (
		text   = "See http://example.org/a, dear friend of the house, and tell us what you think.\n"
		base64 = "U2VlIGh0dHA6Ly9leGFtcGxlLm9yZy9hLCBkZWFyIGZyaWVuZCBvZiB0aGUgaG91c2UsIGFuZCB0\nZWxsIHVzIHdoYXQgeW91IHRoaW5rLgo=\n"
		quoted = "See =68ttp://=65xample.org/a, dear friend of the house, and tell us what you =\nthink.\n"
	)
	field := func(values ...string) (h string) {
		for _, v := range values {
			h += "Content-Transfer-Encoding: " + v + "\n"
		}
		return h
	}
	for _, c := range []struct{ name, header, body, want, exact string }{
		{"base64 behind 7bit", field("7bit", "base64"), base64, text, base64},
		{"7bit behind base64", field("base64", "7bit"), base64, text, text},
		{"base64 behind quoted-printable", field("quoted-printable", "base64"), base64, text, ""},
		{"quoted-printable behind base64", field("base64", "quoted-printable"), quoted, text, ""},
		{"8bit behind 7bit", field("7bit", "8bit"), text, text, text},
		{"text with both", field("7bit", "base64"), text, text, text},
		{"text with quoted-printable", field("8bit", "quoted-printable"), "1+1=2\n", "1+1=2\n", "1+1=2\n"},
		{"two in one", field("base64, 7bit"), base64, text, base64},
		{"two words", field("base64 8bit"), base64, text, base64},
		{"x-base64", field("x-base64"), base64, text, base64},
		{"b64", field("b64"), base64, text, base64},
		{"quoted_printable", field("quoted_printable"), quoted, text, quoted},
		{"unknown", field("x-other"), text, text, text},
	} {
		for _, exact := range []bool{false, true} {
			m := Parse([]byte("Content-Type: text/plain\n"+c.header+"\n"+c.body), Envelope{}, Limits{})
			want := c.want
			if exact {
				m.ReadAsRspamd()
				if want = c.exact; want == "" {
					continue
				}
			}
			if got := string(m.Root().Content()); got != want {
				t.Errorf("%s, exact %v: %q, want %q", c.name, exact, got, want)
			}
		}
	}
}

package mail

import "testing"

// TestEscapes ends URLs before the escapes of source code and keeps the
// backslashes of paths.
func TestEscapes(t *testing.T) {
	for in, want := range map[string]string{
		`"http://example.com\a"`:              "http://example.com",
		`echo "http://example.com\0";`:        "http://example.com",
		`'http://example.com\v'`:              "http://example.com",
		`"http://example.com\012"`:            "http://example.com",
		`"http://example.com/x\U0001f600"`:    "http://example.com/x",
		`"http://example.com\e[0m"`:           `http://example.com\e`,
		"url: http://example.com/x\\\n  -O y": "http://example.com/x",
		`http://example.com\admin`:            `http://example.com\admin`,
		`http://example.com\2024\docs`:        `http://example.com\2024\docs`,
		`http://example.com\U-Bahn-Berlin`:    `http://example.com\U-Bahn-Berlin`,
	} {
		got := ""
		FindURLs(in, func(u URL) bool { got = u.Raw; return false })
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

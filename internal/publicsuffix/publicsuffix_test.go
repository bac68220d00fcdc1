package publicsuffix

import "testing"

func TestESLD(t *testing.T) {
	for _, c := range []struct {
		host, want string
	}{
		{"example.com", "example.com"},
		{"a.b.Example.COM", "example.com"},
		{"www.example.co.uk.", "example.co.uk"},
		{".example.org", "example.org"},
		{"foo.github.io", "foo.github.io"},
		{"github.io", "github.io"},
		{"co.uk", "co.uk"},
		{"a.b.kobe.jp", "a.b.kobe.jp"},
		{"city.kobe.jp", "city.kobe.jp"},
		{"президент.рф", "президент.рф"},
		{"www.xn--d1abbgf6aiiy.xn--p1ai", "xn--d1abbgf6aiiy.xn--p1ai"},
		{"abc.onion", "abc.onion"},
		{"com", ""},
		{"example.invalid", ""},
		{"localhost", ""},
		{"192.0.2.1", ""},
		{"", ""},
		{".", ""},
		{"a..com", ""},
	} {
		got, ok := ESLD(c.host)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("ESLD(%q) = %q, %v; want %q", c.host, got, ok, c.want)
		}
	}
}

func TestESLDOrSelf(t *testing.T) {
	for in, want := range map[string]string{"Mail.Example.org.": "example.org", "Mail.Nowhere-": "Mail.Nowhere-", "com": "com", "": ""} {
		if got := ESLDOrSelf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestIsTLD(t *testing.T) {
	for label, want := range map[string]bool{
		"com": true, "рф": true, "zip": true, "txt": false, "local": false, "": false, "123": false, "co.uk": false,
	} {
		if IsTLD(label) != want {
			t.Errorf("IsTLD(%q) = %v", label, !want)
		}
	}
}

func BenchmarkESLD(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		ESLD("www.news.example.co.uk")
	}
}

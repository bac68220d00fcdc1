package mail

import "testing"

func TestNormalPath(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/": "/", "a": "a", "a/b/": "a/b/", "a//b": "a/b", "./a": "a", "a/.": "a/",
		"a/b/..": "a", "/a/b/..": "/a", "a/b/../": "a/", "a/..": "", "/a/..": "/",
		"..": "/", "../": "/", "../a": "a", "/../a": "/a", "a/../../b": "b", "a/..b": "a/..b", "/..": "/",
	} {
		if got := normalPath(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

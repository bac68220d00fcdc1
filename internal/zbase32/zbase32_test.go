package zbase32_test

import (
	"testing"

	"github.com/winnowmail/winnow/internal/zbase32"
)

// TestEncode compares with what Rspamd's own function gives.
func TestEncode(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "\xff": "98", "\x00\x01": "yeyy", "\x01\x02\x03\x04\x05": "boygynwy", "hello": "em3ags7p",
	} {
		if got := zbase32.Encode([]byte(in)); got != want {
			t.Errorf("Encode(%q) = %q, want %q", in, got, want)
		}
		if got, ok := zbase32.Decode(want); !ok || string(got) != in {
			t.Errorf("Decode(%q) = %q, %v, want %q", want, got, ok, in)
		}
	}
	for _, wrong := range []string{"0", "YY", "99", "y", "yyy"} {
		if got, ok := zbase32.Decode(wrong); ok {
			t.Errorf("Decode(%q) = %q", wrong, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("em3ags7p")
	f.Fuzz(func(t *testing.T, s string) {
		if b, ok := zbase32.Decode(s); ok && zbase32.Encode(b) != s {
			t.Errorf("%q is decoded to %q, which is %q", s, b, zbase32.Encode(b))
		}
	})
}

func TestDigest(t *testing.T) {
	const want = "jfn9x1oadhr5xc9t4n6xeimc1jus9rfjkd54ytumjrawowrc3ihfpigqxcneatmuz3kqxctboj6k8arjdx15sbthbimefxxux8tkefn"
	if got := zbase32.Digest("example.org", "a/b"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func BenchmarkDigest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		zbase32.Digest("www.example.org", "account/verify/session")
	}
}

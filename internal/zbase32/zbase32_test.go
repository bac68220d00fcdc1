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
	}
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

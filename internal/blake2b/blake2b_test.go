package blake2b_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/blake2b"
)

// TestSum512 holds the example of RFC 7693 appendix A, and lengths around a
// block as other implementations hash them.
func TestSum512(t *testing.T) {
	for in, want := range map[string]string{
		"abc":                    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
		"":                       "786a02f742015903c6c6fd852552d272",
		strings.Repeat("a", 128): "fc6c71f688f43ea7d60817478808f3ca",
		strings.Repeat("a", 129): "55e6e0eb418149a8af92fd9ddc992547",
		strings.Repeat("x", 300): "fe42f4108dd98f9b4f19fb21f386dfbe",
	} {
		sum := blake2b.Sum512([]byte(in))
		if got := hex.EncodeToString(sum[:]); !strings.HasPrefix(got, want) {
			t.Errorf("%d bytes: %s, want %s", len(in), got, want)
		}
	}
}

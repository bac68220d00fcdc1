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

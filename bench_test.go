package winnow_test

import (
	"testing"

	"github.com/winnowmail/winnow"
)

// BenchmarkScanTiny is the fixed cost of a scan: a message of 20 bytes.
func BenchmarkScanTiny(b *testing.B) {
	s, err := winnow.New(winnow.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	m := &winnow.Message{Body: winnow.FromBytes([]byte("Subject: hello\r\n\r\nx\n"))}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Scan(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}

package winnow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/internal/hostile"
)

// BenchmarkShapes measures whole scans of 1 MiB of every shape that makes
// careless readers slow. Run it with -benchtime 1x; the goal is half a second.
func BenchmarkShapes(b *testing.B) {
	for _, s := range slices.Concat(hostile.Shapes(), hostile.Headers()) {
		raw := s.Mail(1 << 20)
		if s.Type == "" {
			raw = s.Make(1 << 20) // a whole message
		}
		b.Run(s.Name, func(b *testing.B) {
			o := builtin()
			o.Timeout = time.Hour
			scanner, err := winnow.New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer scanner.Close(b.Context())
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := scanner.Scan(b.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package dkimsig

import (
	"crypto"
	"strings"
	"testing"
)

func BenchmarkBody(b *testing.B) {
	line := "The quick brown fox jumps over the lazy dog, and so on and on.\r\n"
	for _, c := range []Canon{Simple, Relaxed} {
		for name, n := range map[string]int{"10KB": 10 << 10, "1MB": 1 << 20} {
			raw := []byte(strings.Repeat(line, n/len(line)))
			b.Run(c.String()+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(raw)))
				for b.Loop() {
					NewBody(raw).Hash(c, crypto.SHA256, -1)
				}
			})
		}
	}
}

func BenchmarkParseSignature(b *testing.B) {
	raw := fieldWith(DKIM, "h=from:to:subject:date:message-id:mime-version:content-type:from", "c=relaxed/relaxed", "t=1700000000", "b="+strings.Repeat("Abcd", 85)+"\r\n\t")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSignature(DKIM, raw); err != nil {
			b.Fatal(err)
		}
	}
}

package ratelimit_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// BenchmarkScan compares scans without limits and with five buckets.
func BenchmarkScan(b *testing.B) {
	raw, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		b.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	many := ratelimit.Bucket{Burst: 1e9, Rate: 1e9}
	for name, o := range map[string]ratelimit.Options{"off": {}, "on": {
		Dynamic: true,
		Limits: []ratelimit.Limit{
			{Name: "to", Buckets: []ratelimit.Bucket{many, {Burst: 1e8, Rate: 1e8}}}, {Name: "ip_from", Buckets: []ratelimit.Bucket{many}},
		},
		Users: ratelimit.Users{Messages: []ratelimit.Bucket{many}, Recipients: []ratelimit.Bucket{many}},
	}} {
		b.Run(name, func(b *testing.B) {
			s, err := winnow.New(winnow.Options{
				Families: standard.Families(standard.Options{Ratelimit: o}), Store: storage.NewMemory(storage.MemoryOptions{}),
			})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(context.Background())
			env := mail.Envelope{
				ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@example.org", HasFrom: true, User: "ann", Rcpts: []string{"bob@example.com"},
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Scan(context.Background(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

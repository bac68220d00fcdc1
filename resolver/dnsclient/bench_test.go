package dnsclient

import (
	"fmt"
	"net"
	"testing"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
)

// responder answers every question with one A record, with as little work as
// can be, until the benchmark ends.
func responder(b *testing.B) string {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			reply := append(buf[:n-optLen], "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"...)
			reply[2], reply[7], reply[11] = 0x81, 1, 0
			conn.WriteToUDPAddrPort(reply, from)
		}
	}()
	b.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func BenchmarkLookup(b *testing.B) {
	names := make([]string, 50)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.zen.list.example", i)
	}
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			o := Options{Servers: []string{responder(b)}}
			if !cached {
				o.CacheBytes = -1
			}
			c, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Lookup(b.Context(), names[i%len(names)], resolver.TypeA); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScan is the DNS of one message: fifty questions at once through a
// Session, none of them cached.
func BenchmarkScan(b *testing.B) {
	c, err := New(Options{Servers: []string{responder(b)}, CacheBytes: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	qs := make([]resolver.Question, 50)
	for i := range qs {
		qs[i] = resolver.Question{Name: fmt.Sprintf("n%d.zen.list.example", i), Type: resolver.TypeA}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := dnsscan.NewSession(b.Context(), resolver.Options{Resolver: c})
		for _, r := range resolver.LookupAll(b.Context(), s, qs...) {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
		}
		s.Wait()
	}
}

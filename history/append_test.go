package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// usual is a row such as a scan writes.
func usual() *Row {
	r := &Row{
		SenderSMTP: "ann@example.org", SenderMIME: "ann@example.org", RcptSMTP: Strings{"bob@example.net", "joe@example.net"}, RcptMIME: Strings{"list@example.net"},
		Size: 7603, UnixTime: 1795835743, Score: 2.5, Required: 15, TimeReal: .000338, User: "unknown", IP: "192.0.2.7", MessageID: "1@example.org",
		Thresholds: map[string]float64{"add header": 6, "greylist": 4, "reject": 15}, Subject: "Téa <3 \"x\"\u2028", Action: "no action", Symbols: Symbols{}, QueueID: "4bX",
		Digest: "Zk3", Transcript: "00ff",
	}
	for i := range 25 {
		name := fmt.Sprintf("SYMBOL_%d", i)
		r.Symbols[name] = Symbol{Name: name, Score: float64(i) / 8, MetricScore: -.1, Description: "a sentence about " + name, Options: Strings{"a", "\xff&"}[:i%3]}
	}
	r.Own = map[string]Verdict{"joe@example.net": {Score: -1e-9, Required: 8, Action: "reject", Symbols: Symbols{"A": {Name: "A"}}}, "eve@example.net": {}}
	return r
}

// TestRowsAreJSON: rows are what encoding/json makes of them.
func TestRowsAreJSON(t *testing.T) {
	for i, r := range []*Row{{}, usual(), {RcptSMTP: Strings{}, Symbols: Symbols{}, Skipped: true, Thresholds: map[string]float64{}, Own: map[string]Verdict{}, Score: 1e300}} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
		got, err := r.marshal([]byte("head"))
		if err != nil || string(got) != "head"+strings.TrimSuffix(want.String(), "\n") {
			t.Errorf("row %d: %v\n%s\n%s", i, err, got, want.String())
		}
	}
	if _, err := (&Row{Score: math.NaN()}).marshal(nil); err == nil {
		t.Error("a row with a score that is no number")
	}
}

// TestPackings: what is written in each way is read again, and by whoever reads zstd.
func TestPackings(t *testing.T) {
	long := usual()
	long.Subject = strings.Repeat("x", maxBlock)
	for _, p := range []packing{packed, framed, bare} {
		c, err := newCodec(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*Row{{}, usual(), long} {
			want, err := r.marshal(nil)
			if err != nil {
				t.Fatal(err)
			}
			item, err := c.encode(r)
			if err != nil {
				t.Fatal(err)
			}
			got := item
			if p != bare {
				if got, err = c.dec.DecodeAll(item, nil); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("packing %d: %s, want %s", p, got, want)
			}
			if back, err := c.row(item); err != nil || back.Subject != r.Subject {
				t.Errorf("packing %d: %+v, %v", p, back, err)
			}
		}
	}
}

// BenchmarkEncode is what a row costs a scan before it goes to the store.
func BenchmarkEncode(b *testing.B) {
	for name, p := range map[string]packing{"packed": packed, "framed": framed, "bare": bare} {
		b.Run(name, func(b *testing.B) {
			c, err := newCodec(p)
			if err != nil {
				b.Fatal(err)
			}
			r := usual()
			b.ReportAllocs()
			for b.Loop() {
				item, err := c.encode(r)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(item)))
			}
		})
	}
}

package chartable

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAddAll: the words are those that cutting at all else gives.
func TestAddAll(t *testing.T) {
	pieces := []string{"a", "Z", "9", "'", "don't", " ", "  ", "-", "_", "\n", "é", "\u0301", "б", "pаypal", "x\u200b", "中", "٣", "—", "\xff", "\xc3", "@", "[", "`", "{", ""}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		var got, want tally
		got.addAll(b.String())
		for _, w := range strings.FieldsFunc(b.String(), func(r rune) bool { return !inWord(r) }) {
			if strings.ContainsFunc(w, func(r rune) bool { return r >= 0x80 }) {
				want.add(w)
			} else {
				want.words++
			}
		}
		if got != want {
			t.Fatalf("%q: %+v, want %+v", b.String(), got, want)
		}
	}
}

func BenchmarkAddAll(b *testing.B) {
	text := strings.Repeat("It's time to tell you about this story — it may be naïve, and it is long.\n", 50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var y tally
		y.addAll(text)
	}
}

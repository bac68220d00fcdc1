package mail

import (
	"slices"
	"testing"

	"github.com/clipperhouse/uax29/v2/words"
)

// TestASCIISegments compares all texts of five characters, one of each kind there
// is in ASCII, with what the tables of Unicode say.
func TestASCIISegments(t *testing.T) {
	const kinds = "aZ7_.':,; \n\"-"
	var text [5]byte
	for n := range power(len(kinds), len(text)) {
		for i := range text {
			text[i] = kinds[n%len(kinds)]
			n /= len(kinds)
		}
		s := string(text[:])
		var got, want []string
		for start, end := range asciiSegments(s) {
			got = append(got, s[start:end])
		}
		for it := words.FromString(s); it.Next(); {
			if segmentByte(it.Value()[0]) {
				want = append(want, it.Value())
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", s, got, want)
		}
	}
}

// TestASCIIKinds holds that the characters of TestASCIISegments stand for all
// others of ASCII.
func TestASCIIKinds(t *testing.T) {
	for c := range byte(0x80) {
		for _, around := range []string{"aa", "77", "a7", "__"} {
			s := string([]byte{around[0], c, around[1]})
			got, want := 0, 0
			for range asciiSegments(s) {
				got++
			}
			for it := words.FromString(s); it.Next(); {
				if segmentByte(it.Value()[0]) {
					want++
				}
			}
			if got != want {
				t.Errorf("%q: %d segments, want %d", s, got, want)
			}
		}
	}
}

func power(x, n int) int {
	p := 1
	for range n {
		p *= x
	}
	return p
}

func BenchmarkSegments(b *testing.B) {
	const text = "The quick brown fox, aged 3.5 years, doesn't jump over the lazy dog at example.org; it rests.\n"
	for range b.N {
		for range segments(text) {
		}
	}
	b.SetBytes(int64(len(text)))
}

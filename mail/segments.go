package mail

import (
	"iter"

	"github.com/clipperhouse/uax29/v2/words"
)

// segments yields the places of the segments of a text between the word
// boundaries of Unicode (UAX 29), ascending. Of a text in ASCII those without a
// letter, digit or underscore are left out.
func segments(s string) iter.Seq2[int, int] {
	if asciiOnly(s) {
		return asciiSegments(s)
	}
	return func(yield func(start, end int) bool) {
		for it := words.FromString(s); it.Next(); {
			if !yield(it.Start(), it.End()) {
				return
			}
		}
	}
}

// asciiSegments is what the rules of UAX 29 come to in ASCII: a segment is a run of
// letters, digits and underscores, which a single point, colon or the like between
// two letters or two digits does not end. Most mail is in ASCII, and to look up
// the properties of each character takes some four times as long.
func asciiSegments(s string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		for i := 0; i < len(s); i++ {
			if !segmentByte(s[i]) {
				continue
			}
			start := i
			for i++; i < len(s) && (segmentByte(s[i]) || joins(s, i)); i++ {
			}
			if !yield(start, i) {
				return
			}
		}
	}
}

func segmentByte(c byte) bool { return alnumByte(c) || c == '_' }

// joins reports whether the character at i, behind the first, holds what stands
// around it together: rules WB6 and WB7 for letters, WB11 and WB12 for digits.
func joins(s string, i int) bool {
	if i+1 == len(s) {
		return false
	}
	switch before, after := s[i-1], s[i+1]; s[i] {
	case '.', '\'':
		return alphaByte(before) && alphaByte(after) || digitByte(before) && digitByte(after)
	case ':':
		return alphaByte(before) && alphaByte(after)
	case ',', ';':
		return digitByte(before) && digitByte(after)
	}
	return false
}

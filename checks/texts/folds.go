package texts

import (
	"strings"
)

// A fold is a place in a text on one line, and the same in the text with lines.
type fold struct{ line, text int }

type folds []fold

// in returns the place in the text with lines.
func (f folds) in(line int) int {
	lo, hi := 0, len(f)
	for lo < hi {
		if mid := (lo + hi) / 2; f[mid].line <= line {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return line
	}
	return f[lo-1].text + line - f[lo-1].line
}

// oneLine makes each run of line ends one blank, none after a blank; with squeeze
// each run of white space.
func oneLine(text string, squeeze bool) (string, folds) {
	var b strings.Builder
	b.Grow(len(text))
	var places folds
	ends := "\r\n"
	if squeeze {
		ends = "\r\n\t\v "
	}
	last := byte(' ')
	for i := 0; i < len(text); {
		end := strings.IndexAny(text[i:], ends)
		if end < 0 {
			b.WriteString(text[i:])
			break
		}
		if end > 0 {
			b.WriteString(text[i : i+end])
			last = text[i+end-1]
		}
		for i += end; i < len(text) && strings.IndexByte(ends, text[i]) >= 0; i++ {
		}
		if last != ' ' {
			b.WriteByte(' ')
			last = ' '
		}
		places = append(places, fold{b.Len(), i})
	}
	return b.String(), places
}

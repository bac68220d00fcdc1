package mail

import "strings"

// foldWidth is the line length that folding aims at (RFC 5322 section 2.1.1).
const foldWidth = 76

// FoldHeader returns a header value folded with CRLF and a tab, as Rspamd
// folds: a line that is nearly full ends after its word, a word that went
// beyond 76 bytes begins a line of its own. Words end at white space, commas
// and semicolons; quoted strings are not touched. With stop, the line ends
// after each of its characters and nowhere else.
func FoldHeader(name, value, stop string) string {
	f := folder{width: len(name) + len(": "), first: true}
	if stop != "" {
		return foldAt(value, stop)
	}
	for f.i < len(value) {
		switch c := value[f.i]; {
		case c == ',' || c == ';':
			f.i++
			f.endWord(value)
			f.start = f.i
		case c == '"':
			f.quoted(value)
		case c == ' ' || c == '\t':
			f.space(value)
		default:
			f.i++
			f.width++
		}
	}
	if f.width > foldWidth && !f.first {
		f.foldBefore(value)
	} else {
		f.out.WriteString(value[f.start:])
	}
	return f.out.String()
}

// A folder is the state of folding one value: the word value[start:i] is not
// yet written.
type folder struct {
	out      strings.Builder
	start, i int
	width    int
	first    bool // no word is on the line yet
}

// space ends a word at white space, which the fold replaces.
func (f *folder) space(value string) {
	full := f.width > foldWidth && !f.first
	folded := f.endWord(value)
	f.start = f.i
	if !full {
		f.i++
	}
	switch {
	case folded:
		f.start = f.i
	case !full:
		f.width++
	}
}

// endWord writes the word and reports whether the line ended after it.
func (f *folder) endWord(value string) (folded bool) {
	switch {
	case f.width > foldWidth*8/10 && f.width < foldWidth:
		f.out.WriteString(value[f.start:f.i])
		if f.i < len(value) {
			f.out.WriteString("\r\n\t")
		}
		f.width, f.first = 0, true
		return true
	case f.width > foldWidth && !f.first:
		f.foldBefore(value)
		f.first = true
	default:
		f.out.WriteString(value[f.start:f.i])
		f.first = false
	}
	return false
}

func (f *folder) foldBefore(value string) {
	word := strings.TrimLeft(value[f.start:f.i], " \t")
	f.out.WriteString("\r\n\t")
	f.out.WriteString(word)
	f.width = len(word)
}

// quoted writes what is pending, a quoted string and the byte after it.
func (f *folder) quoted(value string) {
	end := strings.IndexByte(value[f.i+1:], '"')
	if end < 0 {
		end = len(value)
	} else {
		end = min(f.i+end+3, len(value))
	}
	f.width += end - f.i
	f.out.WriteString(value[f.start:end])
	f.start, f.i, f.first = end, end, true
}

func foldAt(value, stop string) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(value, stop)
		if i < 0 || i == len(value)-1 {
			break
		}
		b.WriteString(value[:i+1])
		b.WriteString("\r\n\t")
		value = strings.TrimLeft(value[i+1:], " ")
	}
	b.WriteString(value)
	return b.String()
}

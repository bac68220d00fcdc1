package osb

import (
	"strings"
	"unicode/utf8"
)

// A joiner joins the lines of a text as Rspamd does.
type joiner struct {
	out  strings.Builder
	html bool
	ends []int // where lines began in what is written
	open bool  // between angle brackets
	// after is the line end that came last, 0 within a line; blank tells that a
	// blank stands for it already.
	after byte
	blank bool
}

// unbroken puts a blank in place of a run of line ends and of the blanks behind
// it, in plain text nothing between angle brackets, and takes characters without
// width out unless s is in bytes of an unknown charset. It tells where the lines begin
// that follow.
func unbroken(s string, html, bytes bool) (text string, ends []int) {
	j := joiner{html: html}
	j.out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r':
			j.carriageReturn()
		case c == '\n':
			j.lineFeed()
		case c >= utf8.RuneSelf && !bytes && widthless(s[i:]) > 0:
			i += widthless(s[i:]) - 1
		case j.after != 0 && j.begin(c):
			for i+1 < len(s) && s[i+1] == ' ' {
				i++
			}
		default:
			if c == '<' || c == '>' {
				j.open = c == '<'
			}
			j.out.WriteByte(c)
		}
	}
	if j.after != 0 && !j.blank {
		j.space()
	}
	return j.out.String(), j.ends
}

// widthless is the length of a character without width that s begins with.
func widthless(s string) int {
	for _, c := range []string{"\u200b", "\u200c", "\u200d", "\ufeff", "\u00ad"} {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	return 0
}

func (j *joiner) carriageReturn() {
	switch j.after {
	case 0:
		j.blank = false
	case '\r':
		if !j.blank {
			j.space()
		}
	}
	j.after, j.open = '\r', false
}

func (j *joiner) lineFeed() {
	switch {
	case j.after == 0 && j.open && !j.html:
		j.blank = false
	case j.after == 0, !j.blank:
		j.space()
	}
	j.after, j.open = '\n', false
}

// space writes the blank for a line end.
func (j *joiner) space() {
	j.out.WriteByte(' ')
	j.ends = append(j.ends, j.out.Len())
	j.blank = true
}

// begin begins a line with c. It reports whether c is a blank, which is done
// with, as are those that follow.
func (j *joiner) begin(c byte) bool {
	if !j.blank {
		j.ends = append(j.ends, j.out.Len())
	}
	if c == ' ' && !j.blank {
		j.out.WriteByte(' ')
	}
	j.after = 0
	return c == ' '
}

package mail

import "strings"

// A comment is the text of one outermost comment and its place in the string
// it was taken from.
type comment struct {
	at   int
	text string
}

// maxComments bounds the comments of a list whose text is kept.
const maxComments = 4096

// stripComments takes RFC 5322 comments out. From a parenthesis that is never
// closed on, nothing is a comment.
func stripComments(s string) (string, []comment) {
	if strings.IndexByte(s, '(') < 0 && strings.IndexByte(s, ')') < 0 {
		return s, nil
	}
	var found []comment
	b := make([]byte, 0, len(s))
	open := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			b = append(b, c, s[i+1])
			i++
		case c == '"':
			end := quoteEnd(s, i)
			if end < 0 {
				end = len(s) - 1
			}
			b = append(b, s[i:end+1]...)
			i = end
		case c == '(' && open:
			end := commentEnd(s, i)
			if end < 0 {
				open = false
				b = append(b, c)
				continue
			}
			if len(found) < maxComments {
				found = append(found, comment{len(b), s[i+1 : end]})
			}
			i = end
			if len(b) > 0 && isSpace(b[len(b)-1]) && i+1 < len(s) && isSpace(s[i+1]) {
				i++
			}
		case c == ')' && open: // closes nothing: dropped as Rspamd 4.1.6 does
		default:
			b = append(b, c)
		}
	}
	return string(b), found
}

// commentEnd returns the place of the parenthesis that closes the one at i.
func commentEnd(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// attach gives each comment to the address it stands at, several with a blank
// between them.
func (p *listParser) attach(comments []comment) {
	k := 0
	var text strings.Builder
	give := func() {
		if text.Len() > 0 {
			p.out[k].Comment = decodeText(text.String(), p.guesses)
			text.Reset()
		}
	}
	for _, c := range comments {
		for k < len(p.out) && c.at > p.ends[k] {
			give()
			k++
		}
		if k >= len(p.out) {
			return
		}
		t := strings.TrimSpace(c.text)
		if strings.IndexByte(t, '\\') >= 0 {
			t = unescape(t)
		}
		if text.Len() > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(t)
	}
	if k < len(p.out) {
		give()
	}
}

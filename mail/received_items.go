package mail

import "strings"

// An item is a word of a Received value outside comments, or a comment.
type item struct {
	text    string // without parentheses or brackets
	comment bool
	bracket byte // in which a word stood, 0 for none
	glued   bool // nothing stands between it and the item before
	at      int  // where it begins in the value
}

// cut cuts a Received value; the items hold until the next one is cut. A
// parenthesis without its counterpart only separates words. Comments nest, and a
// backslash quotes in them (RFC 5322 section 3.2.2); what is quoted opens and
// closes none, for so a server repeats an address.
func (l *itemLexer) cut(s string) []item {
	if l.items == nil {
		l.items = make([]item, 0, 16)
	}
	l.s, l.i, l.end, l.items = s, 0, 0, l.items[:0]
	l.pair()
	for l.i < len(s) {
		switch c := s[l.i]; {
		case !endsWord[c] && c != '"':
			l.word()
		case c == '(':
			l.comment()
		case isSpace(c) || strings.IndexByte(`,;/>]=)`, c) >= 0:
			l.i++
		case (c == '<' || c == '[') && l.bracketed(c):
		case c == '<' || c == '[' || c == '"' && l.quoteEnd(l.i) < 0:
			l.i++
		default:
			l.word()
		}
	}
	return l.items
}

// endsWord has the bytes that no word holds outside quotes.
var endsWord = func() (t [256]bool) {
	for _, c := range []byte("(),;/<>[]= \t\n\v\f\r") {
		t[c] = true
	}
	return t
}()

// parentheses are where one opens and where its counterpart is, 0 without one.
type parentheses struct{ open, close int }

// An itemLexer cuts one value after the other, in the same memory.
type itemLexer struct {
	s     string
	i     int
	end   int           // of the item before
	pairs []parentheses // by where they open
	ahead []parentheses // those of pairs that are not passed yet
	items []item
}

func (l *itemLexer) add(it item, end int) {
	it.glued = len(l.items) > 0 && it.at == l.end
	l.items = append(l.items, it)
	l.i, l.end = end, end
}

// pair finds the comments.
func (l *itemLexer) pair() {
	var room [4]int
	open := room[:0] // places in pairs
	l.pairs = l.pairs[:0]
	for i := 0; i < len(l.s); i++ {
		switch l.s[i] {
		case '\\':
			if len(open) > 0 {
				i++
			}
		case '"':
			if i > 0 && (isSpace(l.s[i-1]) || l.s[i-1] == '<') {
				if end := l.quoteEnd(i); end > 0 {
					i = end
				}
			}
		case '(':
			open = append(open, len(l.pairs))
			l.pairs = append(l.pairs, parentheses{open: i})
		case ')':
			if n := len(open); n > 0 {
				l.pairs[open[n-1]].close = i
				open = open[:n-1]
			}
		}
	}
	l.ahead = l.pairs
}

// maxQuote bounds how far the end of a quoted string is looked for.
const maxQuote = 320

// quoteEnd returns where the quoted string that begins at i ends, -1 if it
// does not.
func (l *itemLexer) quoteEnd(i int) int {
	for j := i + 1; j < len(l.s) && j-i < maxQuote; j++ {
		switch l.s[j] {
		case '\\':
			j++
		case '"':
			return j
		}
	}
	return -1
}

// comment reads a comment, or passes over a parenthesis. Sendmail's
// "(from user@host)" is no comment but the clause itself.
func (l *itemLexer) comment() {
	end, ok := l.closing()
	if _, clause := cutPrefixFold(l.s[l.i+1:], "from "); !ok || clause && len(l.items) == 0 {
		l.i++
		return
	}
	l.add(item{text: strings.TrimSpace(l.s[l.i+1 : end]), comment: true, at: l.i}, end+1)
}

// closing returns the counterpart of the parenthesis at i.
func (l *itemLexer) closing() (end int, ok bool) {
	for len(l.ahead) > 0 && l.ahead[0].open < l.i { // within what was read
		l.ahead = l.ahead[1:]
	}
	if len(l.ahead) == 0 || l.ahead[0].open != l.i {
		return 0, false
	}
	end = l.ahead[0].close
	return end, end > 0
}

// bracketed reads "<…>" or "[…]" whose inside is one word.
func (l *itemLexer) bracketed(open byte) bool {
	for j := l.i + 1; j < len(l.s); j++ {
		switch c := l.s[j]; {
		case c == '"' && open == '<':
			end := l.quoteEnd(j)
			if end < 0 {
				return false
			}
			j = end
		case c == open+2:
			if j == l.i+1 {
				return false
			}
			l.add(item{text: l.s[l.i+1 : j], bracket: open, at: l.i}, j+1)
			return true
		case strings.IndexByte("<>[]() \t", c) >= 0:
			return false
		}
	}
	return false
}

func (l *itemLexer) word() {
	j := l.i
	for j < len(l.s) && !endsWord[l.s[j]] {
		if l.s[j] == '"' {
			end := l.quoteEnd(j)
			if end < 0 {
				break
			}
			j = end
		}
		j++
	}
	l.add(item{text: l.s[l.i:j], at: l.i}, j)
}

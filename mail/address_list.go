package mail

import (
	"strings"

	"github.com/winnowmail/winnow/internal/charset"
)

// A listParser walks over an address list from which comments were taken.
// The walk keeps Rspamd's reading of broken lists (as Rspamd 4.1.6): text
// before "<" is the name, whatever it holds; a piece with "@" between
// separators is an address; a piece without is dropped.
type listParser struct {
	s     string
	limit int
	more  bool
	out   []Address
	ends  []int // per address: where the separator after it stands in s
	ended bool  // that separator was seen for the last address

	lastSemicolon int
	name          []byte
	start         int // of the piece in hand
	seenAt        bool
	group         string
	guesses       *charset.Guesses
	full          bool
}

// parseList reads a list. With more it continues one that has addresses
// already, and then a name alone makes no empty address.
func parseList(value string, limit int, more bool, g *charset.Guesses) []Address {
	clean, comments := stripComments(unfoldValue(value))
	p := &listParser{s: clean, limit: limit, more: more, guesses: g, lastSemicolon: strings.LastIndexByte(clean, ';')}
	p.walk()
	p.attach(comments)
	return p.out
}

// unfoldValue makes each fold one space and ends the value at a line break
// that is none.
func unfoldValue(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\n' && s[i] != '\r' {
			b = append(b, s[i])
			continue
		}
		brk := i
		for i+1 < len(s) && isSpace(s[i+1]) {
			i++
		}
		if last := s[i]; (last == '\n' || last == '\r') && i+1 < len(s) {
			break
		}
		if brk > 0 {
			b = append(b, ' ')
		}
	}
	return string(b)
}

// walk reads the list piece by piece.
func (p *listParser) walk() {
	i := p.skip(0)
	for i < len(p.s) && !p.full {
		switch c := p.s[i]; c {
		case '"':
			i = p.quoted(i)
		case '<':
			p.appendName(p.s[p.start:i], false)
			i = p.angle(i)
		case ',', ';':
			p.separator(i)
			i = p.skip(i + 1)
		case ':':
			if !p.openGroup(i) {
				i++
			} else {
				i = p.skip(i + 1)
			}
		case '\\':
			i += 2
		case '@':
			p.seenAt = true
			i++
		default:
			i++
		}
	}
	p.finish()
}

// skip passes white space and begins a new piece.
func (p *listParser) skip(i int) int {
	for i < len(p.s) && isSpace(p.s[i]) {
		i++
	}
	p.start = i
	return i
}

// appendName adds text to the display name.
func (p *listParser) appendName(s string, spaced bool) {
	t := strings.TrimRight(s, asciiSpace)
	p.name = append(p.name, t...)
	if spaced && len(t) > 0 && len(t) < len(s) {
		p.name = append(p.name, ' ')
	}
}

// quoted reads a quoted string at i: it belongs to the display name, or is the
// local part when "@" follows directly.
func (p *listParser) quoted(i int) int {
	end := quoteEnd(p.s, i)
	if end < 0 {
		p.unclosedQuote(i)
		return len(p.s)
	}
	if p.start == i && end+1 < len(p.s) && p.s[end+1] == '@' {
		return end + 1
	}
	p.appendName(p.s[p.start:i], true)
	inner := p.s[i+1 : end]
	if strings.IndexByte(inner, '\\') >= 0 {
		inner = unescape(inner)
	}
	p.name = append(p.name, inner...)
	if end+1 < len(p.s) && isSpace(p.s[end+1]) {
		p.name = append(p.name, ' ')
	}
	return p.skip(end + 1)
}

// unclosedQuote takes the address in brackets from a quoted string that does
// not end.
func (p *listParser) unclosedQuote(i int) {
	rest := p.s[i:]
	lt := strings.LastIndexByte(rest, '<')
	if lt >= 0 && strings.IndexByte(rest[lt:], '@') > 0 {
		p.appendName(rest[1:lt], false)
		p.add(rest[lt:])
	}
	p.start, p.seenAt, p.name = len(p.s), false, p.name[:0]
}

// quoteEnd returns the place of the quote that ends the quoted string at i.
func quoteEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// angle reads "<…>" at i; without ">" it goes to the end.
func (p *listParser) angle(i int) int {
	end := strings.IndexByte(p.s[i:], '>')
	if end < 0 {
		p.add(p.s[i:])
		return p.skip(len(p.s))
	}
	p.add(p.s[i : i+end+1])
	p.seenAt = false
	return p.skip(i + end + 1)
}

func (p *listParser) separator(i int) {
	if i > p.start && p.seenAt {
		p.add(strings.TrimRight(p.s[p.start:i], asciiSpace))
		p.seenAt = false
	}
	if n := len(p.out); n > 0 && !p.ended {
		p.ends[n-1], p.ended = i, true
	}
	if p.s[i] == ';' {
		p.group = ""
	}
}

// openGroup takes the text before a colon as a group's name if a semicolon
// ends the group later.
func (p *listParser) openGroup(i int) bool {
	if p.seenAt || p.group != "" || p.lastSemicolon < i {
		return false
	}
	p.appendName(p.s[p.start:i], false)
	p.group = decodeText(strings.TrimSpace(string(p.name)), p.guesses)
	p.name = p.name[:0]
	return p.group != ""
}

// finish handles what stands after the last separator.
func (p *listParser) finish() {
	if p.full || p.start >= len(p.s) {
		return
	}
	rest := strings.TrimRight(p.s[p.start:], asciiSpace)
	switch {
	case p.seenAt:
		p.add(rest)
	case len(p.out) == 0 && !p.more:
		p.name = append(p.name, rest...)
		p.addAddress(Address{Raw: "<>"})
	}
}

func (p *listParser) add(raw string) {
	a, ok := parsePath(raw)
	if !ok {
		a = guessAddress(raw)
	}
	p.addAddress(a)
}

func (p *listParser) addAddress(a Address) {
	if len(p.out) >= p.limit {
		p.full = true
		return
	}
	if name := strings.Trim(string(p.name), " \t\v"); name != "" {
		a.Name = decodeText(name, p.guesses)
	}
	p.name = p.name[:0]
	a.Group = p.group
	p.out = append(p.out, a)
	p.ends, p.ended = append(p.ends, len(p.s)), false
}

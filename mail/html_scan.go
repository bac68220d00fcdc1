package mail

import (
	"html"
	"strings"
)

// A htmlScanner cuts markup into tags and text. It reads every byte a bounded
// number of times and never fails: a "<" that begins no tag is text.
type htmlScanner struct {
	s     string
	i     int // behind the token
	start int // of the token
	kind  tokenKind
	name  string
	flags tagFlags
	attrs []Attr
	slash bool // the tag ends with "/>"

	arena    []Attr  // a chunk for the attributes of tags
	first    int     // where in it those of this tag begin
	noQuote  [2]bool // no more ' or " ahead
	scratch  [32]byte
	rawUntil string // inside of script, style, noscript
}

type tokenKind uint8

const (
	tokenText tokenKind = iota
	tokenStart
	tokenEnd
	tokenComment
)

const (
	maxAttrs       = 256  // attributes of one tag
	maxDeclaration = 1024 // bytes looked at for the end of a <![…]> declaration
)

// next reads one token; false at the end.
func (z *htmlScanner) next() bool {
	if z.i >= len(z.s) {
		return false
	}
	z.start = z.i
	if z.rawUntil != "" {
		z.raw()
		if z.i > z.start {
			z.kind = tokenText
			return true
		}
	}
	if z.s[z.i] == '<' && z.tag() {
		return true
	}
	z.kind = tokenText
	z.i++
	for z.i < len(z.s) {
		j := strings.IndexByte(z.s[z.i:], '<')
		if j < 0 {
			z.i = len(z.s)
			break
		}
		z.i += j
		if z.i+1 < len(z.s) && tagStart(z.s[z.i+1]) {
			break
		}
		z.i++
	}
	return true
}

func tagStart(c byte) bool { return alphaByte(c) || c == '/' || c == '!' || c == '?' }

// tag reads the tag, comment or declaration at z.i; false if there is none.
func (z *htmlScanner) tag() bool {
	s := z.s[z.i:]
	if len(s) < 2 {
		return false
	}
	switch c := s[1]; {
	case c == '!':
		z.kind = tokenComment
		z.i += commentLen(s)
	case c == '?':
		z.kind = tokenComment
		z.i += untilGT(s)
	case c == '/':
		if len(s) < 3 || !alphaByte(s[2]) {
			return false
		}
		z.kind = tokenEnd
		z.i += 2
		z.tagName()
		z.attributes()
	case alphaByte(c):
		z.kind = tokenStart
		z.i++
		z.tagName()
		z.attributes()
	default:
		return false
	}
	return true
}

// commentLen returns the length of a comment or declaration. A comment ends
// with "-->" or "--!>"; a declaration with square brackets at the ">" behind the last.
func commentLen(s string) int {
	if strings.HasPrefix(s, "<!--") {
		return commentEndHTML(s)
	}
	if strings.HasPrefix(s, "<![") {
		open := 1
		for i := 3; i < len(s) && i < maxDeclaration; i++ {
			switch s[i] {
			case '[':
				open++
			case ']':
				open--
			case '>':
				if open <= 0 {
					return i + 1
				}
			}
		}
	}
	return untilGT(s)
}

// commentEndHTML finds "-->" or "--!>" in one look at the comment; "<!-->" and
// "<!--->" are whole ones.
func commentEndHTML(s string) int {
	for i := 2; ; i++ {
		n := strings.Index(s[i:], "--")
		if n < 0 {
			return len(s)
		}
		i += n
		switch rest := s[i+2:]; {
		case strings.HasPrefix(rest, ">"):
			return i + len("-->")
		case strings.HasPrefix(rest, "!>"):
			return i + len("--!>")
		}
	}
}

func untilGT(s string) int {
	if i := strings.IndexByte(s, '>'); i >= 0 {
		return i + 1
	}
	return len(s)
}

func (z *htmlScanner) tagName() {
	from := z.i
	n := 0
	for z.i < len(z.s) {
		c := z.s[z.i]
		if c == '>' || c == '/' || spaceByte(c) {
			break
		}
		if n < len(z.scratch) {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			z.scratch[n] = c
			n++
		}
		z.i++
	}
	if z.i-from > len(z.scratch) {
		z.name, z.flags = lowerASCII(z.s[from:min(z.i, from+256)]), 0
		return
	}
	z.name, z.flags = knownTag(z.scratch[:n])
}

// attributes reads to the end of the tag.
func (z *htmlScanner) attributes() {
	z.first = len(z.arena)
	z.slash = false
	for z.i < len(z.s) {
		c := z.s[z.i]
		switch {
		case c == '>':
			z.i++
			z.attrs = z.arena[z.first:len(z.arena):len(z.arena)]
			return
		case c == '/':
			z.slash = z.i+1 < len(z.s) && z.s[z.i+1] == '>'
			z.i++
		case spaceByte(c):
			z.i++
		default:
			z.attribute()
		}
	}
	z.attrs = z.arena[z.first:len(z.arena):len(z.arena)]
}

func (z *htmlScanner) attribute() {
	from := z.i
	z.i++ // whatever it is, it is part of the name
	for z.i < len(z.s) {
		if c := z.s[z.i]; c == '=' || c == '>' || c == '/' || spaceByte(c) {
			break
		}
		z.i++
	}
	name := z.s[from:z.i]
	j := z.i
	for j < len(z.s) && spaceByte(z.s[j]) {
		j++
	}
	value := ""
	if j < len(z.s) && z.s[j] == '=' {
		z.i = j + 1
		value = z.value()
	}
	if z.kind == tokenStart && len(z.arena)-z.first < maxAttrs {
		z.keep(Attr{knownAttr(name), value})
	}
}

// endsValue reports whether the quote at z.i ends the value without an opening quote
// that begins at from: it does not where it opens a string of a script.
func (z *htmlScanner) endsValue(from int) bool {
	return z.i == from || z.s[z.i-1] != '=' && z.s[z.i-1] != '('
}

// keep adds an attribute to the tag's. When the chunk is full, those of this tag
// move to a new one and those of other tags stay where they are.
func (z *htmlScanner) keep(a Attr) {
	if len(z.arena) == cap(z.arena) {
		own := z.arena[z.first:]
		z.arena = append(make([]Attr, 0, min(max(16, 2*cap(z.arena)), 512)+len(own)), own...)
		z.first = 0
	}
	z.arena = append(z.arena, a)
}

// value reads an attribute's value behind the equals sign. A quoted value
// without its second quote ends with the tag.
func (z *htmlScanner) value() string {
	for z.i < len(z.s) && spaceByte(z.s[z.i]) {
		z.i++
	}
	if z.i >= len(z.s) {
		return ""
	}
	var v string
	if q := z.s[z.i]; q == '"' || q == '\'' {
		k := 0
		if q == '"' {
			k = 1
		}
		rest := z.s[z.i+1:]
		n := -1
		if !z.noQuote[k] {
			n = strings.IndexByte(rest, q)
			z.noQuote[k] = n < 0
		}
		if n >= 0 {
			v = rest[:n]
			z.i += n + 2
		} else {
			n = untilGT(rest)
			v = strings.TrimSuffix(rest[:n], ">")
			z.i += 1 + len(v)
		}
	} else {
		from := z.i
		for z.i < len(z.s) {
			c := z.s[z.i]
			if c == '>' || spaceByte(c) || c == '"' && z.endsValue(from) || c == '/' && z.i+1 < len(z.s) && z.s[z.i+1] == '>' {
				break
			}
			z.i++
		}
		v = z.s[from:z.i]
		if z.i < len(z.s) && z.s[z.i] == '"' {
			z.i++
		}
	}
	if strings.IndexByte(v, '&') >= 0 {
		v = html.UnescapeString(v)
	}
	return v
}

// raw steps over content that is no markup, up to an end tag of its element.
func (z *htmlScanner) raw() {
	name := z.rawUntil
	for i := z.i; ; {
		j := strings.Index(z.s[i:], "</")
		if j < 0 {
			z.i = len(z.s)
			break
		}
		i += j
		if endTag(z.s[i+2:], name) {
			z.i = i
			break
		}
		i += 2
	}
	z.rawUntil = ""
}

// endTag reports whether s begins with an end tag's name: the wanted one, or
// one that shows that the wanted was forgotten.
func endTag(s, name string) bool {
	for _, n := range [...]string{name, "head", "body", "html"} {
		if prefixFold(s, n) && (len(s) == len(n) || s[len(n)] == '>' || s[len(n)] == '/' || spaceByte(s[len(n)])) {
			return true
		}
	}
	return false
}

package mail

import (
	"math"
	"strings"
)

// A style holds the properties of one element that decide whether its text is
// seen. Each has a rank: who set it.
type style struct {
	fg, bg                         Color
	size                           int16 // font size in pixels, negative: percent of the outer
	display                        display
	fgRank, bgRank, sizeRank, rank rank // rank is that of display
	faded                          bool // opacity is nearly zero
	flat, cut                      bool // hardly any height; what does not fit is cut
}

// rank tells how a property came to be, higher is stronger.
type rank uint8

const (
	unset rank = iota
	inherited
	explicit
)

type display uint8

const (
	displayInline display = iota
	displayBlock
	displayRow
	displayNone
)

func (d display) String() string {
	return [...]string{"inline", "block", "table-row", "none"}[d]
}

// tinyFont is the largest font size in pixels that nobody can read.
const tinyFont = 2

// defaultFontSize is the base of a relative size where no size is known.
const defaultFontSize = 10

// fill takes from o what s does not have itself.
func (s *style) fill(o *style) {
	if s.fgRank < explicit && o.fgRank > unset {
		s.fg, s.fgRank = o.fg, o.fgRank
	}
	if s.bgRank < explicit && o.bgRank > unset {
		s.bg, s.bgRank = o.bg, o.bgRank
	}
	if s.sizeRank < explicit && o.sizeRank > unset {
		s.size, s.sizeRank = o.size, o.sizeRank
	}
	if s.rank < explicit && o.rank > unset {
		s.display, s.rank = o.display, o.rank
	}
	s.faded = s.faded || o.faded
	s.flat, s.cut = s.flat || o.flat, s.cut || o.cut
}

// inherit takes over what an element has from the one around it.
func (s *style) inherit(o *style) {
	if s.fgRank == unset && o.fgRank > unset {
		s.fg, s.fgRank = o.fg, inherited
	}
	if s.bgRank == unset && o.bgRank > unset {
		s.bg, s.bgRank = o.bg, inherited
	}
	if s.sizeRank == unset {
		if o.sizeRank > unset {
			s.size, s.sizeRank = o.size, inherited
		}
		return
	}
	if s.size < 0 {
		of := float64(defaultFontSize)
		if o.sizeRank > unset && o.size >= 0 {
			of = float64(o.size)
		}
		s.size = int16(of * float64(-s.size) / 100)
	}
}

// ownStyle gathers the style of an element itself: attributes, then the style
// attribute, then the sheets by id, class, name and for all.
func (t *htmlTree) ownStyle(b *Block) style {
	var s style
	var id, class string
	for i := range b.Attrs {
		switch a := &b.Attrs[i]; a.Name {
		case "style":
			s.declare(a.Value)
		case "color":
			if c, ok := parseColor(lowerASCII(a.Value)); ok {
				s.fg, s.fgRank = c, explicit
			}
		case "bgcolor":
			if c, ok := parseColor(lowerASCII(a.Value)); ok {
				s.bg, s.bgRank = c, explicit
			}
		case "hidden":
			s.display, s.rank = displayNone, explicit
		case "id":
			id = a.Value
		case "class":
			class = a.Value
		}
	}
	t.sheet.apply(&s, b.Tag, id, class)
	return s
}

// cascade computes the styles from the root down. It is recursive over the
// nesting, which the limit of tags bounds.
func (t *htmlTree) cascade(b *Block) {
	s := &b.style
	if s.rank < explicit {
		switch {
		case b.flags&tagHead != 0:
			s.display, s.rank = displayNone, explicit
		case b.flags&tagBlock != 0:
			s.display = displayBlock
		case b.flags&tagRow != 0:
			s.display = displayRow
		default:
			s.display = displayInline
		}
	}
	b.Display = s.display.String()
	b.Color, b.Background = s.fg, s.bg
	b.Color.Set, b.Background.Set = s.fgRank > unset, s.bgRank > unset
	if s.sizeRank > unset {
		b.FontSize = int(s.size)
	}
	b.Visible, b.Transparent = s.seen()
	b.Transparent = b.Transparent && !b.Hidden
	gone := b.Hidden || s.display == displayNone || s.faded || s.flat && s.cut
	b.Hidden = gone || !b.Visible && !b.Transparent
	for n := b.first; n != nil; n = n.next {
		c := n.block
		if c == nil {
			continue
		}
		if c.flags&tagEmpty == 0 {
			c.style = t.ownStyle(c)
		}
		c.style.inherit(s)
		c.Hidden = gone
		t.cascade(c)
	}
}

// seen tells whether text in this style can be seen, and whether it is its
// colour that hides it.
func (s *style) seen() (visible, transparent bool) {
	white := Color{255, 255, 255, 255, true}
	black := Color{0, 0, 0, 255, true}
	switch {
	case s.display == displayNone, s.faded:
		return false, false
	case s.sizeRank > unset && s.size <= tinyFont, s.flat && s.cut:
		return false, false
	case s.fgRank > unset && s.fg.A < 10:
		return false, true
	case s.fgRank > unset && s.bgRank > unset:
		transparent = s.bg.A > 10 && similar(s.fg, s.bg)
	case s.fgRank > unset:
		transparent = similar(s.fg, white)
	case s.bgRank > unset:
		transparent = s.bg.A > 10 && similar(black, s.bg)
	}
	return !transparent, transparent
}

// similar tells whether two colours look alike: their distance in the
// weighted RGB space of Rspamd 4.1.6 is below a tenth.
func similar(a, b Color) bool {
	dr, dg, db := float64(a.R)-float64(b.R), float64(a.G)-float64(b.G), float64(a.B)-float64(b.B)
	mean := (float64(a.R) + float64(b.R)) / 2
	dr, dg, db = dr*dr, dg*dg, db*db
	return math.Sqrt(2*dr+4*dg+3*db+mean*(dr-db)/256)/256 < 0.1
}

// declare reads the declarations of a style attribute or of a rule. A later
// one replaces an earlier one.
func (s *style) declare(text string) {
	text = lowerASCII(text)
	for text != "" {
		var d string
		d, text = cutDeclaration(text)
		name, value, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		switch name {
		case "color", "font-color":
			if c, ok := lastColor(value); ok {
				s.fg, s.fgRank = c, explicit
			}
		case "background-color", "background":
			if c, ok := lastColor(value); ok {
				s.bg, s.bgRank = c, explicit
			}
		case "font-size":
			if n, ok := parseLength(strings.TrimSpace(value)); ok {
				s.size, s.sizeRank = n, explicit
			}
		case "font":
			s.font(value)
		case "display", "visibility":
			if v, ok := parseDisplay(value); ok {
				s.display, s.rank = v, explicit
			}
		case "opacity":
			s.faded = faded(value)
		case "height", "max-height":
			n, ok := parseLength(strings.TrimSpace(value))
			s.flat = ok && (n == 0 || n == 1)
		case "overflow":
			s.cut = strings.HasPrefix(strings.TrimSpace(value), "hidden")
		}
	}
}

// maxParen is how far a parenthesis may reach and still hide semicolons.
const maxParen = 256

// cutDeclaration cuts text at the first semicolon outside of quotes and
// parentheses.
func cutDeclaration(text string) (d, rest string) {
	paren, opened := 0, 0
	for i := 0; i < len(text); i++ {
		if paren > 0 && i-opened > maxParen {
			break
		}
		switch c := text[i]; c {
		case ';':
			if paren == 0 {
				return text[:i], text[i+1:]
			}
		case '(':
			if paren++; paren == 1 {
				opened = i
				if strings.IndexByte(text[i:min(i+maxParen+1, len(text))], ')') < 0 {
					return cutFirst(text)
				}
			}
		case ')':
			paren = max(paren-1, 0)
		case '"', '\'':
			j := strings.IndexByte(text[i+1:], c)
			if j < 0 {
				return text, ""
			}
			i += j + 1
		}
	}
	if paren > 0 {
		return cutFirst(text)
	}
	return text, ""
}

// cutFirst cuts at the first semicolon of all: an unclosed parenthesis hides
// nothing.
func cutFirst(text string) (d, rest string) {
	d, rest, _ = strings.Cut(text, ";")
	return d, rest
}

func (s *style) font(value string) {
	for _, w := range strings.Fields(value) {
		w, line, _ := strings.Cut(w, "/")
		if n, ok := parseLength(w); ok && s.sizeRank < explicit {
			if height, ok := parseLength(line); ok && height == 0 {
				n = 0 // nothing of a line without height is seen
			}
			s.size, s.sizeRank = n, explicit
		} else if c, ok := parseColor(w); ok && s.fgRank < explicit {
			s.fg, s.fgRank = c, explicit
		}
	}
}

func parseDisplay(value string) (d display, ok bool) {
	for _, w := range strings.Fields(value) {
		w, _, _ = strings.Cut(w, "!")
		switch w {
		case "none", "hidden":
			d, ok = displayNone, true
		case "block", "flex", "grid", "list-item", "table":
			d, ok = displayBlock, true
		case "inline", "content", "inline-block", "inline-flex", "inline-grid", "inline-table", "run-in", "initial":
			d, ok = displayInline, true
		case "table-caption", "table-column-group", "table-header-group", "table-footer-group", "table-row-group",
			"table-cell", "table-column", "table-row":
			d, ok = displayRow, true
		}
	}
	return d, ok
}

func faded(value string) bool {
	n, unit, ok := cutNumber(strings.TrimSpace(value))
	if strings.HasPrefix(unit, "%") {
		n /= 100
	}
	return ok && n < 0.05
}

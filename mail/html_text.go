package mail

import (
	"bytes"
	"html"
	"strings"
)

// A renderer writes the text of a document as Rspamd 4.1.6 does: runs of
// white space become one blank, blocks begin and end a line, table cells are
// set apart by a blank, <br> and <hr> make a line end, and images leave their
// alternative text.
type renderer struct {
	h       *HTML
	src     string
	visible []byte
	hidden  []byte
}

func (r *renderer) document(root *Block) {
	r.visible = make([]byte, 0, min(len(r.src), len(r.src)/4+256))
	r.block(root)
	out := r.visible
	if n := len(out); n > 0 && spaceByte(out[n-1]) {
		end := bytes.TrimRight(out, " \t\r\n\v\f")
		if out[n-1] == '\n' {
			end = append(end, '\n')
		}
		out = end
	}
	r.h.Visible, r.h.Invisible = string(out), string(r.hidden)
	r.slice()
}

// slice hands every block its text once the buffers stand.
func (r *renderer) slice() {
	for _, b := range r.h.Blocks {
		s := r.h.Visible
		if b.textHidden {
			s = r.h.Invisible
		}
		from, to := min(b.textFrom, len(s)), min(b.textTo, len(s))
		b.Text = s[from:to]
		if b.link != nil && b.Tag == "a" && !b.textHidden {
			b.link.Text = b.Text
		}
	}
}

// block writes one element. It is recursive over the nesting, which the
// limit of tags bounds.
func (r *renderer) block(b *Block) {
	b.textHidden = b.Hidden
	b.textFrom, b.textTo = len(r.visible), len(r.visible)
	if b.flags&tagBreak != 0 {
		if !b.Hidden {
			r.visible = append(r.visible, '\n')
		}
		return
	}
	if b.flags&(tagHead|tagIgnored) != 0 {
		return
	}
	if b.Hidden {
		b.textFrom = len(r.hidden)
		r.children(b)
		b.textTo = len(r.hidden)
		return
	}
	hiddenFrom := len(r.hidden)
	margin := byte(0)
	if b.Visible {
		switch b.style.display {
		case displayBlock:
			margin = '\n'
		case displayRow:
			margin = ' '
		}
	}
	r.margin(margin, b.textFrom)
	r.children(b)
	r.margin(margin, b.textFrom)
	if b.Tag == "img" {
		r.alt(b)
	}
	b.textTo = len(r.visible)
	if b.Transparent && b.Leaf() {
		b.textHidden, b.textFrom, b.textTo = true, hiddenFrom, len(r.hidden)
	}
}

func (r *renderer) children(b *Block) {
	for n := b.first; n != nil; n = n.next {
		switch {
		case n.block != nil:
			r.block(n.block)
		case b.Hidden:
			r.hidden = appendText(r.hidden, r.src[n.from:n.to], false)
		case b.Transparent:
			r.hidden = appendText(r.hidden, r.src[n.from:n.to], false)
			r.visible = appendText(r.visible, r.src[n.from:n.to], true)
		default:
			r.visible = appendText(r.visible, r.src[n.from:n.to], false)
		}
	}
}

// margin sets what follows apart from what was written, at most once. Blanks
// at the end give way, down to floor, where the element began.
func (r *renderer) margin(c byte, floor int) {
	n := len(r.visible)
	if c == 0 || n == 0 || r.visible[n-1] == c || r.visible[n-1] == '\n' {
		return
	}
	for n > floor && r.visible[n-1] == ' ' {
		n--
	}
	r.visible = append(r.visible[:n], c)
}

func (r *renderer) alt(b *Block) {
	alt, ok := b.Attr("alt")
	if !ok {
		return
	}
	if n := len(r.visible); n > 0 && !spaceByte(r.visible[n-1]) {
		r.visible = append(r.visible, ' ')
	}
	r.visible = append(r.visible, alt...)
	if n := len(r.visible); n > 0 && !spaceByte(r.visible[n-1]) {
		r.visible = append(r.visible, ' ')
	}
}

// appendText appends s to out with white space runs made one blank and
// entities decoded; blank leaves only blanks in its place.
func appendText(out []byte, s string, blank bool) []byte {
	if n := len(out); n > 0 && s != "" && !spaceByte(out[n-1]) && spaceByte(s[0]) {
		out = append(out, ' ')
	}
	from := len(out)
	entity := false
	s = strings.TrimLeft(s, " \t\r\n\v\f")
	for s != "" {
		i := 0
		for i < len(s) && !spaceByte(s[i]) {
			entity = entity || s[i] == '&'
			i++
		}
		out = append(out, s[:i]...)
		if i == len(s) {
			break
		}
		out = append(out, ' ')
		for i < len(s) && spaceByte(s[i]) {
			i++
		}
		s = s[i:]
	}
	if entity {
		u := html.UnescapeString(string(out[from:]))
		out = append(out[:from], u...)
	}
	if blank {
		for i := from; i < len(out); i++ {
			if !spaceByte(out[i]) {
				out[i] = ' '
			}
		}
	}
	return out
}

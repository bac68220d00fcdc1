package mail

import (
	"math"

	"github.com/winnowmail/winnow/internal/steps"
)

// A htmlNode is a piece of content: a run of text or an element.
type htmlNode struct {
	next     *htmlNode
	from, to int32  // of text
	block    *Block // of an element
}

// A htmlTree is the document as it is being read: an element stack in the
// form of parent links.
type htmlTree struct {
	h       *HTML
	root    *Block
	open    *Block // the innermost open element
	state   documentState
	sheet   styleSheet
	blocks  []Block    // chunk to take elements from
	nodes   []htmlNode // chunk to take nodes from
	tags    int
	maxTags int
	exact   bool // as Rspamd reads it
	depth   int  // of markup in attributes and comments
	steps   steps.Budget
}

// documentState is where in the document the reader is.
type documentState uint8

const (
	beforeDocument documentState = iota
	inHead
	inBody
)

// parsePage reads markup. At most maxTags tags are taken as elements; behind them
// only the text counts. With exact, what Rspamd takes for no markup is none.
func parsePage(s string, maxTags int, exact bool) *HTML {
	h := &HTML{tags: map[string]int{}}
	s = s[:min(len(s), math.MaxInt32)] // what places in htmlNode can say
	t := &htmlTree{h: h, maxTags: maxTags, exact: exact, steps: steps.For(len(s))}
	t.root = t.newBlock()
	t.root.Tag, t.root.flags = "html", tagVirtual
	t.open = t.root
	z := htmlScanner{s: s}
	for z.next() {
		t.take(z.i - z.start)
		switch z.kind {
		case tokenText:
			t.text(&z)
		case tokenStart:
			t.startTag(&z)
		case tokenEnd:
			t.endTag(&z)
		case tokenComment:
			t.comment()
			t.conditional(&z)
		}
	}
	for b := t.open; b != nil; b = b.Parent {
		b.Length = len(s) - b.Offset
	}
	t.cascade(t.root)
	r := renderer{h: h, src: s}
	r.document(t.root)
	for _, l := range h.Links {
		t.show(l)
		if l.Block.Hidden && l.URL != nil {
			l.URL.Flags |= URLInvisible
		}
	}
	for _, l := range h.Others {
		if l.Block.Hidden {
			l.URL.Flags |= URLInvisible
		}
	}
	h.steps = t.steps.Taken()
	return h
}

// take counts work beyond one look at the page, and reports whether it may be
// done.
func (t *htmlTree) take(n int) bool {
	ok := t.steps.Take(n)
	t.h.short = t.h.short || !ok
	return ok
}

// comment takes a comment, a declaration or a processing instruction. As in
// Rspamd 4.1.6 the head ends with one.
func (t *htmlTree) comment() {
	switch {
	case t.state == beforeDocument:
		t.state = inBody
	case t.state == inHead && t.open.Tag == "head":
		t.open = t.open.Parent
		t.state = inBody
	case t.state == inHead && t.open.flags&tagHead == 0:
		t.state = inBody
	}
	t.open.Children++
}

func (t *htmlTree) newBlock() *Block {
	if len(t.blocks) == 0 {
		t.blocks = make([]Block, min(64, max(16, t.tags))) // under 32 kB, which Go finds room for quickly
	}
	b := &t.blocks[0]
	t.blocks = t.blocks[1:]
	b.FontSize = -1
	return b
}

func (t *htmlTree) append(parent *Block, n htmlNode) {
	if len(t.nodes) == 0 {
		t.nodes = make([]htmlNode, min(256, max(32, t.tags)))
	}
	p := &t.nodes[0]
	t.nodes = t.nodes[1:]
	*p = n
	if parent.last == nil {
		parent.first = p
	} else {
		parent.last.next = p
	}
	parent.last = p
}

func (t *htmlTree) text(z *htmlScanner) {
	if t.open.flags&tagRaw != 0 {
		switch t.open.Tag {
		case "style":
			t.sheet.parse(z.s[z.start:z.i])
			t.css(t.open, z.s[z.start:z.i])
		case "script":
			t.script(t.open, z.s[z.start:z.i])
		}
		return
	}
	if last := t.open.last; last != nil && last.block == nil && int(last.to) == z.start {
		last.to = int32(z.i)
		return
	}
	t.append(t.open, htmlNode{from: int32(z.start), to: int32(z.i)})
}

func (t *htmlTree) startTag(z *htmlScanner) {
	if z.name == "noscript" && !t.exact {
		z.flags &^= tagRaw // what shows mail runs no scripts
	}
	if t.tags >= t.maxTags {
		t.h.Cut = true
		if z.flags&tagRaw != 0 {
			z.rawUntil = z.name
		}
		return
	}
	t.tags++
	t.h.tags[z.name]++
	b := t.newBlock()
	b.Tag, b.flags, b.Attrs = z.name, z.flags, z.attrs
	b.Offset, b.Length = z.start, z.i-z.start
	t.place(b)
	b.Parent, b.inLink = t.open, t.open.inLink || t.open.Tag == "a"
	t.open.Children++
	t.append(t.open, htmlNode{block: b})
	t.h.Blocks = append(t.h.Blocks, b)
	t.facts(b)
	if z.slash || b.flags&tagEmpty != 0 {
		return
	}
	t.open = b
	if b.flags&tagRaw != 0 {
		z.rawUntil = b.Tag
	}
}

// place follows the document from its beginning through the head into the
// body: what is not for a head ends it.
func (t *htmlTree) place(b *Block) {
	switch t.state {
	case beforeDocument:
		if b.Tag == "head" || b.flags&tagHead != 0 {
			t.state = inHead
			b.flags |= tagIgnored
		} else if b.Tag != "html" {
			t.state = inBody
		}
	case inHead:
		if b.flags&(tagEmpty|tagHead) != 0 {
			return
		}
		switch p := t.open; {
		case p.Tag == "head" || p.flags&tagHead == 0 && p.Tag != "html":
			p.Length = b.Offset - p.Offset
			t.open = p.Parent
			t.state = inBody
		case b.Tag == "body" || p.Tag == "html":
			t.state = inBody
		default:
			b.flags |= tagHead // an element inside of a title
		}
	}
}

// endTag closes the innermost open element of that name and those inside of
// it; without one the tag is dropped.
func (t *htmlTree) endTag(z *htmlScanner) {
	if t.state == inHead && z.name == "head" {
		t.state = inBody
	}
	depth := 0
	for b := t.open; b != nil && b != t.root; b = b.Parent {
		if b.Tag == z.name {
			for t.open != b {
				t.open.Length = z.start - t.open.Offset
				t.open = t.open.Parent
			}
			b.Length = z.i - b.Offset
			t.open = b.Parent
			return
		}
		// Deep nesting with foreign end tags must not cost its square.
		depth++
		if depth > maxEndTagDepth || depth == someEndTagDepth && t.h.tags[z.name] == 0 || !t.take(1) {
			break
		}
	}
	if z.name == "p" || z.flags&tagBreak != 0 {
		return
	}
	t.open.Children++
}

const (
	maxEndTagDepth  = 256 // how far out an end tag looks for its beginning
	someEndTagDepth = 8   // after so far it looks whether it has one at all
)

// facts notes what an element says beside its text.
func (t *htmlTree) facts(b *Block) {
	switch b.Tag {
	case "base":
		t.base(b)
	case "form":
		t.h.Forms++
	case "img":
		t.image(b)
	case "link":
		if rel, _ := b.Attr("rel"); rel == "icon" {
			t.image(b)
		}
	case "meta":
		if len(t.h.Meta) < maxAttrs {
			m := make(map[string]string, len(b.Attrs))
			for _, a := range b.Attrs {
				m[a.Name] = a.Value
			}
			t.h.Meta = append(t.h.Meta, m)
		}
	}
	if b.flags&tagHref != 0 && (t.state == inBody || b.Tag == "link") {
		t.target(b)
	}
	t.others(b)
}

package mail

// HTML is what one pass over an HTML part found. The tokenizer is tolerant;
// nothing in it fails.
type HTML struct {
	Blocks []*Block // elements in document order
	Images []*Image
	Links  []*Link
	Forms  int
	// Visible and Invisible are the text by computed visibility (display,
	// visibility, opacity, colour on like colour, zero font).
	Visible, Invisible string
	Meta               []map[string]string // attributes of <meta> elements
	tags               map[string]int
}

// HasTag reports whether an element of that (lower-case) name occurs.
func (h *HTML) HasTag(name string) bool { return h.tags[name] > 0 }

// A Block is one element with its computed style.
type Block struct {
	Tag      string
	Attrs    map[string]string
	Parent   *Block
	Children int    // element children
	Text     string // text directly and indirectly inside
	// Offset and Length are the byte range of the element in Text.UTF8.
	Offset, Length int

	Color, Background Color
	FontSize          int // pixels, -1 unknown
	Display           string
	Visible           bool // false: display none, visibility hidden
	Transparent       bool // text colour like its background, or no alpha
}

// A Color is an sRGB colour with alpha; Set is false where none is known.
type Color struct {
	R, G, B, A uint8
	Set        bool
}

// An Image is an <img> or background image.
type Image struct {
	Src           string
	Width, Height int
	Embedded      bool // cid: or data:
	Data          bool // data: URI
	Block         *Block
	InLink        bool // has an <a> ancestor
	URL           *URL // nil for embedded images
}

// A Link is an <a>, <area>, <form action> … with its target and shown text.
type Link struct {
	Tag   string
	Href  string // as written, entities decoded
	Text  string // visible text
	URL   *URL   // parsed target, nil when it is not a URL
	Shown *URL   // URL that the text itself shows, nil if none
	Block *Block
}

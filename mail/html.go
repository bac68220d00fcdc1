package mail

// HTML is what one pass over an HTML part found. The reader is tolerant;
// nothing in it fails.
type HTML struct {
	Blocks []*Block // elements in document order
	Images []*Image
	Links  []*Link // every element with a target as Rspamd has it: href or action of a, area, form, link …
	// Others are the absolute URLs that elements name otherwise, with Text
	// empty: frames, embedded objects, formaction, refreshes, and with
	// URLLoaded what is shown or played: srcset, poster, background, pictures
	// of SVG and of styles. At most as many as tags are looked at.
	Others []*Link
	Forms  int
	// Visible is the text a reader sees; text in a colour like its background
	// stands there as blanks. Invisible is the text that display, visibility or
	// a zero font hides, and the text in a colour like its background.
	Visible, Invisible string
	Meta               []map[string]string // attributes of <meta> elements
	Base               *URL                // of <base href>, nil if there is none
	DataURLs           bool                // an image is a data: URL
	Cut                bool                // there were more tags than the limit
	short              bool                // links or end tags were not followed, for the work they ask for
	steps              int                 // that reading it took
	tags               map[string]int
}

// HasTag reports whether an element of that (lower-case) name occurs.
func (h *HTML) HasTag(name string) bool { return h.tags[name] > 0 }

// An Attr is one attribute: name in lower case, value with entities decoded.
type Attr struct{ Name, Value string }

// A Block is one element with its computed style.
type Block struct {
	Tag    string
	Attrs  []Attr
	Parent *Block
	// Children counts what the element holds beside text: elements and
	// comments.
	Children int
	Text     string // text directly and indirectly inside, as rendered
	// Offset and Length are the byte range of the element in Text.UTF8.
	Offset, Length int

	Color, Background Color
	FontSize          int    // pixels, -1 unknown
	Display           string // "inline", "block", "table-row" or "none"
	// Visible is false for an element with display none, visibility hidden,
	// zero font size, or transparent text, by its own style; Hidden tells
	// that it or an element around it is not displayed at all.
	Visible, Hidden bool
	Transparent     bool // text colour like its background, or no alpha

	flags       tagFlags
	first, last *htmlNode
	style       style
	link        *Link
	image       *Image

	inLink           bool // it has an <a> ancestor
	textFrom, textTo int  // in the text it belongs to
	textHidden       bool // that is the invisible one
}

// Leaf reports whether the element holds nothing but text.
func (b *Block) Leaf() bool { return b.Children == 0 }

// Attr returns the value of an attribute, the first if it is repeated.
func (b *Block) Attr(name string) (value string, ok bool) {
	for i := range b.Attrs {
		if b.Attrs[i].Name == name {
			return b.Attrs[i].Value, true
		}
	}
	return "", false
}

// Within reports whether an element of that name encloses the block.
func (b *Block) Within(tag string) bool {
	for p := b.Parent; p != nil; p = p.Parent {
		if p.Tag == tag {
			return true
		}
	}
	return false
}

// Link returns the link that the element is, nil if it is none.
func (b *Block) Link() *Link { return b.link }

// A Color is an sRGB colour with alpha; Set is false where none is known.
type Color struct {
	R, G, B, A uint8
	Set        bool
}

// An Image is an <img>, or a <link rel=icon>.
type Image struct {
	Src           string // without "cid:"
	Width, Height int    // pixels; of embedded images those of the data where no attribute tells
	Embedded      bool   // cid: or data:
	Data          bool   // data: URI
	Block         *Block
	InLink        bool // has an <a> ancestor
	URL           *URL // nil for embedded images
}

// A Link is an element with a target.
type Link struct {
	Tag   string
	Href  string // as written, entities decoded
	Text  string // visible text of an <a>
	URL   *URL   // parsed target, nil when it is not a URL
	Shown *URL   // URL that the text of an <a> shows at its beginning, nil if none
	Block *Block
	// Phished tells that the text shows a host other than the target's.
	Phished bool
}

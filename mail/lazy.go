package mail

import "sync"

// lazy holds what is computed on first use, each group with its own once, so
// that one view never waits for another.
type lazy struct {
	head    Header
	body    int  // where the body begins in raw
	bad     bool // broken header lines
	guessed int  // fields whose charset may have to be guessed, as they are read
	mime    lazyMIME
	notes   notes

	lazyAddress
	lazyReceived
	lazyURL
}

// lazyMIME is the part tree.
type lazyMIME struct {
	once  sync.Once
	parts []*Part
	bad   bool
	// outside holds what stands outside of all parts, as parts that are not in
	// the tree.
	outside []*Part

	textOnce sync.Once
	texts    []*Text
	all      []*Text // texts and those of outside
}

// partLazy is what a part keeps for itself and computes on first use.
type partLazy struct {
	body      []byte // as received
	from      int    // its place in the buffer it was found in
	preamble  int    // one more than where a multipart's first boundary line begins there, 0: none
	epilogue  int    // what follows the line that ends it, 0: none
	effective string // the encoding it is decoded with
	allowed   int64  // decoded bytes it may make
	text      *Text  // set for text parts
	carried   []*Part
	unpacked  bool // carried by its Parent

	contentOnce  sync.Once
	content      []byte
	detectedOnce sync.Once
	media, ext   string
	archiveOnce  sync.Once
	archive      *Archive
	digestOnce   sync.Once
	digest       [32]byte
}

// textLazy is what a text computes on first use.
type textLazy struct {
	decodeOnce sync.Once
	utf8       string
	charset    string
	guessed    bool
	lines      int
	verbatim   bool // utf8 is the content byte by byte
	bytewise   bool // one byte of content for each character

	lazyHTML
	lazyWords
}

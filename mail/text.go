package mail

// A Text is a text part decoded to valid UTF-8.
type Text struct {
	Part   *Part
	IsHTML bool

	textLazy
}

// A Word is one word of a text.
type Word struct {
	Text       string // normalised
	Start, End int    // byte range in Plain
}

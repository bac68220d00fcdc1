package mail

// A Text is a text part decoded to valid UTF-8.
type Text struct {
	Part   *Part
	IsHTML bool

	textLazy
}

// Plain returns the text a reader sees: of HTML parts the visible text in
// Rspamd's white space conventions, else UTF8.
func (t *Text) Plain() string { panic("todo") }

// HTML returns the HTML view, nil for parts that are not HTML.
func (t *Text) HTML() *HTML { panic("todo") }

// Words returns the words of Plain: Unicode segmentation, lower-cased and
// NFKC-normalised.
func (t *Text) Words() []Word { panic("todo") }

// Language returns the guessed language (ISO 639-1) and a confidence in
// [0,1]; "" for short or mixed texts.
func (t *Text) Language() (lang string, confidence float64) { panic("todo") }

// Scripts counts the letters of the text by Unicode script name.
func (t *Text) Scripts() map[string]int { panic("todo") }

// A Word is one word of a text.
type Word struct {
	Text       string // normalised
	Start, End int    // byte range in Plain
}

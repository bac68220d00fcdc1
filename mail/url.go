package mail

// A URL is one URL or e-mail address found in a message, normalised.
type URL struct {
	Raw      string // as found
	Text     string // normalised: scheme added, host lower case and IDNA ASCII, escapes cleaned
	Scheme   string // "http", "mailto" …, lower case
	User     string // user info without password; local part of mailto
	Password string
	Host     string // lower case ASCII; IP forms canonical
	Unicode  string // the host in Unicode
	TLD      string // registrable domain (eSLD), the host itself where there is none
	Port     int    // 0: default
	Path     string // without leading slash
	Query    string
	Fragment string
	Flags    URLFlags
	Count    int // how often it occurred
	InQuery  int // URLs in the query
	Masked   int // how often it stands masked in a text, see URLMasked

	Source URLSource
	Part   *Part // nil for headers
	// Offset and Length are the place in Text.UTF8 of the part or in the
	// header field's raw bytes, Length 0 if unknown.
	Offset, Length int
	// Phished is the URL that the link text shows instead of this target.
	Phished *URL

	noSuffix bool // no listed public suffix, no IP address
}

// URLFlags are facts about how a URL was written.
type URLFlags uint32

// The flags, named as in Rspamd.
const (
	URLNumeric       URLFlags = 1 << iota // host is an IP address
	URLObscured                           // user info tricks, escapes in host, backslashes …
	URLSchemeless                         // no scheme in the text
	URLUnicode                            // non-ASCII host
	URLNoTLD                              // host without known public suffix
	URLZeroWidth                          // zero-width characters inside
	URLHTMLDisplayed                      // seen as text of a link
	URLFromText                           // seen in text rather than in an attribute
	URLSubject                            // seen in the subject
	URLPhished                            // its link shows another host
	URLImage                              // from an image
	URLQuery                              // from the query of another URL
	URLHasPort
	URLHasUser
	URLMissingSlashes
	URLBackslash // a backslash stood for a slash
	URLInvisible // in invisible text
	URLSpecial   // target of an element other than <a>
	URLShows     // its link shows a URL
	URLContent   // from a document, not from the text of the message
	URLMasked    // in text, written so that programs pass over it: hxxp, example[.]org
	URLLoaded    // shown or played rather than gone to, by another element than <img>
	URLOutside   // outside of all parts: in a preamble, an epilogue, a multipart without parts
)

// URLSource says where a URL was found.
type URLSource uint8

// The sources.
const (
	SourceText URLSource = iota
	SourceHTML
	SourceSubject
	SourceContent // a document in a part, such as a PDF file
)

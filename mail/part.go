package mail

// A Part is one node of the MIME tree: a leaf, a multipart or a message.
type Part struct {
	Parent   *Part
	Children []*Part
	// Path numbers the part from the root: "1", "1.2", "1.2.1". The root is
	// "1", a multipart's first child "1.1", a message/rfc822's root likewise.
	Path   string
	Index  int // position in Message.Parts
	Header *Header
	Type   ContentType // RFC 2045 default (text/plain) filled in when Type.Absent
	// Encoding is the declared Content-Transfer-Encoding, lower case, without
	// parameters; "" when absent.
	Encoding    string
	Disposition Disposition
	ContentID   string // without brackets
	// BodyOffset and BodyLength are the range of the undecoded body.
	BodyOffset, BodyLength int

	msg *Message
	partLazy
}

// A ContentType is a parsed Content-Type (RFC 2045, 2231 and their broken
// variants).
type ContentType struct {
	Type, Subtype string  // lower case
	Params        []Param // in order, names lower case, RFC 2231 joined and decoded
	Absent        bool    // no Content-Type header
	Broken        bool    // it could not be read
	Charset       string  // the charset parameter, lower case
	Boundary      string
}

// A Param is one parameter of a structured header.
type Param struct{ Name, Value string }

// A Disposition is a parsed Content-Disposition.
type Disposition struct {
	Kind   string // lower case "attachment", "inline" …; "" when absent
	Params []Param
}

// Full returns "type/subtype".
func (c *ContentType) Full() string { return c.Type + "/" + c.Subtype }

// Param returns the named parameter, "" if it is not there.
func (c *ContentType) Param(name string) string { return param(c.Params, name) }

// Is reports whether the type is typ/subtype; "*" stands for any.
func (c *ContentType) Is(typ, subtype string) bool {
	return (typ == "*" || c.Type == typ) && (subtype == "*" || c.Subtype == subtype)
}

func param(ps []Param, name string) string {
	for i := range ps {
		if ps[i].Name == name {
			return ps[i].Value
		}
	}
	return ""
}

// Body returns the part's bytes as received, transfer encoding kept.
func (p *Part) Body() []byte { panic("todo") }

// Content returns the part's bytes with the transfer encoding removed,
// leniently: what can be decoded is. For multiparts and messages it is Body.
func (p *Part) Content() []byte { panic("todo") }

// Filename returns the decoded file name from Content-Disposition or the name
// parameter of Content-Type, "" if there is none.
func (p *Part) Filename() string { panic("todo") }

// Detected returns what the content itself looks like, judged by its first
// bytes (and for ZIP-based documents by the member names): a media type such
// as "application/pdf" and the usual extension ("pdf"); both "" when unknown.
func (p *Part) Detected() (mediaType, ext string) { panic("todo") }

// IsAttachment reports whether the disposition says attachment or a file name
// is given.
func (p *Part) IsAttachment() bool { panic("todo") }

// IsMultipart reports whether the part has type multipart.
func (p *Part) IsMultipart() bool { return p.Type.Type == "multipart" }

// Text returns the text view of a text part, nil for others. What counts as
// text is as in Rspamd: text/*, unless it is an attachment whose content says
// otherwise; untyped parts with readable content.
func (p *Part) Text() *Text { panic("todo") }

// Parts returns all parts, depth first, the root first.
func (m *Message) Parts() []*Part { panic("todo") }

// Root returns the root part; it always exists.
func (m *Message) Root() *Part { return m.Parts()[0] }

// Texts returns the text views of all text parts in order.
func (m *Message) Texts() []*Text { panic("todo") }

// Notes returns what was found broken or was cut so far. Notes of a lazy view
// appear when the view is first used.
func (m *Message) Notes() []Note { panic("todo") }

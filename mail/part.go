package mail

import "crypto/sha256"

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
func (p *Part) Body() []byte { return p.body }

// Content returns the part's bytes with the transfer encoding removed,
// leniently: whatever can be decoded is decoded. For multiparts it returns
// Body.
func (p *Part) Content() []byte {
	if !p.encoded() {
		return p.body
	}
	p.contentOnce.Do(p.decode)
	return p.content
}

// IsMultipart reports whether the part has type multipart.
func (p *Part) IsMultipart() bool { return p.Type.Type == "multipart" }

// Filename returns the decoded file name from Content-Disposition or the name
// parameter of Content-Type, "" if there is none.
func (p *Part) Filename() string {
	if n := param(p.Disposition.Params, "filename"); n != "" {
		return n
	}
	if n := p.Type.Param("name"); n != "" {
		return n
	}
	return p.Type.Param("filename")
}

// IsAttachment reports whether the part is an attachment in Rspamd's sense: its
// disposition says so or is an unknown one, Content-Type alone names a file, or
// a file is named and it is not an embedded image.
func (p *Part) IsAttachment() bool {
	if p.attached() {
		return true
	}
	if p.Filename() == "" || p.Header.Has("Content-ID") {
		return false
	}
	return p.detectedGroup() != "image"
}

// attached reports whether the part's disposition is attachment, given or
// inferred.
func (p *Part) attached() bool {
	name := p.Type.Param("name") != "" || p.Type.Param("filename") != ""
	switch p.Disposition.Kind {
	case "":
		return name
	case "inline":
		return name && param(p.Disposition.Params, "filename") == ""
	}
	return true
}

// Digest returns the SHA-256 of Content.
func (p *Part) Digest() [32]byte {
	p.digestOnce.Do(func() { p.digest = sha256.Sum256(p.Content()) })
	return p.digest
}

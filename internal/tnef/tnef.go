// Package tnef lists the files in TNEF (winmail.dat, [MS-OXTNEF]), the form in which
// Outlook packs attachments and the body of a message into one part. It copies
// nothing that is not compressed, and reads each byte a fixed number of times.
package tnef

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// A Kind says what a file is.
type Kind int

// The kinds of files.
const (
	Attachment Kind = iota
	Text            // the body of the message
	HTML            // the same in HTML
	RTF             // the same in RTF, decompressed
)

// A File is an attachment or a body.
type File struct {
	Kind    Kind
	Name    []byte // of an attachment, in Charset
	Charset string // of Name and of bodies; "" if it is not told
	Content []byte
}

const (
	signature = "\x78\x9f\x3e\x22"
	header    = 6 // the signature and a key
	maxDepth  = 4 // of messages in messages
)

// Attributes: the low half of their identifiers.
const (
	attrAttachStart = 0x9002
	attrTitle       = 0x8010
	attrData        = 0x800f
	attrAttachProps = 0x9005
	attrProps       = 0x9003
	attrBody        = 0x800c
	attrCodepage    = 0x9007
)

// Is reports whether b begins as TNEF does.
func Is(b []byte) bool { return bytes.HasPrefix(b, []byte(signature)) }

// Files returns at most so many files of b. An attachment whose long name differs
// from its short one stands there twice, the second time without content.
func Files(b []byte, most int) []File {
	r := reader{most: most}
	r.stream(b, 0)
	return r.files
}

type reader struct {
	files []File
	most  int
}

func (r *reader) add(f File) {
	if len(r.files) < r.most {
		r.files = append(r.files, f)
	}
}

// An attachment is gathered from several attributes.
type attachment struct {
	title, long, content []byte
	longCharset          string
	nested               []byte
}

// stream reads the attributes of one TNEF stream: level, identifier, length, data and
// a checksum each.
func (r *reader) stream(b []byte, depth int) {
	if !Is(b) || len(b) < header || depth == maxDepth {
		return
	}
	const head, sum = 9, 2
	charset, open := "", false
	var a attachment
	for b = b[header:]; len(b) >= head && len(r.files) < r.most; {
		id, n := binary.LittleEndian.Uint16(b[1:]), int64(binary.LittleEndian.Uint32(b[5:]))
		data := b[head:]
		data = data[:min(int64(len(data)), n)]
		switch id {
		case attrCodepage:
			charset = codepage(data)
		case attrBody:
			r.add(File{Kind: Text, Charset: charset, Content: data})
		case attrProps:
			r.bodies(data, charset)
		case attrAttachStart:
			if open {
				r.attach(a, charset, depth)
			}
			a, open = attachment{}, true
		case attrTitle:
			a.title, open = data, true
		case attrData:
			a.content, open = data, true
		case attrAttachProps:
			a.props(data, charset)
		}
		b = b[min(int64(len(b)), head+n+sum):]
	}
	if open {
		r.attach(a, charset, depth)
	}
}

func codepage(b []byte) string {
	if len(b) < 4 {
		return ""
	}
	switch n := binary.LittleEndian.Uint32(b); n {
	case 0, 1, 20127:
		return ""
	default:
		return "cp" + strconv.FormatUint(uint64(n), 10)
	}
}

// attach adds a finished attachment and what a message in it holds.
func (r *reader) attach(a attachment, charset string, depth int) {
	title := cString(a.title)
	name := File{Name: title, Charset: charset, Content: a.content}
	if len(a.long) > 0 {
		name.Name, name.Charset = a.long, a.longCharset
	}
	r.add(name)
	if len(title) > 0 && len(a.long) > 0 && !bytes.Equal(title, a.long) {
		r.add(File{Name: title, Charset: charset})
	}
	r.stream(a.nested, depth+1)
}

// cString cuts a string at its final NUL.
func cString(b []byte) []byte {
	s, _, _ := bytes.Cut(b, []byte{0})
	return s
}

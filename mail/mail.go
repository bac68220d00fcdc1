// Package mail is one message, parsed once and read by every check.
//
// Parse never fails: whatever is broken becomes a Note on the message and the
// rest is still there. The view is immutable and safe for concurrent use;
// heavy parts of it (text, HTML, URLs, words) are computed on first use, once.
// Every header field and part knows its byte range in the raw message.
//
// Next stop: package checks, which hands a Message to the rules.
package mail

import (
	"slices"
	"time"
)

// A Message is the parsed view of one message and its envelope. Make one with
// Parse. The caller must not change raw afterwards.
type Message struct {
	raw    []byte
	env    Envelope
	limits Limits
	exact  bool
	lazy
}

// Parse makes the view of raw under limits; zero fields of limits mean their
// defaults. It keeps raw.
func Parse(raw []byte, env Envelope, limits Limits) *Message {
	m := &Message{raw: raw, env: env, limits: limits.withDefaults()}
	m.split()
	m.notes.head = slices.Clone(m.notes.list)
	return m
}

// ReadAsRspamd makes what is read later follow Rspamd 4.1.6 where it otherwise
// differs on purpose: URLs of bare hosts are not taken from a plain text beside
// one other part of any type, in HTML only targets, images and text count, masked
// URLs are looked for around what looks like one, and trace headers count by
// their clauses and the protocols that it knows.
// Call it before the message is used.
func (m *Message) ReadAsRspamd() { m.exact = true }

// Raw returns the message as received. It must not be changed.
func (m *Message) Raw() []byte { return m.raw }

// Envelope returns what the SMTP dialogue told. It must not be changed.
func (m *Message) Envelope() *Envelope { return &m.env }

// Limits returns the limits in force, defaults filled in.
func (m *Message) Limits() Limits { return m.limits }

// Limits bounds what one message may cost. A zero field means the default in
// its comment; with a negative one nothing of the kind is looked at. What is
// cut is noted on the message (see Note).
type Limits struct {
	Size         int64 // bytes of the raw message that are parsed; 50 MiB
	HeaderBytes  int   // bytes of one header block; 1 MiB
	Headers      int   // fields of one header block; 10,000
	Parts        int   // MIME parts; 1,000
	Depth        int   // nesting of multipart and message/rfc822; 50
	DecodedBytes int64 // transfer-decoded bytes over all parts; 100 MiB
	TextBytes    int   // bytes of text that are decoded and scanned per part; 2 MiB
	HTMLTags     int   // tags of one HTML part; 8,192 as Rspamd
	URLs         int   // URLs and addresses taken from the body and its documents; 1,024
	Words        int   // words of one text part; 100,000
}

// A NoteKind says in what way something is odd, or that it was cut.
type NoteKind string

// A Note is something that is broken in, or was cut from, a message.
type Note struct {
	Kind   NoteKind
	Part   string // path of the part, "" for the message itself
	Offset int    // into the raw message, -1 where it has no place
	Text   string // what was seen, for people
}

// Kinds of notes.
const (
	NoteBadHeaderLine  NoteKind = "bad header line"      // neither a field nor a continuation
	NoteSpacedName     NoteKind = "blank before colon"   // an obsolete form of a field (RFC 5322 section 4.5)
	NoteNoBody         NoteKind = "no body separator"    // the header ends with the message
	NoteMixedLineEnds  NoteKind = "mixed line ends"      // CRLF and LF in one header
	NoteBareCR         NoteKind = "bare CR"              // CR without LF
	NoteNUL            NoteKind = "NUL byte"             //
	NoteNoEndBoundary  NoteKind = "missing end boundary" // multipart ends with the message
	NoteNoBoundary     NoteKind = "no boundary"          // multipart without boundary parameter or without any part
	NoteBadContentType NoteKind = "bad content type"     //
	NoteBadEncoding    NoteKind = "bad transfer encoding"
	NoteBadCharset     NoteKind = "unknown charset"
	NoteCut            NoteKind = "limit" // Text names the limit
)

// Date returns the parsed Date header. ok is false when there is none or it
// can't be read as an RFC 5322 date, obsolete forms included.
func (m *Message) Date() (t time.Time, ok bool) { return m.date() }

// Body returns what follows the empty line after the header, as received and
// whole, whatever Limits.Size says. It must not be changed.
func (m *Message) Body() []byte { return m.raw[m.body:] }

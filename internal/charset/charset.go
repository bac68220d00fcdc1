// Package charset turns the bytes of a declared, wrongly declared or
// undeclared charset into valid UTF-8. It knows the labels that mail really
// carries beside the registered ones, and decodes UTF-7 and UTF-32 itself.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// A Result tells how bytes were decoded.
type Result struct {
	Text    string // valid UTF-8
	Charset string // canonical lower-case name of what was used
	Guessed bool   // the label was not used: absent, meaningless or wrong
	Unknown bool   // the label was there but nobody knows it
	Broken  bool   // some bytes were not valid in the charset
}

// Decode decodes b under the label, which may be empty. A label that the bytes
// contradict is not believed: what its decoder can't read, or can read and is
// UTF-8 beyond chance, is taken as UTF-8 if it is valid, and otherwise
// guessed, unless the decoder can read most of it and no guess is sure; escape
// sequences of ISO-2022 and HZ in 7-bit text say what it is. Bytes that are not valid in the
// charset become U+FFFD.
func Decode(b []byte, label string) Result { return (*Guesses)(nil).Decode(b, label) }

// Decode decodes as the function does, within the guesses that are left.
func (g *Guesses) Decode(b []byte, label string) Result {
	name := canonical(label)
	if mark := byMark(b); mark != "" && !wide(name) {
		r, _ := decodeAs(b, mark)
		r.Guessed = true
		return r
	}
	switch name {
	case "", "us-ascii", "utf-8":
		return g.decodeUTF8(b, name)
	}
	r, ok := decodeAs(b, name)
	switch {
	case !ok:
		r = g.decodeUTF8(b, "")
		r.Unknown = true
	case contradicted(b, r.Charset, r.Broken):
		r = g.decodeUTF8(b, "") // which reads escape sequences
		if r.Charset == "us-ascii" {
			r.Charset = "utf-8"
		}
		return r
	}
	if ok && damaged(b) {
		return Result{Text: strings.ToValidUTF8(string(b), "\uFFFD"), Charset: "utf-8", Guessed: true, Broken: true}
	}
	if other := meant(b, r.Charset); ok && other != "" {
		broken := r.Broken
		r, _ = decodeAs(b, other)
		r.Guessed, r.Broken = true, r.Broken || broken
		return r
	}
	switch {
	case western(r.Charset) && foreign(b):
		if other, sure := g.guess(b); sure && !other.Broken && !latin(other.Charset) {
			other.Guessed = true
			return other
		}
	case r.Broken && !ascii(b):
		if other, sure := g.guess(b); !other.Broken && (sure || unreadable(r.Text)) {
			other.Guessed, other.Broken = true, true
			return other
		}
	}
	return r
}

// DecodeAs decodes b under a label that is believed: one that Detect gave for b and
// others like it. It guesses nothing.
func DecodeAs(b []byte, label string) Result {
	if r, ok := decodeAs(b, canonical(label)); ok {
		return r
	}
	r, _ := decodeAs(b, fallback)
	return r
}

// decodeAs decodes b by the decoder of a canonical label; ok is false if there
// is none.
func decodeAs(b []byte, name string) (r Result, ok bool) {
	switch {
	case name == "utf-7":
		s, ok := decodeUTF7(b)
		return Result{Text: s, Charset: name, Broken: !ok}, true
	case name == "utf-32" || name == "utf-32le" || name == "utf-32be":
		s, ok := decodeUTF32(b, name)
		return Result{Text: s, Charset: name, Broken: !ok}, true
	case strings.HasPrefix(name, "iso-2022-"):
		s, ok := decodeISO2022(b)
		return Result{Text: s, Charset: name, Broken: !ok}, true
	}
	if name == "utf-16" && byMark(b) == "" && littleEndian(b) {
		name = "utf-16le" // RFC 2781 section 4.3 says that it is not
	}
	enc, name := lookup(name)
	if enc == nil {
		return Result{}, false
	}
	if superset(name) && ascii(b) {
		if escaped := escapedAs(b); escaped != "" {
			r, _ := decodeAs(b, escaped)
			r.Guessed = true
			return r, true
		}
		return Result{Text: string(b), Charset: name}, true
	}
	return decodeWith(b, enc, name), true
}

// Known reports whether the label names a charset that can be decoded.
func Known(label string) bool {
	switch name := canonical(label); name {
	case "":
		return false
	case "us-ascii", "utf-8", "utf-7", "utf-32", "utf-32le", "utf-32be", "iso-2022-jp", "iso-2022-kr", "iso-2022-cn":
		return true
	default:
		enc, _ := lookup(name)
		return enc != nil
	}
}

// decodeUTF8 takes b as UTF-8 if it is valid, otherwise guesses. Declared
// UTF-8 with few bad bytes stays UTF-8 with replacements.
func (g *Guesses) decodeUTF8(b []byte, name string) Result {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if ascii(b) {
		if escaped := escapedAs(b); escaped != "" {
			r, _ := decodeAs(b, escaped)
			r.Guessed = true
			return r
		}
		if name == "" {
			return Result{Text: string(b), Charset: "us-ascii", Guessed: true}
		}
		return Result{Text: string(b), Charset: name}
	}
	if utf8.Valid(b) {
		return Result{Text: string(b), Charset: "utf-8", Guessed: name != "utf-8"}
	}
	if name == "utf-8" && mostlyUTF8(b) || damaged(b) {
		return Result{Text: strings.ToValidUTF8(string(b), "\uFFFD"), Charset: "utf-8", Guessed: name != "utf-8", Broken: true}
	}
	r, _ := g.guess(b)
	r.Guessed, r.Broken = true, r.Broken || name != ""
	return r
}

// guess decodes b, which is not valid UTF-8, by the likeliest charset.
func (g *Guesses) guess(b []byte) (_ Result, sure bool) {
	name, confidence := g.detect(b)
	enc, name := lookup(name)
	return decodeWith(b, enc, name), confidence >= sureFrom
}

func decodeWith(b []byte, enc encoding.Encoding, name string) Result {
	if name == "koi8-r" && ukrainian(b) {
		enc, name = charmap.KOI8U, "koi8-u"
	}
	out, err := enc.NewDecoder().Bytes(b)
	s := string(out)
	r := Result{Charset: name, Broken: err != nil}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	r.Broken = r.Broken || strings.Contains(s, "\uFFFD")
	r.Text = s
	return r
}

// ukrainian reports whether what calls itself KOI8-R is KOI8-U (RFC 2319), which has
// letters in place of lines of boxes: they stand beside other letters, and nothing
// else is drawn.
func ukrainian(b []byte) bool {
	found := false
	for i, c := range b {
		switch c {
		case 0xa4, 0xa6, 0xa7, 0xad, 0xb4, 0xb6, 0xb7, 0xbd:
			found = found || i > 0 && b[i-1] >= 0xc0 || i+1 < len(b) && b[i+1] >= 0xc0
		default:
			if c >= 0x80 && c < 0x9a {
				return false
			}
		}
	}
	return found
}

// mostlyUTF8 reports whether enough of the non-ASCII sequences are valid UTF-8
// to call it a damaged UTF-8 text: in other charsets they hardly ever are, and then
// the text is usual in one of them.
func mostlyUTF8(b []byte) bool {
	pairs, longer, bad := sequences(b)
	good := 2*pairs + 4*longer // of two bytes some are by chance
	if good < bad || good == 0 {
		return false
	}
	return good >= 4*bad || fitting(sampleOf(b)) == "" && !isHangul(b) && !isThai(sampleOf(b))
}

// lookup finds the decoder of a canonical label.
func lookup(name string) (encoding.Encoding, string) {
	switch name {
	case "":
		return nil, ""
	case "viscii":
		return visciiEncoding{}, name
	case "iso-8859-1":
		// What calls itself Latin-1 is nearly always its Windows superset.
		return charmap.Windows1252, "iso-8859-1"
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), name
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		if n, err := htmlindex.Name(enc); err == nil && !strings.HasPrefix(name, "iso-8859-") {
			name = n
		}
		return enc, name
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil && enc != encoding.Replacement {
		return enc, name
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil && enc != nil && enc != encoding.Replacement {
		return enc, name
	}
	return nil, ""
}

// superset reports whether ASCII bytes mean ASCII in the charset.
func superset(name string) bool {
	return !wide(name) && !sevenBit(name) && !strings.HasPrefix(name, "ibm037") && name != "ibm1047"
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

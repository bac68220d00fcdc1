package mail

import (
	"bytes"
	"strings"

	"github.com/winnowmail/winnow/internal/steps"
	"github.com/winnowmail/winnow/internal/transfer"
)

// EffectiveEncoding returns the transfer encoding that the part is decoded
// with: "7bit", "8bit", "quoted-printable", "base64", "uuencode", or "" for
// parts that declare none or an unknown one. As in Rspamd, for parts that
// declare none or an unknown one an encoding that needs decoding is guessed
// from the content, unless the parent declares one; and where 8-bit content
// contradicts the declaration the encoding is "8bit".
func (p *Part) EffectiveEncoding() string { return p.effective }

func (p *Part) encoded() bool {
	switch p.effective {
	case "base64", "quoted-printable", "uuencode":
		return !p.IsMultipart()
	}
	return false
}

func knownEncoding(name string) string {
	switch name {
	case "7bit", "8bit", "quoted-printable", "base64":
		return name
	case "binary":
		return "8bit"
	case "base-64":
		return "base64"
	case "uuencode", "x-uuencode", "x-uue":
		return "uuencode"
	}
	return ""
}

func (p *Part) chooseEncoding() {
	p.effective = knownEncoding(p.Encoding)
	if !p.msg.exact {
		p.mendEncoding()
	}
	if p.IsMultipart() || p.Type.Type == "message" {
		return
	}
	switch {
	case p.Encoding == "" && p.Header.Has("Content-Transfer-Encoding"):
		return // named, but empty: nothing to guess
	case p.Encoding == "" && p.Parent != nil && p.Parent.effective != "":
		p.effective = p.Parent.effective
		if p.encoded() {
			p.effective = guessEncoding(p.body)
		}
	case p.effective == "":
		if p.effective = guessEncoding(p.body); !p.encoded() {
			p.effective = ""
		}
	case p.effective == "base64" || p.effective == "quoted-printable":
		if guessEncoding(p.body) == "8bit" {
			p.effective = "8bit"
			p.msg.note(NoteBadEncoding, p.Path, p.BodyOffset, p.Encoding+" with 8-bit content")
		}
	}
}

// mendEncoding takes what was meant where the header names several encodings, in
// several fields or in one, or one by another name. Programs differ in which of
// several they take; the one that the content is in counts. Rspamd 4.1.6 takes the
// first field and knows no other names.
func (p *Part) mendEncoding() {
	fields := p.Header.All("Content-Transfer-Encoding")
	if len(fields) == 0 || len(fields) == 1 && (p.Encoding == "" || p.effective != "") {
		return
	}
	in := ""
	switch {
	case looksBase64(p.body):
		in = "base64"
	case looksQuoted(p.body):
		in = "quoted-printable"
	}
	for _, f := range fields {
		for word := range strings.FieldsFuncSeq(cleanEncoding(f.Value()), isEncodingGap) {
			switch name := otherEncoding(word); {
			case name == "":
			case p.effective == "", name == in:
				p.effective = name
			}
		}
	}
}

func isEncodingGap(r rune) bool { return r == ' ' || r == '\t' || r == ',' }

// otherEncoding is knownEncoding that knows usual mistakes too.
func otherEncoding(word string) string {
	switch word = strings.TrimPrefix(strings.Trim(word, "\"'"), "x-"); word {
	case "b64", "base_64":
		return "base64"
	case "qp", "quoted_printable", "quotedprintable", "quoted-print":
		return "quoted-printable"
	}
	return knownEncoding(word)
}

// looksBase64 reports whether a body begins with lines of nothing but base64, or is
// one short line of it.
func looksBase64(b []byte) bool {
	const look, least = 1 << 10, 16
	b = bytes.TrimSpace(b[:min(len(b), look)])
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	line = bytes.TrimRight(line, "\r \t")
	if len(line) < least || len(rest) == 0 && len(line)%4 != 0 && len(line) < 4*least {
		return false
	}
	c := countSample(bytes.TrimRight(line, "="))
	return c.base64 && c.upper > 1 && c.lower > 1
}

// looksQuoted reports whether a body begins with escapes of quoted-printable.
func looksQuoted(b []byte) bool {
	const look = 4 << 10
	c := countSample(b[:min(len(b), look)])
	return c.escapes > 0 && c.eightBit == 0 && 2*c.escapes >= c.equals
}

// encodingSample is how many bytes decide about an undeclared encoding.
const encodingSample = 128

// guessEncoding looks at the first bytes as Rspamd 4.1.6 does.
func guessEncoding(b []byte) string {
	b = bytes.TrimLeft(b, " \t\r\n\v\f")
	if rest, ok := bytes.CutPrefix(b, []byte("begin ")); ok {
		if rest = bytes.TrimLeft(rest, " "); len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' {
			return "uuencode"
		}
	}
	b = bytes.TrimRight(b, " \t\r\n\v\f")
	total, pad := len(b), 0
	for pad < 2 && len(b) > 2 && b[len(b)-1] == '=' {
		b, pad = b[:len(b)-1], pad+1
	}
	c := countSample(b[:min(len(b), encodingSample)])
	switch {
	case c.eightBit > 0:
		return "8bit"
	case c.base64 && len(b) > 0:
		return guessBase64(c, total, pad)
	case c.equals > 2 && c.escapes > 2:
		return "quoted-printable"
	}
	return "7bit"
}

type sampleCount struct {
	equals, escapes, eightBit, upper, lower int
	base64                                  bool // nothing outside the alphabet
}

func countSample(b []byte) sampleCount {
	c := sampleCount{base64: true}
	for i := 0; i < len(b); i++ {
		switch x := b[i]; {
		case x == '=':
			c.base64 = false
			c.equals++
			if i+3 < len(b) && isHexAny(b[i+1]) && isHexAny(b[i+2]) {
				c.escapes++
				i++
			}
		case x >= 0x80:
			c.base64 = false
			c.eightBit++
		case 'A' <= x && x <= 'Z':
			c.upper++
		case 'a' <= x && x <= 'z':
			c.lower++
		case !isBase64(x):
			c.base64 = false
		}
	}
	return c
}

func isHexAny(c byte) bool { return isHex(c) || 'a' <= c && c <= 'f' }

// guessBase64 decides about a sample in base64's alphabet: padding says yes,
// without it letters of both cases must occur.
func guessBase64(c sampleCount, total, pad int) string {
	mixed := c.upper > 1 && c.lower > 1
	switch {
	case pad > 0:
		return "base64"
	case total > 80 && mixed, total%4 == 0 && mixed:
		return "base64"
	}
	return "7bit"
}

// decodedBudget is how many decoded bytes the message may make: what its limit
// allows, but no more than some for each of its own bytes. Parts can't make that
// many, but messages in messages can, each of which is decoded again.
func (m *Message) decodedBudget() int64 {
	own := steps.For(len(m.raw))
	return min(m.limits.DecodedBytes, int64(own.Left()))
}

// decodable returns what of the body may be decoded.
func (p *Part) decodable() []byte {
	most := p.allowed
	if p.effective == "base64" {
		most = most/3*4 + 4 // four bytes give three
	}
	return p.body[:min(int64(len(p.body)), most)]
}

// decode fills content.
func (p *Part) decode() {
	var clean bool
	switch p.effective {
	case "base64":
		p.content, clean = transfer.Base64(p.decodable())
	case "quoted-printable":
		p.content, clean = transfer.QuotedPrintable(p.decodable())
	case "uuencode":
		if p.content, clean = transfer.UU(p.decodable()); !clean {
			p.content = p.body
		}
	}
	if !clean {
		p.msg.note(NoteBadEncoding, p.Path, p.BodyOffset, p.effective)
	}
}

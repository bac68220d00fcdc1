package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A set is a character set that an escape sequence of ISO-2022 designates.
type set uint8

const (
	asciiSet set = iota
	katakana     // JIS X 0201, the right half
	jis0208
	jis0212
	ksc5601
	gb2312
	cns11643 // no decoder: its characters can't be read
)

// An escape designates a set: to G0 for what follows, to G1 for what stands
// between Shift Out and Shift In.
type escape struct {
	seq string
	set set
	g1  bool
}

// escapes are those of ISO-2022-JP and its extensions (RFC 1468, 1554, 2237),
// ISO-2022-KR (RFC 1557) and ISO-2022-CN (RFC 1922). The table is never
// written.
var escapes = [...]escape{
	{"\x1b(B", asciiSet, false}, {"\x1b(J", asciiSet, false}, {"\x1b(I", katakana, false},
	{"\x1b$@", jis0208, false}, {"\x1b$B", jis0208, false}, {"\x1b$(B", jis0208, false}, {"\x1b$(D", jis0212, false},
	{"\x1b$A", gb2312, false}, {"\x1b$(C", ksc5601, false},
	{"\x1b$)C", ksc5601, true}, {"\x1b$)A", gb2312, true}, {"\x1b$)G", cns11643, true}, {"\x1b$)E", cns11643, true},
}

func escapeAt(b []byte) *escape {
	for i := range escapes {
		if bytes.HasPrefix(b, []byte(escapes[i].seq)) {
			return &escapes[i]
		}
	}
	return nil
}

// iso2022 names the charset whose escape sequences are in b, "" if there are
// none that designate letters beyond ASCII.
func iso2022(b []byte) string {
	for {
		i := bytes.IndexByte(b, '\x1b')
		if i < 0 {
			return ""
		}
		b = b[i:]
		switch e := escapeAt(b); {
		case e == nil || e.set == asciiSet:
		case e.g1 && e.set == ksc5601:
			return "iso-2022-kr"
		case e.g1:
			return "iso-2022-cn"
		default:
			return "iso-2022-jp"
		}
		b = b[1:]
	}
}

// decodeISO2022 reads all 7-bit charsets of ISO-2022 alike. A line begins in
// ASCII, whatever the one before left designated to G0.
func decodeISO2022(b []byte) (_ string, ok bool) {
	d := iso2022Decoder{ok: true}
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '\x1b':
			e := escapeAt(b[i:])
			if e == nil {
				d.end()
				d.out.WriteByte(c)
				i++
				continue
			}
			d.designate(e)
			i += len(e.seq)
			continue
		case c == 0x0e: // Shift Out
			d.end()
			d.shifted = true
		case c == 0x0f: // Shift In
			d.end()
			d.shifted = false
		case c <= ' ' || c == 0x7f:
			d.end()
			d.out.WriteByte(c)
			if c == '\n' || c == '\r' {
				d.g0, d.shifted = asciiSet, false
			}
		default:
			d.run = append(d.run, c)
		}
		i++
	}
	d.end()
	return d.out.String(), d.ok
}

type iso2022Decoder struct {
	out     strings.Builder
	run     []byte // what was read in the set in force
	g0, g1  set
	shifted bool // to G1
	ok      bool
}

func (d *iso2022Decoder) designate(e *escape) {
	d.end()
	if e.g1 {
		d.g1 = e.set
	} else {
		d.g0 = e.set
	}
}

// end writes the characters that were read in the set in force.
func (d *iso2022Decoder) end() {
	run := d.run
	d.run = d.run[:0]
	if len(run) == 0 {
		return
	}
	in := d.g0
	if d.shifted {
		in = d.g1
	}
	if in == cns11643 {
		d.ok = false
		d.out.WriteString(strings.Repeat("\uFFFD", (len(run)+1)/2))
		return
	}
	s, ok := decodeSet(run, in)
	d.ok = d.ok && ok
	d.out.WriteString(s)
}

// decodeSet reads a run by the 8-bit encoding (EUC) of its set.
func decodeSet(run []byte, in set) (string, bool) {
	if !ascii(run) {
		return decodeEUC(run, japanese.EUCJP)
	}
	if in == asciiSet {
		return string(run), true
	}
	wide := make([]byte, 0, 2*len(run))
	for i, c := range run {
		switch {
		case in == katakana:
			wide = append(wide, 0x8e)
		case in == jis0212 && i%2 == 0:
			wide = append(wide, 0x8f)
		}
		wide = append(wide, c|0x80)
	}
	switch in {
	case ksc5601:
		return decodeEUC(wide, korean.EUCKR)
	case gb2312:
		return decodeEUC(wide, simplifiedchinese.GBK)
	}
	return decodeEUC(wide, japanese.EUCJP)
}

func decodeEUC(b []byte, enc encoding.Encoding) (string, bool) {
	out, err := enc.NewDecoder().Bytes(b)
	s := strings.ToValidUTF8(string(out), "\uFFFD")
	return s, err == nil && !strings.ContainsRune(s, utf8.RuneError)
}

package tnef

import (
	"bytes"
	"encoding/binary"
)

// Types of properties ([MS-OXCDATA] section 2.11.1).
const (
	typeNull    = 0x01
	typeShort   = 0x02
	typeLong    = 0x03
	typeFloat   = 0x04
	typeDouble  = 0x05
	typeMoney   = 0x06
	typeDate    = 0x07
	typeError   = 0x0a
	typeBool    = 0x0b
	typeObject  = 0x0d
	typeInt64   = 0x14
	typeString8 = 0x1e
	typeUnicode = 0x1f
	typeTime    = 0x40
	typeGUID    = 0x48
	typeBinary  = 0x102
	typeMany    = 0x1000 // several values
)

// Properties that are looked for.
const (
	propBody     = 0x1000
	propRTF      = 0x1009
	propHTML     = 0x1013
	propData     = 0x3701
	propFilename = 0x3704
	propLongName = 0x3707
)

const (
	named   = 0x8000 // from here on a property has a name
	guidLen = 16
)

// bodies adds the bodies among the properties of a message.
func (r *reader) bodies(b []byte, charset string) {
	eachProp(b, func(typ, id uint16, v []byte) {
		f := File{Charset: charset, Content: v}
		switch id {
		case propBody:
			f.Kind = Text
		case propHTML:
			f.Kind = HTML
		case propRTF:
			f.Kind, f.Content = RTF, decompress(v)
		default:
			return
		}
		if typ == typeUnicode {
			f.Charset = "utf-16le"
		}
		r.add(f)
	})
}

// props takes what counts of the properties of an attachment.
func (a *attachment) props(b []byte, charset string) {
	eachProp(b, func(typ, id uint16, v []byte) {
		switch {
		case id == propData && typ == typeObject && len(v) > guidLen:
			a.nested = v[guidLen:]
		case id == propData && typ == typeBinary && a.content == nil:
			a.content = v
		case id == propLongName, id == propFilename && a.long == nil:
			a.long, a.longCharset = cString(v), charset
			if typ == typeUnicode {
				a.long, a.longCharset = bytes.TrimRight(v, "\x00"), "utf-16le"
				if len(a.long)%2 == 1 {
					a.long = v[:len(a.long)+1] // the NUL belongs to the last character
				}
			}
		}
	})
}

// A cursor reads fields from a list of properties. Once one was not there, ok is
// false.
type cursor struct {
	b  []byte
	ok bool
}

func (c *cursor) take(n uint32) []byte {
	if !c.ok || int64(n) > int64(len(c.b)) {
		c.ok = false
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) u16() uint16 {
	if v := c.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if v := c.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// padded takes a value of its own length and what fills it up to four bytes.
func (c *cursor) padded() []byte {
	n := c.u32()
	v := c.take(n)
	if pad := -n & 3; c.ok && int(pad) <= len(c.b) {
		c.take(pad)
	}
	return v
}

// eachProp calls f with the first value of each property, up to one that can't be
// read.
func eachProp(b []byte, f func(typ, id uint16, value []byte)) {
	c := &cursor{b: b, ok: true}
	for n := c.u32(); n > 0 && c.ok; n-- {
		typ, id := c.u16(), c.u16()
		if id >= named {
			c.name()
		}
		values := uint32(1)
		if typ&typeMany != 0 || size(typ) == 0 {
			values = c.u32()
		}
		for i := uint32(0); i < values && c.ok; i++ {
			v := c.value(typ &^ typeMany)
			if i == 0 && c.ok {
				f(typ, id, v)
			}
		}
	}
}

// name passes over the name of a property: a GUID and a number or a string.
func (c *cursor) name() {
	c.take(guidLen)
	if c.u32() == 0 {
		c.take(4)
		return
	}
	c.padded()
}

func (c *cursor) value(typ uint16) []byte {
	switch typ {
	case typeString8, typeUnicode, typeBinary, typeObject:
		return c.padded()
	}
	n := size(typ)
	if n == 0 {
		c.ok = false // unknown: nobody knows where the next one begins
	}
	return c.take(n)
}

// size returns how many bytes a value of fixed size takes, 0 for others.
func size(typ uint16) uint32 {
	switch typ &^ typeMany {
	case typeNull, typeShort, typeLong, typeFloat, typeError, typeBool:
		return 4
	case typeDouble, typeMoney, typeDate, typeInt64, typeTime:
		return 8
	case typeGUID:
		return 16
	}
	return 0
}

package archive

import (
	"bytes"
	"encoding/binary"
)

// rar tells the two formats apart. A file that breaks off or has a bad block
// is no archive, as in Rspamd.
func (a *Archive) rar(b []byte) bool {
	if rest, ok := bytes.CutPrefix(b, []byte("Rar!\x1a\x07\x01\x00")); ok {
		return a.rar5(rest)
	}
	if rest, ok := bytes.CutPrefix(b, []byte("Rar!\x1a\x07\x00")); ok {
		return a.rar4(rest)
	}
	return false
}

// rar4 walks the blocks of the format up to version 4 (RAR technote).
func (a *Archive) rar4(b []byte) bool {
	const (
		mainHeader, fileHeader            = 0x73, 0x74
		hasAdd                            = 0x8000
		encryptedHeaders                  = 0x80
		large, unicodeName, encryptedFile = 0x100, 0x200, 0x4
		fixed                             = 32
	)
	le := binary.LittleEndian
	for len(b) > 0 && a.take(1) {
		if len(b) < 7 {
			return len(a.Files) > 0
		}
		kind, flags, size := b[2], le.Uint16(b[3:]), uint64(le.Uint16(b[5:]))
		if kind == mainHeader && flags&encryptedHeaders != 0 {
			a.Encrypted = true
			return true
		}
		var packed uint64
		if flags&hasAdd != 0 {
			if len(b) < 11 {
				return false
			}
			packed = uint64(le.Uint32(b[7:]))
		}
		if kind == fileHeader {
			if len(b) < fixed {
				return false
			}
			f := File{Packed: packed, Size: uint64(le.Uint32(b[11:])), Encrypted: flags&encryptedFile != 0}
			n, at := int(le.Uint16(b[26:])), fixed
			if flags&large != 0 {
				if len(b) < fixed+8 {
					return false
				}
				packed += uint64(le.Uint32(b[32:])) << 32
				f.Packed, f.Size = packed, f.Size+uint64(le.Uint32(b[36:]))<<32
				at += 8
			}
			if n == 0 || at+n > len(b) || uint64(at+n) > size {
				return false
			}
			name := b[at : at+n]
			if i := bytes.IndexByte(name, 0); flags&unicodeName != 0 && i >= 0 {
				name = name[:i]
			}
			if !a.add(f, name) {
				return true
			}
		}
		size += packed
		if size == 0 || size > uint64(len(b)) {
			return false
		}
		b = b[size:]
	}
	return true
}

// rar5 walks the blocks of format version 5.
func (a *Archive) rar5(b []byte) bool {
	const mainHeader, fileHeader, encryptionHeader = 1, 2, 4
	for first := true; len(b) > 0 && a.take(1); first = false {
		h, ok := rar5Block(b)
		if !ok {
			return false
		}
		switch {
		case first && h.kind == encryptionHeader:
			a.Encrypted = true
			return true
		case first && h.kind != mainHeader:
			return false
		case h.kind == fileHeader:
			f, name, ok := a.rar5File(h)
			if !ok {
				return false
			}
			a.Encrypted = a.Encrypted || f.Encrypted
			if !a.add(f, name) {
				return true
			}
		}
		b = b[h.length:]
	}
	return true
}

// A rarBlock is one header of a version 5 archive.
type rarBlock struct {
	kind        uint64
	body, extra []byte
	data        uint64 // bytes of data after the header
	length      uint64 // of header and data
}

func rar5Block(b []byte) (h rarBlock, ok bool) {
	const hasExtra, hasData = 1, 2
	r := reader{b: b, i: 4} // after the CRC
	size := r.vint()
	start := r.i
	if r.bad || size == 0 || size > uint64(len(b)-start) {
		return h, false
	}
	end := start + int(size)
	r.b = b[:end]
	h.kind = r.vint()
	flags := r.vint()
	var extra uint64
	if flags&hasExtra != 0 {
		extra = r.vint()
	}
	if flags&hasData != 0 {
		h.data = r.vint()
	}
	if r.bad || extra > uint64(end-r.i) || h.data > uint64(len(b)-end) {
		return h, false
	}
	h.body, h.extra = b[r.i:end-int(extra)], b[end-int(extra):end]
	h.length = uint64(end) + h.data
	return h, true
}

func (a *Archive) rar5File(h rarBlock) (f File, name []byte, ok bool) {
	const hasTime, hasCRC = 2, 4
	r := reader{b: h.body}
	flags := r.vint()
	f.Size, f.Packed = r.vint(), h.data
	r.vint() // attributes
	if flags&hasTime != 0 {
		r.i += 4
	}
	if flags&hasCRC != 0 {
		r.i += 4
	}
	r.vint() // compression
	r.vint() // host system
	name = r.bytes(r.vint())
	f.Encrypted = a.rar5Encrypted(h.extra)
	return f, name, !r.bad && len(name) > 0
}

// rar5Encrypted looks for the encryption record of a file.
func (a *Archive) rar5Encrypted(extra []byte) bool {
	const encryption = 1
	for len(extra) > 0 && a.take(1) {
		r := reader{b: extra}
		record := r.bytes(r.vint())
		if r.bad || len(record) == 0 {
			return false
		}
		inner := reader{b: record}
		if inner.vint() == encryption && !inner.bad {
			return true
		}
		extra = extra[r.i:]
	}
	return false
}

// A reader takes numbers off a header; bad is set once it ran out.
type reader struct {
	b   []byte
	i   int
	bad bool
}

// vint reads seven bits a byte, lowest first.
func (r *reader) vint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		if r.i >= len(r.b) {
			break
		}
		c := r.b[r.i]
		r.i++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *reader) bytes(n uint64) []byte {
	if r.bad || r.i > len(r.b) || n > uint64(len(r.b)-r.i) {
		r.bad = true
		return nil
	}
	s := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return s
}

func (r *reader) byte() byte {
	s := r.bytes(1)
	if len(s) == 0 {
		return 0
	}
	return s[0]
}

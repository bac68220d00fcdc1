package archive

import (
	"bytes"
	"encoding/binary"
)

// zip reads the central directory (APPNOTE.TXT sections 4.3.12 and 4.3.16).
func (a *Archive) zip(b []byte) bool {
	dir, ok := zipDirectory(b)
	if !ok {
		return false
	}
	const (
		fixed     = 46
		encrypted = 1<<0 | 1<<6
	)
	for len(dir) > 0 && a.take(1) {
		if len(dir) < fixed || !bytes.HasPrefix(dir, []byte("PK\x01\x02")) {
			return false
		}
		le := binary.LittleEndian
		name, extra, comment := int(le.Uint16(dir[28:])), int(le.Uint16(dir[30:])), int(le.Uint16(dir[32:]))
		if fixed+name+extra+comment > len(dir) {
			return false
		}
		f := File{
			Packed:    uint64(le.Uint32(dir[20:])),
			Size:      uint64(le.Uint32(dir[24:])),
			Encrypted: le.Uint16(dir[8:])&encrypted != 0 || a.strongEncryption(dir[fixed+name:fixed+name+extra]),
		}
		if !a.add(f, dir[fixed:fixed+name]) {
			break
		}
		dir = dir[fixed+name+extra+comment:]
	}
	return true
}

// zipDirectory finds the central directory by the record at the end, which
// may be followed by a comment.
func zipDirectory(b []byte) ([]byte, bool) {
	const (
		record = 22
		look   = 1 << 16
	)
	tail := b[max(0, len(b)-record-look):]
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < record {
		return nil, false
	}
	end := len(b) - len(tail) + i
	size := int64(binary.LittleEndian.Uint32(tail[i+12:]))
	offset := int64(binary.LittleEndian.Uint32(tail[i+16:]))
	if offset+size > int64(end) {
		return nil, false
	}
	return b[offset : offset+size], true
}

// strongEncryption looks for the extra field of PKWARE's strong encryption.
func (a *Archive) strongEncryption(extra []byte) bool {
	const strong = 0x0017
	for len(extra) >= 4 && a.take(1) {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if id == strong {
			return true
		}
		extra = extra[min(len(extra), 4+n):]
	}
	return false
}

package tnef

import (
	"bytes"
	"encoding/binary"
)

// dictionary is what compressed RTF begins with and is not written ([MS-OXRTFCP]
// section 2.1.2.1).
const dictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

const (
	rtfHead = 16
	window  = 4096
	// perByte bounds what comes out: a reference of two bytes stands for 17, and each
	// eight of them have a byte of flags.
	perByte = 8
)

// decompress undoes the compression of RTF; what is not compressed is returned as it
// stands.
func decompress(b []byte) []byte {
	if len(b) < rtfHead {
		return nil
	}
	most := min(int64(binary.LittleEndian.Uint32(b[4:])), perByte*int64(len(b)))
	body := b[rtfHead:]
	switch string(b[8:12]) {
	case "MELA":
		return body[:min(int64(len(body)), most)]
	case "LZFu":
	default:
		return nil
	}
	out := bytes.NewBuffer(make([]byte, 0, min(most, 2*int64(len(b)))))
	var ring [window]byte
	at := copy(ring[:], dictionary)
	put := func(c byte) {
		ring[at] = c
		at = (at + 1) % window
		out.WriteByte(c)
	}
	for i := 0; i < len(body); {
		flags := body[i]
		i++
		for bit := 0; bit < 8 && i < len(body); bit++ {
			if int64(out.Len()) >= most {
				return out.Bytes()
			}
			if flags>>bit&1 == 0 {
				put(body[i])
				i++
				continue
			}
			if i+1 == len(body) {
				return out.Bytes()
			}
			ref := int(body[i])<<8 | int(body[i+1])
			i += 2
			from, n := ref>>4, ref&15+2
			if from == at {
				return out.Bytes()
			}
			for ; n > 0; n-- {
				put(ring[from])
				from = (from + 1) % window
			}
		}
	}
	return out.Bytes()
}

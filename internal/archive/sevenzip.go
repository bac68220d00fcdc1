package archive

import (
	"encoding/binary"
	"unicode/utf16"
)

// Property identifiers of the 7z header (7zFormat.txt).
const (
	szEnd               = 0x00
	szHeader            = 0x01
	szArchiveProperties = 0x02
	szAdditionalStreams = 0x03
	szMainStreams       = 0x04
	szFilesInfo         = 0x05
	szPackInfo          = 0x06
	szUnpackInfo        = 0x07
	szSubStreams        = 0x08
	szSize              = 0x09
	szCRC               = 0x0a
	szFolder            = 0x0b
	szUnpackSize        = 0x0c
	szNumUnpackStream   = 0x0d
	szName              = 0x11
	szEncodedHeader     = 0x17
)

// maxFolders and maxStreams bound what a header may claim.
const (
	maxFolders = 8192
	maxStreams = 64 << 10
)

// sevenZip reads the header at the end of the file. Names are listed where
// the header is not packed, which is the exception; encryption shows in the
// coders.
func (a *Archive) sevenZip(b []byte) bool {
	const start = 32
	if len(b) <= start {
		return false
	}
	offset := binary.LittleEndian.Uint64(b[12:])
	if offset >= uint64(len(b)-start) {
		return false
	}
	s := sevenReader{reader: reader{b: b, i: start + int(offset)}, a: a}
	for !s.bad && s.i < len(s.b) && s.section() {
	}
	return true
}

// A sevenReader reads the header's sections. Each of its numbers, and each
// element of a table that is walked, is a step of the archive's budget: a header
// may name a table as often as it likes.
type sevenReader struct {
	reader
	a         *Archive
	folders   []int // output streams of each folder
	known     int   // folders with a CRC
	streamsOf []int // substreams of each folder
}

// section reads one section and reports whether another may follow.
func (s *sevenReader) section() bool {
	switch s.byte() {
	case szHeader:
	case szEncodedHeader:
		s.a.Unreadable = true
		s.streams() // the coder of the header tells about encryption
		return false
	case szArchiveProperties:
		for !s.bad && s.byte() != 0 {
			s.bytes(s.number())
		}
	case szMainStreams, szAdditionalStreams:
		s.streams()
	case szFilesInfo:
		s.files()
	default:
		return false
	}
	return !s.bad
}

// step counts an element of a table and reports whether there may be more.
func (s *sevenReader) step() bool {
	s.bad = s.bad || !s.a.take(1)
	return !s.bad
}

// byte reads a byte.
func (s *sevenReader) byte() byte {
	if !s.step() {
		return 0
	}
	return s.reader.byte()
}

// number reads the format's variable-length integer: the leading one bits of
// the first byte count the bytes that follow.
func (s *sevenReader) number() uint64 {
	first := s.byte()
	var v uint64
	for i := 0; i < 8; i++ {
		if first&(0x80>>i) == 0 {
			return v | uint64(first&(0x7f>>i))<<(8*i)
		}
		v |= uint64(s.byte()) << (8 * i)
	}
	return v
}

// numbers passes over n numbers; a negative n means none.
func (s *sevenReader) numbers(n int) {
	for ; n > 0 && !s.bad; n-- {
		s.number()
	}
}

func (s *sevenReader) count(most uint64) int {
	n := s.number()
	if n > most {
		s.bad = true
		return 0
	}
	return int(n)
}

func (s *sevenReader) streams() {
	for !s.bad {
		switch s.byte() {
		case szPackInfo:
			s.packInfo()
		case szUnpackInfo:
			s.coders()
		case szSubStreams:
			s.subStreams()
		case szEnd:
			return
		default:
			s.bad = true
		}
	}
}

func (s *sevenReader) packInfo() {
	s.number()
	n := s.count(maxStreams)
	for !s.bad {
		switch s.byte() {
		case szSize:
			s.numbers(n)
		case szCRC:
			s.digests(n)
		case szEnd:
			return
		default:
			s.bad = true
		}
	}
}

// digests passes over the CRCs of n streams and returns how many there were.
func (s *sevenReader) digests(n int) int {
	defined := n
	if s.byte() == 0 {
		defined = 0
		for _, c := range s.bytes(uint64(n+7) / 8) {
			if !s.step() {
				return 0
			}
			for ; c != 0; c &= c - 1 {
				defined++
			}
		}
	}
	s.bytes(uint64(defined) * 4)
	return defined
}

func (s *sevenReader) coders() {
	for !s.bad {
		switch s.byte() {
		case szFolder:
			n := s.count(maxFolders)
			if s.byte() != 0 {
				s.number()
				continue
			}
			s.folders = s.folders[:0]
			for range n {
				out := s.folder()
				if s.bad {
					return
				}
				s.folders = append(s.folders, out)
			}
		case szUnpackSize:
			for _, n := range s.folders {
				if !s.step() {
					return
				}
				s.numbers(n)
			}
		case szCRC:
			s.known = s.digests(len(s.folders))
		case szEnd:
			return
		default:
			s.bad = true
		}
	}
}

// folder reads one chain of coders and returns its output streams.
func (s *sevenReader) folder() (out int) {
	const (
		idSize    = 0x0f
		isComplex = 1 << 4
		hasProps  = 1 << 5
	)
	in := 0
	for range s.count(32) {
		t := s.byte()
		var codec uint64
		for _, c := range s.bytes(uint64(t & idSize)) {
			codec = codec<<8 | uint64(c)
		}
		switch codec {
		case 0x06F10101, 0x06F10303, 0x06F10701: // ZIP, RAR, AES-256 ciphers
			s.a.Encrypted = true
		}
		if t&isComplex != 0 {
			in += s.count(maxFolders)
			out += s.count(maxFolders)
		} else {
			in, out = in+1, out+1
		}
		if t&hasProps != 0 {
			s.bytes(s.number())
		}
	}
	s.numbers(2 * (out - 1))
	if packed := in - out + 1; packed > 1 {
		s.numbers(packed)
	}
	return out
}

func (s *sevenReader) subStreams() {
	s.streamsOf = s.streamsOf[:0]
	for range s.folders {
		if !s.step() {
			return
		}
		s.streamsOf = append(s.streamsOf, 1)
	}
	for !s.bad {
		switch s.byte() {
		case szNumUnpackStream:
			for i := range s.streamsOf {
				s.streamsOf[i] = s.count(maxStreams)
			}
		case szSize:
			for _, n := range s.streamsOf {
				if !s.step() {
					return
				}
				s.numbers(n - 1) // the last size follows from the folder's
			}
		case szCRC:
			s.digests(s.unknownDigests())
		case szEnd:
			return
		default:
			s.bad = true
		}
	}
}

// unknownDigests counts the streams whose CRC the folders do not give.
func (s *sevenReader) unknownDigests() int {
	total, single := 0, 0
	for _, n := range s.streamsOf {
		if !s.step() {
			return 0
		}
		total += n
		if n == 1 {
			single++
		}
	}
	return max(total-min(s.known, single), 0)
}

func (s *sevenReader) files() {
	n := s.count(1 << 20)
	for !s.bad {
		kind := s.byte()
		if kind == szEnd {
			return
		}
		data := s.bytes(s.number())
		if kind == szName && len(data) > 0 && data[0] == 0 {
			s.names(data[1:], n)
		}
	}
}

// names reads n zero-terminated UTF-16 names.
func (s *sevenReader) names(b []byte, n int) {
	var name []uint16
	for ; len(b) >= 2 && n > 0 && s.step(); b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u != 0 {
			if len(name) < maxName {
				name = append(name, u)
			}
			continue
		}
		if len(name) == 0 || !s.a.add(File{Name: string(utf16.Decode(name))}, nil) {
			return
		}
		name = name[:0]
		n--
	}
}

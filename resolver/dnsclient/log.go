package dnsclient

import "encoding/binary"

// Segments of a log are a 256th of the cache, within these bounds.
const (
	minSegment = 1 << 10
	maxSegment = 64 << 10
)

// keyLen is what stands before an entry in a log: its key and its length.
const keyLen = 12

// A log is a queue of entries, in segments that are written once and given back
// when all of their entries have left.
type log struct {
	size     int   // of a new segment
	mark     place // a bit that its places have
	segments []segment
	first    uint32 // the number of segments[0]
	bytes    int    // of the entries that have not left, and left free before them
}

type segment struct {
	data []byte // full up to its length
	read int    // entries before this have left
}

func (s *segment) free() int { return cap(s.data) - len(s.data) }

// A place is where an entry stands: the number of its segment above the offset
// there, 32 bits, and the log's mark.
type place uint64

const inMain place = 1 << 63

// entry returns the entry at a place. It stays as it is after it has left the
// log.
func (l *log) entry(p place) entry {
	return entryAt(l.segments[(uint32(p>>32)-l.first)&^(1<<31)].data, int(uint32(p)))
}

func entryAt(data []byte, at int) entry {
	n := int(binary.LittleEndian.Uint32(data[at+8:]))
	at += keyLen
	return entry(data[at : at+n : at+n])
}

// push appends an entry.
func (l *log) push(k uint64, e entry) place {
	need := keyLen + len(e)
	n := len(l.segments)
	if n == 0 || l.segments[n-1].free() < need {
		if n > 0 {
			l.bytes += l.segments[n-1].free()
		}
		l.segments = append(l.segments, segment{data: make([]byte, 0, max(l.size, need))})
		n++
	}
	s := &l.segments[n-1]
	p := place((l.first+uint32(n-1))&^(1<<31))<<32 | place(len(s.data)) | l.mark
	s.data = binary.LittleEndian.AppendUint64(s.data, k)
	s.data = binary.LittleEndian.AppendUint32(s.data, uint32(len(e)))
	s.data = append(s.data, e...)
	l.bytes += need
	return p
}

// pop takes the oldest entry out of a log that is not empty.
func (l *log) pop() (place, uint64, entry) {
	s := &l.segments[0]
	p := place(l.first&^(1<<31))<<32 | place(s.read) | l.mark
	k, e := binary.LittleEndian.Uint64(s.data[s.read:]), entryAt(s.data, s.read)
	s.read += keyLen + len(e)
	l.bytes -= keyLen + len(e)
	if s.read == len(s.data) {
		if len(l.segments) > 1 {
			l.bytes -= s.free()
		}
		*s = segment{}
		l.segments = l.segments[1:]
		l.first++
	}
	return p, k, e
}

package transfer

import "sort"

// A Map tells where decoded bytes came from. It keeps one pair of offsets for
// each run that was copied or decoded as a whole.
type Map struct {
	out, in []int32
	srcLen  int
	outLen  int
	run     bool // bytes within a piece are copied one by one
}

// MapBase64 decodes src once more and records where each quantum stands.
func MapBase64(src []byte) *Map { return record(src, appendBase64, false) }

// MapQuotedPrintable does so for quoted-printable.
func MapQuotedPrintable(src []byte) *Map { return record(src, appendQP, true) }

func record(src []byte, dec func(dst, src []byte, at func(out, in int)) ([]byte, bool), run bool) *Map {
	m := &Map{srcLen: len(src), run: run}
	dst, _ := dec(make([]byte, 0, len(src)), src, func(out, in int) {
		m.out, m.in = append(m.out, int32(out)), append(m.in, int32(in))
	})
	m.outLen = len(dst)
	return m
}

// Range maps a decoded byte range to the smallest known encoded range that
// covers it.
func (m *Map) Range(start, end int) (s, e int, ok bool) {
	if start < 0 || end < start || end > m.outLen || len(m.out) == 0 {
		return 0, 0, false
	}
	s = m.place(start)
	if end == start {
		return s, s, true
	}
	i := m.piece(end - 1)
	outEnd, inEnd := m.outLen, m.srcLen
	if i+1 < len(m.out) {
		outEnd, inEnd = int(m.out[i+1]), int(m.in[i+1])
	}
	if e = inEnd; m.run && outEnd-int(m.out[i]) > 1 {
		e = int(m.in[i]) + end - int(m.out[i])
	}
	return s, min(max(e, s), m.srcLen), true
}

// piece returns the index of the last piece that begins at or before out.
func (m *Map) piece(out int) int {
	i := sort.Search(len(m.out), func(i int) bool { return int(m.out[i]) > out })
	return max(i-1, 0)
}

func (m *Map) place(out int) int {
	i := m.piece(out)
	if m.run {
		return min(int(m.in[i])+out-int(m.out[i]), m.srcLen)
	}
	return int(m.in[i])
}

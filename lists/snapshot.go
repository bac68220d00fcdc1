package lists

import (
	"iter"
	"net/netip"

	"github.com/cespare/xxhash/v2"
)

// A Snapshot is what a list holds at one time. It never changes. The zero value
// of a value, "", is that of a key without one.
type Snapshot struct {
	kind     Kind
	multi    bool
	keys     keyTable
	nets     netTable
	patterns patternTable
	cdb      cdbFile
	lines    []byte
}

// Kind returns what the keys are.
func (s *Snapshot) Kind() Kind { return s.kind }

// Len returns how many entries there are.
func (s *Snapshot) Len() int {
	switch s.kind {
	case Keys:
		return s.keys.n
	case Nets:
		return s.nets.n
	case CDB:
		return s.cdb.len()
	case Lines:
		n := 0
		for range s.Lines() {
			n++
		}
		return n
	}
	return len(s.patterns.values)
}

// Bytes returns about how much memory the entries take.
func (s *Snapshot) Bytes() int {
	return s.keys.bytes() + s.nets.bytes() + len(s.cdb) + len(s.lines) + 1024*len(s.patterns.values)
}

// usualKey is how long looked up keys usually are at most.
const usualKey = 128

// Find returns the value of a key: of one that is text, of the network that has
// the address which text is, or of the first pattern that matches it.
func (s *Snapshot) Find(text string) (value string, ok bool) {
	switch s.kind {
	case Keys:
		if len(text) > s.keys.longest {
			return "", false
		}
		var room [usualKey]byte
		key := appendLower(room[:0], text)
		v, ok := s.keys.find(key, xxhash.Sum64(key))
		return string(v), ok
	case Nets:
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return "", false
		}
		return s.nets.find(ip)
	case CDB:
		v, ok := s.cdb.find(text)
		return string(v), ok
	case Lines:
		return "", false
	}
	if places := s.patterns.find(s.kind, text, false); len(places) > 0 {
		return s.patterns.values[places[0]], true
	}
	return "", false
}

// FindAll returns the values of all entries that match, where the list's
// definition is Multi; otherwise what Find does.
func (s *Snapshot) FindAll(text string) (values []string) {
	if !s.multi || s.kind != Globs && s.kind != Regexps {
		if v, ok := s.Find(text); ok {
			values = append(values, v)
		}
		return values
	}
	for _, i := range s.patterns.find(s.kind, text, true) {
		values = append(values, s.patterns.values[i])
	}
	return values
}

// FindAddr returns the value of the narrowest network that has ip; lists of
// other kinds look up how it is written.
func (s *Snapshot) FindAddr(ip netip.Addr) (value string, ok bool) {
	if s.kind == Nets {
		return s.nets.find(ip)
	}
	return s.Find(ip.Unmap().String())
}

// Values returns the values of all entries, in an order of its own; equal ones
// may come once.
func (s *Snapshot) Values() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch s.kind {
		case Keys:
			s.keys.each(func(_, v string) bool { return yield(v) })
		case CDB:
			s.cdb.each(func(_, v string) bool { return yield(v) })
		case Nets:
			for _, v := range s.nets.values[min(1, len(s.nets.values)):] {
				if !yield(v) {
					return
				}
			}
		default:
			for _, v := range s.patterns.values {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// Lines returns the lines of a list of kind Lines with their numbers, comments
// and empty ones left out.
func (s *Snapshot) Lines() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		more := true
		eachLine(s.lines, func(n int, line []byte) {
			for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
				line = line[1:]
			}
			if more && len(line) > 0 && line[0] != '#' {
				more = yield(n, string(line))
			}
		})
	}
}

package dnsclient

import "math/bits"

const (
	// usualEntry is about what an entry takes, and countersPerEntry is how many
	// counters of each row there are for one: so few questions share one in all
	// rows that most that were asked once are told from those asked again.
	usualEntry       = 128
	countersPerEntry = 4
	rows             = 4
	// A key's counters of all rows lie in one block, which is what a processor
	// takes from memory at once.
	blockBytes  = 64
	rowCounters = 2 * blockBytes / rows
	// maxCount is as far as a sketch counts. At sampleFactor additions for each
	// counter of a row all counts are halved, so that what was asked long ago
	// counts less.
	maxCount     = 15
	sampleFactor = 2
)

// A sketch counts roughly how often each of very many keys was added lately
// (count-min, Cormode and Muthukrishnan 2005). It never counts too few.
type sketch struct {
	counters []uint8 // blocks, a power of two; two counters in a byte
	mask     uint64  // of the number of a block
	added    int
}

func newSketch(entries int) sketch {
	width := 1 << (bits.Len(uint(max(entries, 64)*countersPerEntry)) - 1)
	return sketch{counters: make([]uint8, rows*width/2), mask: uint64(width/rowCounters - 1)}
}

// slot returns where the key's counter of a row is: its byte, and how far it is
// shifted.
func (s *sketch) slot(row int, k uint64) (at *uint8, shift uint) {
	i := k >> (5 * row) % rowCounters
	return &s.counters[k>>20&s.mask*blockBytes+uint64(row)*(rowCounters/2)+i/2], uint(i%2) * 4
}

func (s *sketch) add(k uint64) {
	for row := range rows {
		if at, shift := s.slot(row, k); *at>>shift&maxCount < maxCount {
			*at += 1 << shift
		}
	}
	if s.added++; s.added > sampleFactor*rowCounters*int(s.mask+1) {
		s.added /= 2
		for i, both := range s.counters {
			s.counters[i] = both >> 1 & 0x77
		}
	}
}

func (s *sketch) estimate(k uint64) int {
	least := maxCount
	for row := range rows {
		at, shift := s.slot(row, k)
		least = min(least, int(*at>>shift&maxCount))
	}
	return least
}

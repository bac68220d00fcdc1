package dnsclient

// An index finds the places of entries by their keys, which are hashes already. It
// is one table with open addressing (linear probing): with tens of thousands of
// entries most of a look-up's time goes by waiting for memory, and this waits for
// one cache line as a rule, a Go map for three.
type index struct {
	slots []slot // a power of two, at most three quarters of them taken
	taken int
}

// A slot is free if after is 0; else that is the place behind the key's.
type slot struct{ key, after uint64 }

const minSlots = 64

func newIndex() index { return index{slots: make([]slot, minSlots)} }

func (x *index) mask() uint64 { return uint64(len(x.slots) - 1) }

// slot returns the key's slot, or the free one in which it would be.
func (x *index) slot(k uint64) (i uint64) {
	for i = k & x.mask(); x.slots[i].after != 0 && x.slots[i].key != k; i = (i + 1) & x.mask() {
	}
	return i
}

func (x *index) get(k uint64) (at place, ok bool) {
	s := &x.slots[x.slot(k)]
	return place(s.after - 1), s.after != 0
}

func (x *index) set(k uint64, at place) {
	if (x.taken+1)*4 > len(x.slots)*3 {
		old := x.slots
		x.slots = make([]slot, 2*len(old))
		for _, s := range old {
			if s.after != 0 {
				x.slots[x.slot(s.key)] = s
			}
		}
	}
	s := &x.slots[x.slot(k)]
	if s.after == 0 {
		x.taken++
	}
	*s = slot{k, uint64(at) + 1}
}

// remove frees the key's slot. Those behind it move up, as far as their keys lead
// there or before it.
func (x *index) remove(k uint64) {
	free := x.slot(k)
	if x.slots[free].after == 0 {
		return
	}
	x.taken--
	mask := x.mask()
	for i := (free + 1) & mask; x.slots[i].after != 0; i = (i + 1) & mask {
		if from := x.slots[i].key & mask; (i-from)&mask >= (i-free)&mask {
			x.slots[free] = x.slots[i]
			free = i
		}
	}
	x.slots[free] = slot{}
}

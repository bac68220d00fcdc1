package lists

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// A Union looks a text up in many lists at once: the cost does not grow with
// their number where they are of kind Keys, or none of their networks has an address.
type Union struct {
	lists []*List
	now   atomic.Pointer[Index]
	mu    sync.Mutex // of Refresh
}

// An Index is what the lists of a Union held at one time. It does not change.
type Index struct {
	snaps []*Snapshot
	// slots have half of a key's hash and, in the other half, the place of the
	// list that has it plus 1; 0 is free. A key of several lists has several.
	slots   []uint64
	rest    []int // lists of other kinds
	nets    []int // lists of networks
	covered netTable
	longest int // of the keys
}

// NewUnion makes a Union of what lists hold now.
func NewUnion(all []*List) *Union {
	u := &Union{lists: slices.Clone(all)}
	u.Refresh()
	return u
}

// Index returns what the lists held at the latest Refresh.
func (u *Union) Index() *Index { return u.now.Load() }

// Refresh makes an Index of what lists hold now, if that is another than before.
func (u *Union) Refresh() {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := &Index{snaps: make([]*Snapshot, len(u.lists))}
	n := 0
	var tables []*netTable
	for i, l := range u.lists {
		x.snaps[i] = l.Snapshot()
		switch x.snaps[i].kind {
		case Keys:
			n += x.snaps[i].keys.n
		case Nets:
			x.nets = append(x.nets, i)
			tables = append(tables, &x.snaps[i].nets)
		default:
			x.rest = append(x.rest, i)
		}
	}
	if was := u.now.Load(); was != nil && slices.Equal(was.snaps, x.snaps) {
		return
	}
	x.covered = cover(tables)
	if n > 0 {
		x.slots = make([]uint64, slotsFor(n))
	}
	for i, s := range x.snaps {
		x.add(&s.keys, i)
		x.longest = max(x.longest, s.keys.longest)
	}
	u.now.Store(x)
}

func (x *Index) add(t *keyTable, place int) {
	mask := uint64(len(x.slots) - 1)
	for _, slot := range t.slots {
		if slot == 0 {
			continue
		}
		key, _ := t.entry(slot - 1)
		h := xxhash.Sum64(key)
		i := h & mask
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = h&^0xffffffff | uint64(place+1)
	}
}

// Snapshot returns what list i of the Union held.
func (x *Index) Snapshot(i int) *Snapshot { return x.snaps[i] }

// FindAddr is Find for an address, which lists of networks look up as such.
func (x *Index) FindAddr(ip netip.Addr, f func(i int, value string)) {
	x.find(ip.Unmap().String(), ip, f)
}

// Find calls f for every list that has a text, in no order, with the list's place
// in the Union and the value. Of lists that are Multi all values come.
func (x *Index) Find(text string, f func(i int, value string)) {
	x.find(text, netip.Addr{}, f)
}

func (x *Index) find(text string, ip netip.Addr, f func(i int, value string)) {
	if len(x.slots) > 0 && len(text) <= x.longest {
		var room [usualKey]byte
		key := appendLower(room[:0], text)
		h, mask := xxhash.Sum64(key), uint64(len(x.slots)-1)
		for i := h & mask; x.slots[i] != 0; i = (i + 1) & mask {
			if (x.slots[i]^h)>>32 != 0 {
				continue
			}
			place := int(uint32(x.slots[i])) - 1
			if v, ok := x.snaps[place].keys.find(key, h); ok {
				f(place, string(v))
			}
		}
	}
	x.findNet(text, ip, f)
	for _, i := range x.rest {
		for _, v := range x.snaps[i].FindAll(text) {
			f(i, v)
		}
	}
}

// findNet looks the address, or the one that text is, up in the networks.
func (x *Index) findNet(text string, ip netip.Addr, f func(i int, value string)) {
	if len(x.nets) == 0 {
		return
	}
	if !ip.IsValid() {
		var err error
		if ip, err = netip.ParseAddr(text); err != nil {
			return
		}
	}
	if _, ok := x.covered.find(ip); !ok {
		return
	}
	for _, i := range x.nets {
		if v, ok := x.snaps[i].nets.find(ip); ok {
			f(i, v)
		}
	}
}

package lists

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// netTable maps addresses to the value of the narrowest network that has them.
// The networks are cut into ranges that don't overlap, so that a look-up is one
// search in an array, and a million networks cost some bytes each. It does not
// change.
type netTable struct {
	v4     []range4
	v6     []range6
	values []string // 0 is no value
	n      int
}

// A range reaches to the next one's start.
type range4 struct{ start, value uint32 }

type range6 struct {
	hi, lo uint64
	value  uint32
}

// A netBuilder gathers the networks of a netTable.
type netBuilder struct {
	nets   []netValue
	values map[string]uint32
}

type netValue struct {
	net   netip.Prefix
	value uint32
}

// add adds the networks of a key.
func (b *netBuilder) add(key, value string) error {
	if b.values == nil {
		b.values = map[string]uint32{}
	}
	var bad error
	for text := range strings.SplitSeq(key, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := parseNet(text)
		if err != nil {
			bad = err
			continue
		}
		id, ok := b.values[value]
		if !ok {
			id = uint32(len(b.values) + 1)
			b.values[value] = id
		}
		b.nets = append(b.nets, netValue{p, id})
	}
	return bad
}

// parseNet reads an address or a network in the spellings of Rspamd's lists:
// IPv6 may be in brackets, a length that is too large is the largest.
func parseNet(text string) (netip.Prefix, error) {
	host, length, has := strings.Cut(text, "/")
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no address or network", text)
	}
	bits := ip.BitLen()
	if has {
		n, err := strconv.ParseUint(length, 10, 16)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is no address or network", text)
		}
		bits = min(int(n), bits)
	}
	if ip.Is4In6() {
		if bits < 96 {
			return netip.Prefix{}, fmt.Errorf("%q is wider than IPv4", text)
		}
		ip, bits = ip.Unmap(), bits-96
	}
	return netip.PrefixFrom(ip, bits).Masked(), nil
}

// table makes the table. Of equal networks the first one holds, as in Rspamd.
func (b *netBuilder) table() netTable {
	t := netTable{values: make([]string, len(b.values)+1)}
	for value, id := range b.values {
		t.values[id] = value
	}
	slices.SortStableFunc(b.nets, func(x, y netValue) int {
		if c := x.net.Addr().Compare(y.net.Addr()); c != 0 {
			return c
		}
		return x.net.Bits() - y.net.Bits()
	})
	b.nets = slices.CompactFunc(b.nets, func(x, y netValue) bool { return x.net == y.net })
	t.n = len(b.nets)
	split := slices.IndexFunc(b.nets, func(v netValue) bool { return v.net.Addr().Is6() })
	if split < 0 {
		split = len(b.nets)
	}
	flatten(b.nets[:split], func(start netip.Addr, value uint32) {
		b := start.As4()
		t.v4 = append(t.v4, range4{binary.BigEndian.Uint32(b[:]), value})
	})
	flatten(b.nets[split:], func(start netip.Addr, value uint32) {
		b := start.As16()
		t.v6 = append(t.v6, range6{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]), value})
	})
	t.v4, t.v6 = slices.Clip(t.v4), slices.Clip(t.v6)
	return t
}

// flatten cuts sorted networks of one family into ranges and calls put with
// where each begins. A network lies within another or beside it.
func flatten(nets []netValue, put func(start netip.Addr, value uint32)) {
	var open []netValue
	var starts []netip.Addr // of what was put, to replace one of the same start
	var values []uint32
	add := func(start netip.Addr, value uint32) {
		if n := len(starts); n > 0 && starts[n-1] == start {
			values[n-1] = value
			return
		}
		starts, values = append(starts, start), append(values, value)
	}
	closeLast := func() {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		after := next(last.net)
		if !after.IsValid() {
			return
		}
		value := uint32(0)
		if len(open) > 0 {
			value = open[len(open)-1].value
		}
		add(after, value)
	}
	for _, v := range nets {
		for len(open) > 0 && !open[len(open)-1].net.Contains(v.net.Addr()) {
			closeLast()
		}
		add(v.net.Addr(), v.value)
		open = append(open, v)
	}
	for len(open) > 0 {
		closeLast()
	}
	for i, start := range starts {
		if i == 0 || values[i] != values[i-1] {
			put(start, values[i])
		}
	}
}

// next returns the address behind a network, invalid if there is none.
func next(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last.Next()
}

// find returns the value of the narrowest network that has ip.
func (t *netTable) find(ip netip.Addr) (value string, ok bool) {
	id := uint32(0)
	if ip = ip.Unmap(); ip.Is4() {
		b := ip.As4()
		a := binary.BigEndian.Uint32(b[:])
		i, exact := slices.BinarySearchFunc(t.v4, a, func(r range4, a uint32) int { return compare(r.start, a) })
		if exact {
			i++
		}
		if i > 0 {
			id = t.v4[i-1].value
		}
	} else if ip.IsValid() {
		b := ip.As16()
		hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
		i, exact := slices.BinarySearchFunc(t.v6, hi, func(r range6, hi uint64) int {
			if r.hi != hi {
				return compare(r.hi, hi)
			}
			return compare(r.lo, lo)
		})
		if exact {
			i++
		}
		if i > 0 {
			id = t.v6[i-1].value
		}
	}
	if id == 0 {
		return "", false
	}
	return t.values[id], true
}

func compare[T uint32 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// bytes returns how much memory the table takes, values apart.
func (t *netTable) bytes() int { return 8*cap(t.v4) + 24*cap(t.v6) + 16*cap(t.values) }

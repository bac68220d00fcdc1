package fused

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// An Event is one change of a Model: a lesson, or with Undo its reversal.
type Event struct {
	Features Features
	Spam     bool
	Undo     bool
	// Count tells that the counts take the message in.
	Count bool
	// TokenStep and GramStep are the gradients of the two regressions.
	TokenStep, GramStep float32
	// WindowSteps are those of Features.Windows, one each.
	WindowSteps []float32
	// Weights are those of the members from now on. They have no meaning with Undo.
	Weights [members]float32
}

// Reverse returns the event that takes e back.
func (e Event) Reverse() Event {
	e.Undo = true
	e.Weights = [members]float32{}
	return e
}

// Empty reports whether the event does no more than count a lesson.
func (e Event) Empty() bool {
	return len(e.Features.Tokens.Slots) == 0 && len(e.Features.Grams.Slots) == 0
}

// maxSlots bounds the slots of one view of an event.
const maxSlots = 1 << 17

func (e *Event) fits(bits int) error {
	if len(e.Features.Windows) > maxWindows || len(e.Features.Windows) != len(e.WindowSteps) {
		return errors.New("fused: an event whose windows are out of bounds")
	}
	for _, v := range append([]View{e.Features.Tokens, e.Features.Grams}, e.Features.Windows...) {
		if len(v.Slots) > maxSlots || v.Prior != nil && len(v.Prior) != len(v.Slots) {
			return errors.New("fused: an event whose features are out of bounds")
		}
		for _, s := range v.Slots {
			if s>>bits != 0 {
				return fmt.Errorf("fused: slot %d of a table of 2^%d", s, bits)
			}
		}
	}
	for _, x := range slices.Concat([]float32{e.TokenStep, e.GramStep}, e.Weights[:], e.WindowSteps) {
		if !(math.Abs(float64(x)) <= 1000) {
			return fmt.Errorf("fused: an event with the number %v", x)
		}
	}
	return nil
}

const eventVersion = 1

// Flags of an encoded event.
const (
	flagSpam = 1 << iota
	flagUndo
	flagCount
	flagWindows
	flagsEnd
)

// MarshalBinary encodes the event: about 3 kB for a usual message.
func (e Event) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 64+3*(len(e.Features.Tokens.Slots)+len(e.Features.Grams.Slots)))
	flags := byte(0)
	for i, on := range [...]bool{e.Spam, e.Undo, e.Count, e.windowed()} {
		if on {
			flags |= 1 << i
		}
	}
	b = append(b, eventVersion, flags)
	for _, x := range [...]float32{e.TokenStep, e.GramStep, e.Weights[0], e.Weights[1], e.Weights[2]} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	var enc Encoder
	b = enc.view(enc.view(b, e.Features.Tokens), e.Features.Grams)
	if e.windowed() {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(e.Weights[always]))
		b = append(b, byte(len(e.WindowSteps)))
		for _, x := range e.WindowSteps {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		b = enc.views(b, e.Features.Windows)
	}
	return b, nil
}

// windowed reports whether the event is of a Model with windows.
func (e *Event) windowed() bool { return len(e.WindowSteps) > 0 || e.Weights[always] != 0 }

// An Encoder encodes features, and keeps the memory that it needs for the next ones.
type Encoder struct{ order, spare []uint64 }

// Append appends the features of a message, about 3 kB for a usual one, which
// Features.UnmarshalBinary reads. Slots come back in ascending order.
func (e *Encoder) Append(b []byte, f Features) []byte {
	return e.views(e.view(e.view(b, f.Tokens), f.Grams), f.Windows)
}

// UnmarshalBinary reads what an Encoder wrote.
func (f *Features) UnmarshalBinary(b []byte) error {
	b, ok := readView(b, &f.Tokens)
	if !ok {
		return errFeatures
	}
	if b, ok = readView(b, &f.Grams); !ok {
		return errFeatures
	}
	if f.Windows = nil; len(b) > 0 {
		if f.Windows, ok = readViews(b); !ok {
			return errFeatures
		}
	}
	return nil
}

// views writes views, after which nothing may follow.
func (e *Encoder) views(b []byte, list []View) []byte {
	for _, v := range list {
		b = e.view(b, v)
	}
	return b
}

// readViews reads views to the end, at most maxWindows.
func readViews(b []byte) (list []View, ok bool) {
	for len(b) > 0 && len(list) < maxWindows {
		var v View
		if b, ok = readView(b, &v); !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, len(b) == 0
}

var errFeatures = errors.New("fused: not the features of a message")

// view writes the slots in ascending order as gaps, and after each of the
// few that the prior knows their weight: the lowest bit of a gap tells.
func (e *Encoder) view(b []byte, v View) []byte {
	order := e.ascending(v)
	b = binary.AppendUvarint(b, uint64(len(order)))
	last := uint64(0)
	for _, o := range order {
		s, w := o>>8, byte(o)
		gap := (s - last) << 1
		last = s
		if w == 0 {
			b = binary.AppendUvarint(b, gap)
			continue
		}
		b = append(binary.AppendUvarint(b, gap|1), w)
	}
	return b
}

// ascending returns the slots with their priors in the lowest byte, ascending. It is
// theirs until the next call.
func (e *Encoder) ascending(v View) []uint64 {
	e.order, e.spare = slices.Grow(e.order[:0], len(v.Slots)), slices.Grow(e.spare[:0], len(v.Slots))
	for i, s := range v.Slots {
		o := uint64(s) << 8
		if v.Prior != nil {
			o |= uint64(uint8(v.Prior[i]))
		}
		e.order = append(e.order, o)
	}
	return ascending(e.order, e.spare[:len(e.order)], v.Prior != nil)
}

// ascending sorts slots with their priors in the lowest byte, of which there are
// some if priors is set: the slots by the lower half of their bits and then by the upper
// one, which takes a twelfth of the time of a sort by comparisons. It needs room for as
// many, in which the result may be.
func ascending(list, spare []uint64, priors bool) []uint64 {
	all := uint64(0)
	for _, x := range list {
		all |= x
	}
	width := (bits.Len64(all>>8) + 1) / 2
	const most = 11
	if len(list) < 100 || width > most {
		slices.Sort(list)
		return list
	}
	var low, high [1 << most]uint32 // how many have a digit, then where those begin
	digits := uint64(1)<<width - 1
	for _, x := range list {
		low[x>>8&digits]++
		high[x>>8>>width&digits]++
	}
	at, above := uint32(0), uint32(0)
	for i := range low[:digits+1] {
		low[i], at = at, at+low[i]
		high[i], above = above, above+high[i]
	}
	for _, x := range list {
		to := &low[x>>8&digits]
		spare[*to] = x
		*to++
	}
	for _, x := range spare {
		to := &high[x>>8>>width&digits]
		list[*to] = x
		*to++
	}
	for i := 0; priors && i < len(list); { // Few slots are there twice.
		end := i + 1
		for end < len(list) && list[end]>>8 == list[i]>>8 {
			end++
		}
		if end > i+1 {
			slices.Sort(list[i:end])
		}
		i = end
	}
	return list
}

// sorted returns the view in the order in which an event is read back, in which
// two features that share a slot come to the same weight everywhere.
func (v View) sorted() View {
	s := View{Slots: make([]uint32, len(v.Slots))}
	if v.Prior != nil {
		s.Prior = make([]int8, len(v.Slots))
	}
	var enc Encoder
	for i, o := range enc.ascending(v) {
		s.Slots[i] = uint32(o >> 8)
		if v.Prior != nil {
			s.Prior[i] = int8(o)
		}
	}
	return s
}

var errEvent = errors.New("fused: not an event")

// UnmarshalBinary reads what MarshalBinary wrote. Slots come in ascending order.
func (e *Event) UnmarshalBinary(b []byte) error {
	if len(b) < 22 || b[0] != eventVersion || b[1] >= flagsEnd {
		return errEvent
	}
	flagged := b[1]
	*e = Event{Spam: b[1]&flagSpam != 0, Undo: b[1]&flagUndo != 0, Count: b[1]&flagCount != 0}
	for i, x := range [...]*float32{&e.TokenStep, &e.GramStep, &e.Weights[0], &e.Weights[1], &e.Weights[2]} {
		*x = math.Float32frombits(binary.LittleEndian.Uint32(b[2+4*i:]))
	}
	b, ok := readView(b[22:], &e.Features.Tokens)
	if !ok {
		return errEvent
	}
	windows := flagged&flagWindows != 0
	if b, ok = readView(b, &e.Features.Grams); !ok || len(b) > 0 != windows || windows && !e.readWindows(b) {
		return errEvent
	}
	return e.fits(32)
}

// readWindows reads the weight of the member, and a step for each of the windows
// behind the steps.
func (e *Event) readWindows(b []byte) bool {
	if len(b) < 5 {
		return false
	}
	e.Weights[always] = math.Float32frombits(binary.LittleEndian.Uint32(b))
	n := int(b[4])
	if b = b[5:]; n > maxWindows || len(b) < 4*n {
		return false
	}
	for range n {
		e.WindowSteps = append(e.WindowSteps, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		b = b[4:]
	}
	var ok bool
	e.Features.Windows, ok = readViews(b)
	return ok && e.windowed()
}

func readView(b []byte, v *View) (rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > maxSlots || n > uint64(len(b)) {
		return nil, false
	}
	b = b[size:]
	v.Slots = make([]uint32, 0, n)
	last := uint64(0)
	for i := range int(n) {
		gap, size := binary.Uvarint(b)
		if size <= 0 {
			return nil, false
		}
		b = b[size:]
		if last += gap >> 1; last > math.MaxUint32 {
			return nil, false
		}
		v.Slots = append(v.Slots, uint32(last))
		if gap&1 == 0 {
			continue
		}
		if len(b) == 0 || b[0] == 0 {
			return nil, false
		}
		if v.Prior == nil {
			v.Prior = make([]int8, n)
		}
		v.Prior[i] = int8(b[0])
		b = b[1:]
	}
	return b, true
}

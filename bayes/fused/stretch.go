package fused

import (
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// A stretcher walks over the text that the grams are of, as extractor.grams does,
// and gathers them into stretches: neighbours that speak for one class.
type stretcher struct {
	share map[uint64]float64 // what each gram adds; one that was met adds no more
	grams []Contribution
	list  []Stretch

	field, part string
	size        int
	text        strings.Builder
	last        uint64
	n           int // bytes since the beginning of all
	open        Stretch
	begun       bool
}

// message walks over a message.
func (s *stretcher) message(fields []field, m *mail.Message) {
	left := gramHeader
	for i := range fields {
		f := &fields[i]
		piece := f.name + ":" + f.text
		s.begin(f.name, "", len(piece))
		left = s.add(left, piece+"\n")
	}
	left = gramText
	for _, t := range m.Texts() {
		if left <= 0 {
			break
		}
		s.begin("", t.Part.Path, len(t.Plain()))
		left = s.add(left, t.Plain()+"\n")
	}
	s.end()
}

// begin begins another field or part, which has so many bytes.
func (s *stretcher) begin(field, part string, size int) {
	s.end()
	s.field, s.part, s.size = field, part, size
}

// end ends the stretch that is open.
func (s *stretcher) end() {
	if s.begun {
		s.open.To = min(s.open.To, s.size)
		s.open.Text = cut(strings.Join(strings.Fields(s.text.String()), " "))
		s.list = append(s.list, s.open)
	}
	s.begun = false
	s.text.Reset()
}

// add walks over at most left bytes and returns how many may follow.
func (s *stretcher) add(left int, text string) int {
	text = text[:max(0, min(left, len(text)))]
	for i := 0; i < len(text); i++ {
		s.last = (s.last<<8 | uint64(lower(text[i]))) & gramMask
		if s.n++; s.n < gramSize {
			continue
		}
		h := s.last * gramHashing
		odds := s.share[h]
		delete(s.share, h)
		s.gram(odds)
		s.grow(i, odds)
	}
	return left - len(text)
}

// gram notes a gram of its own.
func (s *stretcher) gram(odds float64) {
	if odds == 0 {
		return
	}
	var b [gramSize]byte
	for i, w := gramSize-1, s.last; i >= 0; i, w = i-1, w>>8 {
		b[i] = byte(w)
	}
	s.grams = append(s.grams, Contribution{"gram", cut(string(b[:])), odds})
}

// grow takes the gram that ends at byte i of the piece into the open stretch, or
// begins another. A gram that was met before, or that says nothing, does not end
// one.
func (s *stretcher) grow(i int, odds float64) {
	if odds != 0 && (!s.begun || odds > 0 != (s.open.LogOdds > 0)) {
		s.end()
		s.begun = true
		s.open = Stretch{Field: s.field, Part: s.part, From: max(0, i-gramSize+1)}
		for w := gramSize - 2; w >= 0; w-- {
			s.text.WriteByte(byte(s.last >> (8 * (w + 1))))
		}
	}
	if !s.begun {
		return
	}
	s.text.WriteByte(byte(s.last))
	s.open.LogOdds += odds
	s.open.To = i + 1
	if s.open.To-s.open.From >= maxStretch {
		s.end()
	}
}

// maxStretch bounds a stretch, in bytes.
const maxStretch = 60

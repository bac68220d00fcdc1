package fused

import "github.com/winnowmail/winnow/mail"

const (
	gramSize    = 5
	gramHeader  = 1500 // bytes of the header
	gramText    = 3000 // bytes of the texts
	gramMask    = 1<<(8*gramSize) - 1
	gramHashing = golden
)

// grams adds every distinct window of gramSize bytes of the message: the fields
// as "name:value\n", then the texts, ASCII letters in lower case.
func (e *extractor) grams(m *mail.Message) {
	w := window{set: &e.set}
	left := gramHeader
	for i := range e.fields {
		f := &e.fields[i]
		left = w.add(w.add(w.add(w.add(left, f.name), ":"), f.text), "\n")
	}
	left = gramText
	for _, t := range m.Texts() {
		if left <= 0 {
			break
		}
		left = w.add(w.add(left, t.Plain()), "\n")
	}
}

// A window slides over bytes.
type window struct {
	set  *set
	last uint64
	n    int
}

// add slides over at most left bytes of s and returns how many may follow.
func (w *window) add(left int, s string) int {
	s = s[:max(0, min(left, len(s)))]
	last, n := w.last, w.n
	for i := 0; i < len(s); i++ {
		last = (last<<8 | uint64(lower(s[i]))) & gramMask
		if n++; n >= gramSize {
			w.set.add(last * gramHashing)
		}
	}
	w.last, w.n = last, n
	return left - len(s)
}

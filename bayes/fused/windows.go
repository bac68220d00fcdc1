package fused

import (
	"strings"

	"github.com/winnowmail/winnow/mail"
)

const (
	windowHeader = 1200 // bytes of the header in every window
	windowText   = 1500 // bytes of the texts
	maxWindows   = 3
	windowBits   = 18 // binary logarithm of the slots of their table, if there are that many
)

// windows are the grams of the header together with the first 1,500 bytes of the
// texts, the next and the last, each as far as there is more text. Whoever pastes
// harmless text before or behind a message fills one of them and not all.
func (e *extractor) windows(m *mail.Message, slot func(hash uint64) uint32) []View {
	var all strings.Builder
	for _, t := range m.Texts() {
		all.WriteString(t.Plain())
		all.WriteByte('\n')
	}
	text := all.String()
	parts := []string{text[:min(len(text), windowText)]}
	if len(text) > windowText {
		parts = append(parts, text[windowText:min(len(text), 2*windowText)])
	}
	if len(text) > 2*windowText {
		parts = append(parts, text[len(text)-windowText:])
	}
	list := make([]View, len(parts))
	for i, part := range parts {
		e.set.reset()
		w := window{set: &e.set}
		left := windowHeader
		for i := range e.fields {
			f := &e.fields[i]
			left = w.add(w.add(w.add(w.add(left, f.name), ":"), f.text), "\n")
		}
		w.add(windowText, part)
		list[i].Slots = make([]uint32, len(e.set.list))
		for k, h := range e.set.list {
			list[i].Slots[k] = slot(h)
		}
	}
	return list
}

// A windowed is the member that Options.Windows adds: a regression on grams whose
// verdict is that on the window that looks most like spam. Spam trains that
// window, ham all of them.
type windowed struct{ regression }

// worst is the place of the window that looks most like spam.
func (w windowed) worst(list []View) int {
	at, most := 0, 0.0
	for i, v := range list {
		if m := w.margin(v); i == 0 || m > most {
			at, most = i, m
		}
	}
	return at
}

// verdict returns the log-odds of spam, 0 without windows.
func (w windowed) verdict(list []View) float64 {
	if w.regression == nil || len(list) == 0 {
		return 0
	}
	return w.margin(list[w.worst(list)])
}

// learn returns the windows that a label trains, and by what steps.
func (w windowed) learn(list []View, spam bool, weight float64) (trained []View, steps []float32) {
	if w.regression == nil {
		return nil, nil
	}
	if spam && len(list) > 0 {
		at := w.worst(list)
		list = list[at : at+1]
	}
	for _, v := range list {
		trained = append(trained, v.sorted())
		steps = append(steps, gradient(w.margin(v), spam, weight, len(v.Slots)))
	}
	return trained, steps
}

// change applies or reverts the steps of an event.
func (w windowed) change(list []View, steps []float32, undo bool) {
	if w.regression == nil {
		return
	}
	for i, v := range list {
		if undo {
			w.revert(v, steps[i])
		} else {
			w.apply(v, steps[i])
		}
	}
}

// fit reports whether a table of 2^bits has all slots of an event.
func fit(list []View, bits int) bool {
	for _, v := range list {
		for _, s := range v.Slots {
			if s>>bits != 0 {
				return false
			}
		}
	}
	return true
}

// size is how many bytes the table takes in an encoding.
func (w windowed) size() int {
	n := 0
	for at := 0; at < len(w.regression); at += blockSlots {
		n++
		if touched(w.regression[at : at+blockSlots]) {
			n += 4 * blockSlots
		}
	}
	return n
}

func (w windowed) append(b []byte) []byte {
	for at := 0; at < len(w.regression); at += blockSlots {
		block := w.regression[at : at+blockSlots]
		if !touched(block) {
			b = append(b, 0)
			continue
		}
		b = appendSlots(append(b, 1), block)
	}
	return b
}

func (w windowed) read(b []byte) (rest []byte, err error) {
	for at := 0; at < len(w.regression); at += blockSlots {
		if len(b) == 0 || b[0] > 1 {
			return nil, errTables
		}
		on := b[0] == 1
		b = b[1:]
		if !on {
			continue
		}
		if b, err = readSlots(b, w.regression[at:at+blockSlots]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

package lists

import (
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// A text is what a source holds.
type text struct {
	source string // "" for the definition's own entries
	data   []byte
}

// A builder makes a Snapshot of texts.
type builder struct {
	snap    *Snapshot
	keys    keyBuilder
	nets    netBuilder
	maxLine int
	bad     []LineError // the first ones
	badN    int
}

// maxBad is how many bad lines of a list are told one by one.
const maxBad = 20

// build reads texts. An error means that the list as a whole can't be used.
func build(d Definition, maxLine int, texts []text) (*builder, error) {
	b := &builder{snap: empty(d), maxLine: maxLine}
	switch d.Kind {
	case CDB:
		var err error
		b.snap.cdb, err = readCDB(texts[0].data)
		return b, err
	case Lines:
		for _, t := range texts {
			b.snap.lines = append(b.snap.lines, t.data...)
			if n := len(b.snap.lines); n > 0 && b.snap.lines[n-1] != '\n' {
				b.snap.lines = append(b.snap.lines, '\n')
			}
		}
		return b, nil
	}
	for _, t := range texts {
		eachLine(t.data, func(n int, line []byte) {
			if err := b.line(line); err != nil {
				b.note(LineError{t.source, n, err})
			}
		})
	}
	b.snap.keys, b.snap.nets = b.keys.table(), b.nets.table()
	b.snap.patterns.done(d.Kind)
	return b, nil
}

// empty is the contents of a list that was not read yet.
func empty(d Definition) *Snapshot {
	s := &Snapshot{kind: d.Kind, multi: d.Multi}
	s.patterns.done(d.Kind)
	return s
}

// line adds what one line says.
func (b *builder) line(line []byte) error {
	if len(line) > b.maxLine {
		return errTooLong
	}
	kind := b.snap.kind
	key, value, ok, err := parseLine(line, kind == Regexps)
	if err != nil || !ok {
		return err
	}
	switch kind {
	case Keys:
		b.keys.add(key, value)
		return nil
	case Nets:
		return b.nets.add(string(key), string(value))
	}
	return b.snap.patterns.add(kind, string(key), string(value))
}

func (b *builder) note(e LineError) {
	b.badN++
	if len(b.bad) < maxBad {
		b.bad = append(b.bad, e)
	}
}

// digest returns a short text that stands for data.
func digest(data []byte) string { return fmt.Sprintf("%016x", xxhash.Sum64(data)) }

// digestOf stands for texts.
func digestOf(texts []text) string {
	h := xxhash.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d ", len(t.data))
		h.Write(t.data)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// entries returns the text of the definition's own lines.
func (d Definition) entries() []text {
	if len(d.Entries) == 0 {
		return nil
	}
	return []text{{"", []byte(strings.Join(d.Entries, "\n"))}}
}

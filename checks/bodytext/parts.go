package bodytext

import (
	"context"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var partsDiffer = &symbols.Def{
	Name: "R_PARTS_DIFFER", Groups: []string{"body"}, Weight: 1,
	Doc: "the two alternatives of a message share less than half of their words",
}

const (
	differ      = 0.5  // of all words, from there on the symbol is raised
	enoughWords = 30   // with more words than this the difference counts double
	maxCompared = 4096 // words of each part
)

func runParts(_ context.Context, t *checks.Task) error {
	plain, html := alternatives(t.Message())
	if plain == nil || html == nil {
		return nil
	}
	a, b, edits := compared(plain), compared(html), distance
	if t.Exact() {
		a, b, edits = plain.Words(), html.Words(), surplus
	}
	n := len(a) + len(b)
	if n == 0 {
		return nil
	}
	d := float64(edits(a, b)) / float64(n)
	if len(a) == 0 || len(b) == 0 {
		d = 1
	}
	if d < differ {
		return nil
	}
	factor := d - differ
	if n > enoughWords {
		factor *= 2
	}
	t.HitAt(symbols.Hit{
		Def: partsDiffer, Factor: factor, Options: []string{strconv.FormatFloat(100*d, 'f', 1, 64) + "%"},
		Evidence: checks.Part(html.Part),
	})
	return nil
}

// alternatives returns the first plain text of a multipart/alternative that
// has an HTML text beside it, and that: directly or in a part of its own.
func alternatives(m *mail.Message) (plain, html *mail.Text) {
	for _, x := range m.Texts() {
		p := x.Part.Parent
		if x.IsHTML || p == nil || p.Type.Type != "multipart" || p.Type.Subtype != "alternative" {
			continue
		}
		for _, y := range m.Texts() {
			if y.IsHTML && inside(y.Part, p) {
				return x, y
			}
		}
	}
	return nil, nil
}

func inside(p, of *mail.Part) bool {
	for ; p != nil; p = p.Parent {
		if p == of {
			return true
		}
	}
	return false
}

func compared(x *mail.Text) []mail.Word {
	w := x.Words()
	return w[:min(len(w), maxCompared)]
}

// surplus is what Rspamd takes for the distance of two word lists: a word in
// place of another costs nothing, one in place of itself 2, one more or less 1.
// So it is how much longer one list is, nearly; of long ones it is that.
func surplus(a, b []mail.Word) int {
	if len(a)+len(b) > maxSurplus {
		return max(len(a), len(b)) - min(len(a), len(b))
	}
	ids := map[string]int{}
	x, y := numbered(a, ids), numbered(b, ids)
	column := make([]int, len(x)+1)
	for i := range column {
		column[i] = i
	}
	for j, w := range y {
		diagonal := column[0]
		column[0] = j + 1
		for i, v := range x {
			cost := diagonal
			if v == w {
				cost += 2
			}
			diagonal = column[i+1]
			column[i+1] = min(column[i+1]+1, column[i]+1, cost)
		}
	}
	return column[len(x)]
}

// maxSurplus is how many words Rspamd compares.
const maxSurplus = 8192

// numbered gives equal words equal numbers.
func numbered(list []mail.Word, ids map[string]int) []int {
	out := make([]int, len(list))
	for i := range list {
		id, ok := ids[list[i].Text]
		if !ok {
			id = len(ids)
			ids[list[i].Text] = id
		}
		out[i] = id
	}
	return out
}

// distance is the Levenshtein distance of two word lists, computed by bits:
// 64 cells of the table at once (Myers 1999, Hyyrö 2003).
func distance(a, b []mail.Word) int {
	for len(a) > 0 && len(b) > 0 && a[0].Text == b[0].Text {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1].Text == b[len(b)-1].Text {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	size := (len(a) + 63) / 64
	places := make(map[string][]uint64, len(a))
	for i := range a {
		m := places[a[i].Text]
		if m == nil {
			m = make([]uint64, size)
			places[a[i].Text] = m
		}
		m[i/64] |= 1 << (i % 64)
	}
	none := make([]uint64, size)
	column := make([]block, size)
	for i := range column {
		column[i].up = ^uint64(0)
	}
	last := uint64(1) << ((len(a) - 1) % 64)
	d := len(a)
	for i := range b {
		m := places[b[i].Text]
		if m == nil {
			m = none
		}
		h := 1
		for k := range column {
			top := uint64(1) << 63
			if k == size-1 {
				top = last
			}
			h = column[k].step(m[k], h, top)
		}
		d += h
	}
	return d
}

// A block is 64 cells of a column: bits where the value grows or falls from
// the cell above.
type block struct{ up, down uint64 }

// step moves the block one column on. h is how the cell above it changed, eq
// tells the equal words; the result is how the cell at top changed.
func (c *block) step(eq uint64, h int, top uint64) int {
	v := eq | c.down
	if h < 0 {
		eq |= 1
	}
	x := (eq&c.up + c.up) ^ c.up | eq
	up, down := c.down|^(x|c.up), c.up&x
	out := 0
	switch {
	case up&top != 0:
		out = 1
	case down&top != 0:
		out = -1
	}
	up, down = up<<1, down<<1
	if h < 0 {
		down |= 1
	} else if h > 0 {
		up |= 1
	}
	c.up, c.down = down|^(v|up), up&v
	return out
}

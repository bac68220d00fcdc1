package counts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/winnowmail/winnow/storage"
)

// A Report tells what became of an import.
type Report struct {
	Spam, Ham int64 // messages that were learned
	Tokens    int   // that were taken over
	Left      int   // that were not: the model makes none like them
	// Again is true if the same dump had been imported before; then it counts no
	// second time.
	Again bool
}

const (
	// perLesson is how many tokens a lesson of an import has at least.
	perLesson = 4096
	// lessonsAtOnce are learned in one call.
	lessonsAtOnce = 256
)

// Classes are the names of the two classes in a store.
type Classes struct{ Spam, Ham string }

// Store adds the counts of a dump to a table; id says by which number the model
// finds a token, ok is false for one that it never looks for.
//
// An import is made of lessons that give the dump's counts: a count is the sum of
// powers of two, each a lesson's weight, and the first lesson of a class stands for
// all messages that need no own. So they are as many as the dump has tokens for,
// however many messages it says it learned. They are named by the dump's content, so
// an import that was interrupted can be repeated, and one that is repeated changes
// nothing; progress is called with how many of the messages are done.
func (d *Dump) Store(ctx context.Context, store storage.Tokens, table string, classes Classes, id func(Token) (n uint64, ok bool), progress func(done, all int64)) (Report, error) {
	tokens, left := d.merged(id)
	r := Report{Spam: d.Spam, Ham: d.Ham, Tokens: len(tokens), Left: left, Again: true}
	if len(tokens) == 0 {
		return r, fmt.Errorf("%w: none of %d", ErrUseless, left)
	}
	name := digest(d, tokens)
	done := int64(0)
	for _, c := range []struct {
		name    string
		lessons int64
		of      func(Token) int64
	}{
		{classes.Spam, d.Spam, func(t Token) int64 { return t.Spam }},
		{classes.Ham, d.Ham, func(t Token) int64 { return t.Ham }},
	} {
		list := lessonsOf(tokens, c.lessons, c.of)
		for i := range list {
			list[i].Class, list[i].Message = c.name, fmt.Sprintf("import/%s/%s/%d", name, c.name, i)
		}
		for batch := range slices.Chunk(list, lessonsAtOnce) {
			learned, err := store.LearnMany(ctx, table, batch)
			for i, l := range learned {
				r.Again = r.Again && !l.Changed
				done += max(1, batch[i].Messages)
			}
			if err != nil {
				return r, fmt.Errorf("counts: %w", err)
			}
			if progress != nil {
				progress(done, d.Spam+d.Ham)
			}
		}
	}
	return r, nil
}

// merged returns the tokens by id, ascending and each once. Of what were several
// tokens to the other filter no count exceeds the messages.
func (d *Dump) merged(id func(Token) (uint64, bool)) (out []Token, left int) {
	list := make([]Token, 0, len(d.Tokens))
	for _, t := range d.Tokens {
		n, ok := id(t)
		if !ok {
			left++
			continue
		}
		list = append(list, Token{ID: n, Spam: t.Spam, Ham: t.Ham})
	}
	slices.SortFunc(list, func(a, b Token) int { return cmp.Compare(a.ID, b.ID) })
	for _, t := range list {
		if len(out) > 0 && out[len(out)-1].ID == t.ID {
			last := &out[len(out)-1]
			t.Spam, t.Ham = t.Spam+last.Spam, t.Ham+last.Ham
			out = out[:len(out)-1]
		}
		t.Spam, t.Ham = min(t.Spam, d.Spam), min(t.Ham, d.Ham)
		out = append(out, t)
	}
	return out, left
}

// lessonsOf returns at most n lessons that give the tokens their counts, of which
// none exceeds n, in a class. Together they stand for n messages.
func lessonsOf(tokens []Token, n int64, of func(Token) int64) (list []storage.Lesson) {
	var groups [64][]uint64
	all := 0
	for _, t := range tokens {
		for c := uint64(of(t)); c != 0; c &= c - 1 {
			bit := bits.TrailingZeros64(c)
			groups[bit] = append(groups[bit], t.ID)
			all++
		}
	}
	size := perLesson
	if n > 0 {
		size = max(size, 2*all/int(n)+1)
	}
	for bit, ids := range groups {
		for part := range slices.Chunk(ids, size) {
			list = append(list, storage.Lesson{IDs: part, Weight: 1 << bit})
		}
	}
	if len(list) == 0 && n > 0 {
		list = append(list, storage.Lesson{})
	}
	if len(list) > 0 {
		list[0].Messages = n - int64(len(list)) + 1
	}
	return list
}

// digest names an import by what it adds.
func digest(d *Dump, tokens []Token) string {
	h := sha256.New()
	b := binary.AppendVarint(binary.AppendVarint([]byte(d.Kind), d.Spam), d.Ham)
	for _, t := range tokens {
		b = binary.AppendVarint(binary.AppendVarint(binary.LittleEndian.AppendUint64(b, t.ID), t.Spam), t.Ham)
		if len(b) > 4096 {
			h.Write(b)
			b = b[:0]
		}
	}
	h.Write(b)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

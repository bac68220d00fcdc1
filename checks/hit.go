package checks

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Hit raises d with factor 1.
func (t *Task) Hit(d *symbols.Def, options ...string) {
	t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: options})
}

// HitFactor raises d with its weight times factor.
func (t *Task) HitFactor(d *symbols.Def, factor float64, options ...string) {
	t.HitAt(symbols.Hit{Def: d, Factor: factor, Options: options})
}

// HitAt raises a symbol with evidence. The Def must be in Check.Symbols.
func (t *Task) HitAt(h symbols.Hit) {
	if !slices.Contains(t.check.Symbols, h.Def) {
		panic(misusef("check %s raised %s, which it does not declare", t.check.Name, h.Def.Name))
	}
	out := t.report()
	out.Hits = append(out.Hits, h)
}

// Field makes evidence of a header field; nil gives none.
func Field(f *mail.Field) []symbols.Evidence {
	if f == nil {
		return nil
	}
	off, n := f.Range()
	return []symbols.Evidence{{Header: f.Name(), Offset: off, Length: n}}
}

// Part makes evidence of a MIME part's body.
func Part(p *mail.Part) []symbols.Evidence {
	if p == nil {
		return nil
	}
	return []symbols.Evidence{{Part: p.Path, Offset: p.BodyOffset, Length: p.BodyLength}}
}

// HitField raises d with a header field as evidence; f may be nil.
func (t *Task) HitField(d *symbols.Def, f *mail.Field, options ...string) {
	t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: options, Evidence: Field(f)})
}

// Text makes evidence of a range of a text part's decoded text, Text.UTF8.
func Text(x *mail.Text, offset, length int) []symbols.Evidence {
	return []symbols.Evidence{{Part: x.Part.Path, Offset: offset, Length: length, Decoded: true}}
}

// URL makes evidence of where a URL was found. The pattern is the URL; of a longer
// one than 200 bytes it is the characters that these hold.
func URL(u *mail.URL) []symbols.Evidence {
	ev := symbols.Evidence{Pattern: u.Text}
	if len(ev.Pattern) > 200 {
		ev.Pattern = strings.ToValidUTF8(ev.Pattern[:200], "")
	}
	switch {
	case u.Part != nil && u.Length > 0 && u.Part.Text() != nil:
		ev.Part, ev.Offset, ev.Length, ev.Decoded = u.Part.Path, u.Offset, u.Length, true
	case u.Part != nil:
		ev.Part = u.Part.Path
	case u.Source == mail.SourceSubject:
		ev.Header = "Subject"
	}
	return []symbols.Evidence{ev}
}

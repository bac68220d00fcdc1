package ucl

import (
	"fmt"
	"sort"
	"strings"
)

// A Pos is a place in a file. Lines and columns count from one, columns in
// bytes. The zero Pos is nowhere.
type Pos struct {
	File      string
	Line, Col int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Col)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Valid says whether p is somewhere.
func (p Pos) Valid() bool { return p.Line > 0 }

// A Reason is why a text is refused.
type Reason string

// The reasons for which a text is refused.
const (
	Syntax             Reason = "syntax"
	BadKey             Reason = "bad-key"
	EmptyKey           Reason = "empty-key"
	ValueMissing       Reason = "value-missing"
	DelimiterMissing   Reason = "delimiter-missing"
	MissingClose       Reason = "missing-close"
	ExtraClose         Reason = "extra-close"
	MismatchedClose    Reason = "mismatched-close"
	UnterminatedString Reason = "unterminated-string"
	UnterminatedText   Reason = "unterminated-heredoc"
	UnterminatedNote   Reason = "unterminated-comment"
	ControlCharacter   Reason = "control-character"
	BadEscape          Reason = "bad-escape"
	NumberRange        Reason = "number-range"
	DuplicateKey       Reason = "duplicate-key"
	CannotMerge        Reason = "cannot-merge"
	UnknownMacro       Reason = "unknown-macro"
	MacroArgument      Reason = "macro-argument"
	Missing            Reason = "include-missing"
	IncludeLoop        Reason = "include-loop"
	InheritMissing     Reason = "inherit-missing"
	Template           Reason = "template-error"
	Empty              Reason = "empty-file"
	Limit              Reason = "limit"
	WrongType          Reason = "wrong-type" // of a reader's typed access
)

// An Error names the place and the reason for which a text, or a value for its
// reader, is refused.
type Error struct {
	Pos  Pos
	Kind Reason
	Msg  string
	Err  error // below it, or nil
}

func (e *Error) Error() string {
	if e.Pos == (Pos{}) {
		return e.Msg
	}
	return e.Pos.String() + ": " + e.Msg
}

// Unwrap is the error below, for errors.Is.
func (e *Error) Unwrap() error { return e.Err }

// A source is one text: what it says after its templates, and how places in
// that lead back to what was written.
type source struct {
	name   string
	text   string
	starts []int // of the lines of what was written
	segs   []segment
}

// A segment says that the text from out on stands at in in what was written.
// A fixed one comes of a template, all of it from the same place.
type segment struct {
	out, in int
	fixed   bool
}

// place is an offset in the text of a source.
type place struct {
	src *source
	off int
}

func (p place) pos() Pos {
	if p.src == nil {
		return Pos{}
	}
	off := p.src.written(p.off)
	line := sort.SearchInts(p.src.starts, off+1) - 1
	return Pos{File: p.src.name, Line: line + 1, Col: off - p.src.starts[line] + 1}
}

// written is the offset in what was written.
func (s *source) written(off int) int {
	i := sort.Search(len(s.segs), func(i int) bool { return s.segs[i].out > off }) - 1
	if i < 0 {
		return off
	}
	if s.segs[i].fixed {
		return s.segs[i].in
	}
	return s.segs[i].in + off - s.segs[i].out
}

// lines are the offsets at which the lines of text begin.
func lines(text string) []int {
	starts := []int{0}
	for off := 0; ; {
		i := strings.IndexByte(text[off:], '\n')
		if i < 0 {
			return starts
		}
		off += i + 1
		starts = append(starts, off)
	}
}

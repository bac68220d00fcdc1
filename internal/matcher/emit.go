package matcher

import (
	"fmt"
	"slices"
	"strings"
)

const (
	stdRepeat = 1000 // the greatest count that package regexp takes
	stdPieces = 8    // how many of them make a greater one
)

// emit writes a pattern in the syntax of package regexp.
func emit(b *strings.Builder, n *node) {
	switch n.op {
	case opRune:
		if n.fold {
			fmt.Fprintf(b, "(?i:%s)", quoteRune(n.r))
			return
		}
		b.WriteString(quoteRune(n.r))
	case opClass:
		emitClass(b, n.class)
	case opConcat:
		emitConcat(b, n.subs)
	case opAlternate:
		b.WriteString("(?:")
		for i, s := range n.subs {
			if i > 0 {
				b.WriteByte('|')
			}
			emit(b, s)
		}
		b.WriteByte(')')
	case opRepeat:
		emitRepeat(b, n)
	case opCapture:
		b.WriteByte('(')
		emit(b, n.sub())
		b.WriteByte(')')
	default:
		b.WriteString([...]string{
			opEmpty: "", opAnyNotNL: `(?-s:.)`, opAny: `(?s:.)`, opBeginText: `\A`, opBeginLine: `(?m:^)`,
			opEndText: `\z`, opEndText1: `(?:\n?\z)`, opEndLine: `(?m:$)`, opWord: `\b`, opNotWord: `\B`,
		}[n.op])
	}
}

// emitConcat joins runs of letters that match in either case.
func emitConcat(b *strings.Builder, subs []*node) {
	for i := 0; i < len(subs); i++ {
		if subs[i].op != opRune || !subs[i].fold {
			emit(b, subs[i])
			continue
		}
		b.WriteString("(?i:")
		for ; i < len(subs) && subs[i].op == opRune && subs[i].fold; i++ {
			b.WriteString(quoteRune(subs[i].r))
		}
		i--
		b.WriteByte(')')
	}
}

func emitRepeat(b *strings.Builder, n *node) {
	var one strings.Builder
	one.WriteString("(?:")
	emit(&one, n.sub())
	one.WriteByte(')')
	lazy := ""
	if n.lazy {
		lazy = "?"
	}
	low, high := n.min, n.max
	for ; low > stdRepeat; low -= stdRepeat {
		fmt.Fprintf(b, "%s{%d}", one.String(), stdRepeat)
		high = max(high-stdRepeat, -1)
	}
	switch {
	case high < 0:
		fmt.Fprintf(b, "%s{%d,}%s", one.String(), low, lazy)
		return
	case high <= stdRepeat:
		fmt.Fprintf(b, "%s{%d,%d}%s", one.String(), low, high, lazy)
		return
	}
	fmt.Fprintf(b, "%s{%d}", one.String(), low)
	for rest := high - low; rest > 0; rest -= stdRepeat {
		fmt.Fprintf(b, "%s{0,%d}%s", one.String(), min(rest, stdRepeat), lazy)
	}
}

// hugeRepeat reports whether a count is too great to be written in pieces, or
// in one where repetitions nest.
func hugeRepeat(n *node, around int) bool {
	inside := around
	if n.op == opRepeat {
		count := max(n.min, n.max, 1)
		if inside *= count; count > stdRepeat*stdPieces || around > 1 && inside > stdRepeat {
			return true
		}
	}
	return slices.ContainsFunc(n.subs, func(s *node) bool { return hugeRepeat(s, inside) })
}

func emitClass(b *strings.Builder, class []rune) {
	if len(class) == 0 {
		b.WriteString(`[^\x00-\x{10FFFF}]`)
		return
	}
	b.WriteByte('[')
	for i := 0; i+1 < len(class); i += 2 {
		b.WriteString(quoteRune(class[i]))
		if class[i+1] > class[i] {
			b.WriteByte('-')
			b.WriteString(quoteRune(class[i+1]))
		}
	}
	b.WriteByte(']')
}

// quoteRune writes a rune that means itself, inside and outside of brackets.
func quoteRune(r rune) string {
	if r == ' ' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return string(r)
	}
	return fmt.Sprintf(`\x{%X}`, r)
}

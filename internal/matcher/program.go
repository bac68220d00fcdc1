package matcher

import (
	"unicode"
	"unicode/utf8"
)

// A code is what an instruction does.
type code uint8

const (
	codeRune code = iota
	codeFold
	codeClass
	codeAny
	codeAnyNotNL
	codeAssert
	codeSplit // goes on at x; at y if that fails
	codeJump
	codeMark   // notes where the match of a group begins or ends
	codeLoop   // leaves a loop whose body took nothing
	codeLook   // runs sub, takes nothing
	codeAtomic // runs sub, takes what it took first
	codeBackref
	codeKeep
	codeMatch
)

type inst struct {
	code  code
	r     rune
	class []rune
	node  *node // of an assertion, a look
	sub   []inst
	x, y  int // where to go on
	slot  int
	// least and most are how far a look behind goes.
	least, most int
}

// A prog is a pattern for the bounded matcher.
type prog struct {
	insts []inst
	slots int // of groups, then of loops
	marks int // of groups alone
	// first are the bytes that a match can begin with; nil where it can be empty.
	first *[256]bool
}

type assembler struct {
	insts []inst
	slots *int // of loops, shared by nested programs
}

func assemble(root *node) *prog {
	groups := 0
	root.each(func(n *node) {
		if n.op == opCapture {
			groups = max(groups, n.group)
		}
	})
	p := &prog{marks: 2 * (groups + 1)}
	p.slots = p.marks
	a := assembler{slots: &p.slots}
	a.node(root)
	a.add(inst{code: codeMatch})
	p.insts = a.insts
	var first [256]bool
	if !firsts(root, &first) {
		p.first = &first
	}
	return p
}

// firsts adds the bytes that a match of n can begin with, and reports whether it
// can be empty.
func firsts(n *node, set *[256]bool) (empty bool) {
	all := func(from, to int) {
		for c := from; c <= to; c++ {
			set[c] = true
		}
	}
	lead := func(r rune) int {
		var b [utf8.UTFMax]byte
		utf8.EncodeRune(b[:], r)
		return int(b[0])
	}
	switch n.op {
	case opRune:
		set[lead(n.r)] = true
		for f := unicode.SimpleFold(n.r); n.fold && f != n.r; f = unicode.SimpleFold(f) {
			set[lead(f)] = true
		}
		if n.r == utf8.RuneError {
			all(0x80, 0xff)
		}
		return false
	case opClass:
		for i := 0; i+1 < len(n.class); i += 2 {
			all(lead(n.class[i]), lead(n.class[i+1]))
		}
		if inClass(n.class, utf8.RuneError) { // a broken byte is one
			all(0x80, 0xff)
		}
		return false
	case opAny, opAnyNotNL:
		all(0, 0xff)
		return false
	case opConcat:
		for _, s := range n.subs {
			if !firsts(s, set) {
				return false
			}
		}
		return true
	case opAlternate:
		for _, s := range n.subs {
			empty = firsts(s, set) || empty
		}
		return empty
	case opRepeat:
		return firsts(n.sub(), set) || n.min == 0
	case opCapture, opAtomic:
		return firsts(n.sub(), set)
	case opBackref:
		all(0, 0xff)
	}
	return true
}

func (a *assembler) add(i inst) int {
	a.insts = append(a.insts, i)
	return len(a.insts) - 1
}

func (a *assembler) node(n *node) {
	switch n.op {
	case opRune:
		c := codeRune
		if n.fold {
			c = codeFold
		}
		a.add(inst{code: c, r: n.r})
	case opClass:
		a.add(inst{code: codeClass, class: n.class})
	case opAny:
		a.add(inst{code: codeAny})
	case opAnyNotNL:
		a.add(inst{code: codeAnyNotNL})
	case opConcat:
		for _, s := range n.subs {
			a.node(s)
		}
	case opAlternate:
		a.alternate(n)
	case opRepeat:
		a.repeat(n)
	case opCapture:
		a.add(inst{code: codeMark, slot: 2 * n.group})
		a.node(n.sub())
		a.add(inst{code: codeMark, slot: 2*n.group + 1})
	case opAtomic:
		a.add(inst{code: codeAtomic, sub: a.nested(n.sub())})
	case opLook:
		least, most := n.sub().width()
		a.add(inst{code: codeLook, node: n, sub: a.nested(n.sub()), least: least, most: most})
	case opBackref:
		a.add(inst{code: codeBackref, node: n, slot: 2 * n.group})
	case opKeep:
		a.add(inst{code: codeKeep})
	case opEmpty:
	default:
		a.add(inst{code: codeAssert, node: n})
	}
}

// nested makes a program of its own.
func (a *assembler) nested(n *node) []inst {
	sub := assembler{slots: a.slots}
	sub.node(n)
	sub.add(inst{code: codeMatch})
	return sub.insts
}

func (a *assembler) alternate(n *node) {
	var ends []int
	for i, s := range n.subs {
		if i == len(n.subs)-1 {
			a.node(s)
			break
		}
		split := a.add(inst{code: codeSplit})
		a.insts[split].x = len(a.insts)
		a.node(s)
		ends = append(ends, a.add(inst{code: codeJump}))
		a.insts[split].y = len(a.insts)
	}
	for _, e := range ends {
		a.insts[e].x = len(a.insts)
	}
}

func (a *assembler) repeat(n *node) {
	if n.poss {
		greedy := *n
		greedy.poss = false
		a.add(inst{code: codeAtomic, sub: a.nested(&greedy)})
		return
	}
	for range n.min {
		a.node(n.sub())
	}
	var splits []int
	split := func() { splits = append(splits, a.add(inst{code: codeSplit})) }
	body := func(at int) {
		a.insts[at].x = len(a.insts)
		a.node(n.sub())
	}
	if n.max < 0 {
		slot := *a.slots
		*a.slots++
		split()
		top := splits[0]
		a.insts[top].x = len(a.insts)
		a.add(inst{code: codeMark, slot: slot})
		a.node(n.sub())
		a.add(inst{code: codeLoop, slot: slot})
		a.add(inst{code: codeJump, x: top})
	}
	for range max(n.max-n.min, 0) {
		split()
		body(splits[len(splits)-1])
	}
	for _, s := range splits {
		i := &a.insts[s]
		if i.y = len(a.insts); n.lazy {
			i.x, i.y = i.y, i.x
		}
	}
}

package regexp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// An atom is a pattern or the call of a function.
type atom struct {
	pattern texts.Pattern
	id      int // of the pattern in the set
	call    function
}

// An expression is one rule's text made ready.
type expression struct {
	tree    *score.Expression
	atoms   []atom
	symbols bool // it asks for other symbols
}

// always reports whether the expression may hold though no pattern occurs.
func (e *expression) always() bool {
	if slices.ContainsFunc(e.atoms, func(a atom) bool { return a.call != nil }) {
		return true
	}
	return e.tree.Eval(func(a *score.Atom) float64 {
		if e.atom(a) == nil {
			return 1
		}
		return 0
	}) != 0
}

// atom returns what an atom of the tree stands for, nil for a number.
func (e *expression) atom(a *score.Atom) *atom {
	rest, ok := strings.CutPrefix(a.Name, "A")
	if n, err := strconv.Atoi(rest); ok && err == nil && n < len(e.atoms) {
		return &e.atoms[n]
	}
	return nil
}

func (e *expression) eval(t *checks.Task, m *texts.Matches) float64 {
	v := e.tree.Eval(func(a *score.Atom) float64 {
		switch x := e.atom(a); {
		case x == nil:
			n, _ := strconv.ParseFloat(a.Text, 64)
			return n
		case x.call == nil:
			return float64(m.Count(x.id))
		case x.call(t):
			return 1
		}
		return 0
	})
	if v != v || v > score.Limit || v < -score.Limit { // a division by zero
		return 0
	}
	return v
}

// evidence lists where the patterns matched that the rule wants to.
func (e *expression) evidence(m *texts.Matches) []symbols.Evidence {
	var out []symbols.Evidence
	for _, a := range e.tree.Atoms() {
		if x := e.atom(&a); x != nil && x.call == nil && !a.Negated {
			out = append(out, m.Evidence(x.id)...)
		}
	}
	return out
}

// A reader splits an expression into atoms and what stands between them.
type reader struct {
	in        string
	pos       int
	selectors map[string]string
	out       strings.Builder
	places    []int // for each byte of out the place in in
	e         *expression
}

// parse reads an expression: Rspamd's operators over patterns and functions.
func parse(text string, selectors map[string]string) (*expression, error) {
	r := &reader{in: text, selectors: selectors, e: &expression{}}
	if err := r.split(); err != nil {
		return nil, err
	}
	tree, err := score.ParseExpression(r.out.String())
	if err != nil {
		var syntax *score.SyntaxError
		if errors.As(err, &syntax) {
			return nil, r.errorf(r.place(syntax.Offset), "%s", syntax.Reason)
		}
		return nil, err
	}
	r.e.tree = tree
	return r.e, nil
}

func (r *reader) place(at int) int {
	if at < len(r.places) {
		return r.places[at]
	}
	return len(r.in)
}

func (r *reader) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("at offset %d: %s", at, fmt.Sprintf(format, args...))
}

// emit writes to the expression that package score reads.
func (r *reader) emit(s string, at int) {
	for range len(s) {
		r.places = append(r.places, at)
	}
	r.out.WriteString(s)
}

func (r *reader) split() error {
	operand := true
	for r.pos < len(r.in) {
		c, at := r.in[r.pos], r.pos
		switch {
		case strings.IndexByte(" \t\r\n()&|!<>=+*", c) >= 0, c == '-' && r.pos+1 < len(r.in) && r.in[r.pos+1] == ' ', c == '/' && !operand:
			r.emit(string(c), at)
			r.pos++
			if operand = operand && (c == ' ' || c == '\t' || c == '\r' || c == '\n') || strings.IndexByte("(&|!<>=+*-/", c) >= 0; c == ')' {
				operand = false
			}
		case r.operator():
			operand = true
		case r.number(operand):
			operand = false
		default:
			if err := r.atom(); err != nil {
				return err
			}
			operand = false
		}
	}
	return nil
}

// operator copies and, or and not.
func (r *reader) operator() bool {
	for _, w := range [...]string{"and", "or", "not"} {
		end := r.pos + len(w)
		if end < len(r.in) && strings.EqualFold(r.in[r.pos:end], w) && strings.IndexByte(" \t\r\n(", r.in[end]) >= 0 {
			r.emit(r.in[r.pos:end], r.pos)
			r.pos = end
			return true
		}
	}
	return false
}

// number copies a number.
func (r *reader) number(operand bool) bool {
	end := r.pos
	for end < len(r.in) && strings.IndexByte("-.0123456789", r.in[end]) >= 0 {
		end++
	}
	if !operand && end == r.pos || end == r.pos || end < len(r.in) && strings.IndexByte(" \t\r\n()&|!<>=+*", r.in[end]) < 0 {
		return false
	}
	if _, err := strconv.ParseFloat(r.in[r.pos:end], 64); err != nil {
		return false
	}
	r.emit(r.in[r.pos:end], r.pos)
	r.pos = end
	return true
}

// atom reads a pattern, with what stands before its equals sign, or a function.
func (r *reader) atom() error {
	at := r.pos
	for r.pos < len(r.in) {
		switch c := r.in[r.pos]; {
		case c == '/':
			return r.pattern(at, "")
		case c == '=' && r.pos+1 < len(r.in) && r.in[r.pos+1] == '/':
			name := r.in[at:r.pos]
			r.pos++
			return r.pattern(at, name)
		case c == '(':
			end := closing(r.in, r.pos)
			if end < 0 {
				return r.errorf(r.pos, "parenthesis is not closed")
			}
			if rest := r.in[end:]; rest == "" || strings.IndexByte(":.=", rest[0]) < 0 || strings.HasPrefix(rest, "==") {
				r.pos = end
				return r.function(at, end)
			}
			r.pos = end // the arguments of a selector
		case strings.IndexByte(" \t\r\n)&|!<>+*", c) >= 0:
			return r.nameless(at)
		default:
			r.pos++
		}
	}
	return r.nameless(at)
}

// nameless is the error about a word that is neither pattern nor function.
func (r *reader) nameless(at int) error {
	word := r.in[at:r.pos]
	if word == "" {
		return r.errorf(at, "unexpected %q", r.in[at:min(at+10, len(r.in))])
	}
	if rest, ok := strings.CutPrefix(word, "lua:"); ok {
		return r.errorf(at, "%s is a function in Lua: a rule in Go is a checks.Check", rest)
	}
	return r.errorf(at, "%q is no pattern and no function; functions of Lua are not there, a rule in Go is a checks.Check%s", word, nearest.Hint(word, slices.Values(Functions())))
}

// closing returns the index after the parenthesis that closes the one at open,
// -1 if there is none. Parentheses in quotes and in patterns don't count.
func closing(s string, open int) int {
	depth, quote := 0, byte(0)
	for i := open; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '/':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// pattern reads from the slash on.
func (r *reader) pattern(at int, name string) error {
	begin := r.pos + 1
	end := begin
	for end < len(r.in) && r.in[end] != '/' {
		if r.in[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(r.in) {
		return r.errorf(r.pos, "the pattern is not closed")
	}
	f := flags{}
	n, err := f.read(r.in[end+1:])
	if err != nil {
		return r.errorf(end+1, "%v", err)
	}
	r.pos = end + 1 + n
	p, err := r.where(name, f)
	if err != nil {
		return r.errorf(at, "%v", err)
	}
	if p.Pattern, err = matcher.Compile(r.in[begin:end], matcher.Options{Flags: f.perl, Bytes: p.Kind.Bytes()}); err != nil {
		var syntax *matcher.SyntaxError
		if errors.As(err, &syntax) {
			return r.errorf(begin+syntax.Offset, "%s", syntax.Reason)
		}
		return r.errorf(begin, "%v", err)
	}
	r.add(atom{pattern: p}, at)
	return nil
}

func (r *reader) add(a atom, at int) {
	r.emit("A"+strconv.Itoa(len(r.e.atoms)), at)
	r.e.atoms = append(r.e.atoms, a)
}

// where says where a pattern looks.
func (r *reader) where(name string, f flags) (texts.Pattern, error) {
	p := texts.Pattern{Kind: f.kind}
	if f.multiple {
		p.Most = 100
	}
	if !f.typed {
		if name == "" {
			return p, errors.New("the pattern has no type, such as {body}, and no header")
		}
		p.Kind = texts.Header
	}
	switch p.Kind {
	case texts.Header, texts.RawHeader, texts.MIMEHeader:
		if name == "" {
			return p, fmt.Errorf("a pattern of the type %v needs a header's name: Name=/…/", p.Kind)
		}
		p.Headers = []string{strings.ToLower(name)}
		if f.strong {
			p.Exact = name
		}
	case texts.Selector:
		if name == "" {
			return p, errors.New("a pattern of the type selector needs a selector: from:domain=/…/")
		}
		var err error
		p.Selector, err = readSelector(name, r.selectors)
		return p, err
	}
	return p, nil
}

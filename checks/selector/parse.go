package selector

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/nearest"
)

// The bounds of a selector.
const (
	maxSelector = 8 << 10
	maxCalls    = 100
)

// A call is a name with its arguments.
type call struct {
	name string
	at   int
	args []arg
}

// An arg is text, or with braces a list of texts or a table of them.
type arg struct {
	text  string
	list  []string
	table map[string]arg
	at    int
}

type parser struct {
	in       string
	pos      int
	calls    int
	o        Options
	requires []checks.Requirement
	required []string // names of those
}

// Parse reads a selector. The error is a *SyntaxError.
func Parse(text string, o Options) (*Selector, error) {
	p := &parser{in: text, o: o}
	if len(text) > maxSelector {
		return nil, p.errorf(maxSelector, "longer than %d bytes", maxSelector)
	}
	s := &Selector{text: text, delimiter: o.Delimiter}
	for {
		p.space()
		one, err := p.pipeline()
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, one)
		p.space()
		if p.pos == len(text) {
			break
		}
		if c := text[p.pos]; c != ';' && c != '*' {
			return nil, p.errorf(p.pos, "unexpected %q", c)
		}
		p.pos++
	}
	s.requires = p.requires
	return s, nil
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Selector: p.in, Offset: at, Reason: fmt.Sprintf(format, args...)}
}

// unknown is the error about a name that nobody has.
func (p *parser) unknown(at int, what, name string, known iter.Seq[string]) error {
	return p.errorf(at, "unknown %s %q%s", what, name, nearest.Hint(name, known))
}

// require notes what the selector reads, once by its name.
func (p *parser) require(name string, rs ...checks.Requirement) {
	if !slices.Contains(p.required, name) {
		p.required, p.requires = append(p.required, name), append(p.requires, rs...)
	}
}

func (p *parser) space() {
	for p.pos < len(p.in) && strings.IndexByte(" \t\n\r", p.in[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *parser) take(c byte) bool {
	if p.pos < len(p.in) && p.in[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// pipeline parses an extractor with what follows it.
func (p *parser) pipeline() (pipeline, error) {
	c, err := p.call("an extractor")
	if err != nil {
		return pipeline{}, err
	}
	out := pipeline{}
	var t typ
	if out.extract, t, err = p.extractor(c); err != nil {
		return pipeline{}, err
	}
	add := func(step func([]item) []item) { out.steps = append(out.steps, step) }
	if p.take(':') {
		if c, err = p.call("a method"); err != nil {
			return pipeline{}, err
		}
		step, err := p.method(c, t)
		if err != nil {
			return pipeline{}, err
		}
		add(step)
		t.of = nil
	}
	for p.take('.') {
		if c, err = p.call("a transform"); err != nil {
			return pipeline{}, err
		}
		if t.of != nil && !takesObjects(c.name) {
			add(t.of.texts)
			t.of = nil
		}
		step, next, err := p.transform(c, t)
		if err != nil {
			return pipeline{}, err
		}
		add(step)
		t = next
	}
	if t.of != nil {
		add(t.of.texts)
	}
	out.list = t.list
	return out, nil
}

// call parses a name and its arguments in parentheses, if there are any.
func (p *parser) call(what string) (call, error) {
	c := call{at: p.pos}
	if p.calls++; p.calls > maxCalls {
		return c, p.errorf(p.pos, "more than %d calls", maxCalls)
	}
	for p.pos < len(p.in) && isName(p.in[p.pos]) {
		p.pos++
	}
	if c.name = p.in[c.at:p.pos]; c.name == "" {
		return c, p.errorf(c.at, "%s is missing", what)
	}
	end := p.pos
	p.space()
	if !p.take('(') {
		p.pos = end
		return c, nil
	}
	for {
		p.space()
		if p.take(')') {
			return c, nil
		}
		a, err := p.arg()
		if err != nil {
			return c, err
		}
		c.args = append(c.args, a)
		p.space()
		p.take(',')
	}
}

func isName(c byte) bool {
	return c == '_' || c == '-' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *parser) arg() (arg, error) {
	if p.pos < len(p.in) && p.in[p.pos] == '{' {
		return p.braces()
	}
	a := arg{at: p.pos}
	var err error
	a.text, err = p.word()
	return a, err
}

// word parses a quoted text or a bare one. Backslashes stay, as in Rspamd: only
// a quote after one does not end the text.
func (p *parser) word() (string, error) {
	at := p.pos
	if at == len(p.in) {
		return "", p.errorf(at, "an argument is missing")
	}
	quote := p.in[at]
	if quote != '\'' && quote != '"' {
		for p.pos < len(p.in) && strings.IndexByte("'\"\r\n\f\\,)(}{= \t", p.in[p.pos]) < 0 {
			p.pos++
		}
		if p.pos == at {
			return "", p.errorf(at, "unexpected %q", p.in[at])
		}
		return p.in[at:p.pos], nil
	}
	for p.pos++; p.pos < len(p.in); p.pos++ {
		switch c := p.in[p.pos]; c {
		case '\\':
			p.pos++
		case quote:
			p.pos++
			return p.in[at+1 : p.pos-1], nil
		case '\r', '\n', '\f':
			return "", p.errorf(p.pos, "a line end inside quotes")
		}
	}
	return "", p.errorf(at, "the quote is not closed")
}

// braces parses {a, b} or {name = value, name = {a, b}}.
func (p *parser) braces() (arg, error) {
	a := arg{at: p.pos, table: map[string]arg{}}
	p.pos++
	for {
		p.space()
		if p.take('}') {
			return a, nil
		}
		at := p.pos
		w, err := p.word()
		if err != nil {
			return a, err
		}
		p.space()
		if !p.take('=') {
			a.list = append(a.list, w)
		} else {
			p.space()
			value := arg{at: p.pos}
			if p.pos < len(p.in) && p.in[p.pos] == '{' {
				if value, err = p.braces(); err == nil && len(value.table) > 0 {
					err = p.errorf(value.at, "a table inside a table")
				}
			} else {
				value.text, err = p.word()
			}
			if err != nil {
				return a, err
			}
			if _, dup := a.table[w]; dup {
				return a, p.errorf(at, "%q is given twice", w)
			}
			a.table[w] = value
		}
		p.space()
		p.take(',')
	}
}

// count checks the number of arguments, all of them plain.
func (p *parser) count(c call, least, most int) error {
	if len(c.args) < least || most >= 0 && len(c.args) > most {
		want := strconv.Itoa(least)
		switch {
		case most < 0:
			want = "at least " + want
		case most > least:
			want = fmt.Sprintf("%d to %d", least, most)
		}
		return p.errorf(c.at, "%s has %d arguments, wants %s", c.name, len(c.args), want)
	}
	for _, a := range c.args {
		if a.list != nil || a.table != nil {
			return p.errorf(a.at, "%s wants text here", c.name)
		}
	}
	return nil
}

// number reads an argument that is one; def stands for an absent one.
func (p *parser) number(c call, i, def int) (int, error) {
	if i >= len(c.args) {
		return def, nil
	}
	n, err := strconv.Atoi(c.args[i].text)
	if err != nil || n < -1<<20 || n > 1<<20 {
		return 0, p.errorf(c.args[i].at, "%s wants a number here, not %q", c.name, c.args[i].text)
	}
	return n, nil
}

// oneOf checks that an argument, if it is there, is one of those known.
func (p *parser) oneOf(c call, i int, known ...string) error {
	if i < len(c.args) && !slices.Contains(known, c.args[i].text) {
		return p.unknown(c.args[i].at, "argument of "+c.name, c.args[i].text, slices.Values(known))
	}
	return nil
}

// texts are the arguments from i on.
func (c *call) texts(i int) []string {
	var out []string
	for ; i < len(c.args); i++ {
		out = append(out, c.args[i].text)
	}
	return out
}

// text is an argument, def where it is absent.
func (c *call) text(i int, def string) string {
	if i < len(c.args) {
		return c.args[i].text
	}
	return def
}

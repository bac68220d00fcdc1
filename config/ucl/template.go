package ucl

import (
	"fmt"
	"strings"
)

// Templates are the part of Rspamd's Jinja dialect that configuration files
// use: {= expression =}, {# comment #}, and between {% and %} the statements
// if, elseif (or elif), else, endif, for NAME in LIST, endfor, set NAME =
// expression, raw and endraw. A minus sign inside a delimiter takes the white
// space outside it away.

// A node is a piece of a template: a text, an expression or a statement.
type node struct {
	at     int // offset in what was written
	text   string
	expr   *expr
	name   string // of the variable of a loop or an assignment
	branch []branch
	loop   []node
	isLoop bool
}

type branch struct {
	cond *expr // nil for else
	body []node
}

// maxSteps is how many texts, expressions and statements a template may carry
// out: loops can lie in loops.
const maxSteps = 200_000

// template reads and carries out the template of one text.
type template struct {
	p     *parser
	src   *source
	text  string
	pos   int
	deep  int
	steps int
	vars  map[string]any
	out   strings.Builder
	segs  []segment
}

// expandTemplate replaces the text of src by what its template makes of it.
func (p *parser) expandTemplate(src *source) error {
	if !strings.Contains(src.text, "{=") && !strings.Contains(src.text, "{%") && !strings.Contains(src.text, "{#") {
		return nil
	}
	t := &template{p: p, src: src, text: src.text, vars: map[string]any{}}
	for name, value := range p.o.Template {
		t.vars[name] = value
	}
	nodes, end, err := t.parse()
	if err != nil {
		return err
	}
	if end != "" {
		return t.fail(t.pos, "{%% %s %%} without a beginning", short(end))
	}
	if err := t.run(nodes); err != nil {
		return err
	}
	src.text, src.segs = t.out.String(), t.segs
	return nil
}

func (t *template) fail(off int, format string, args ...any) error {
	return &Error{Pos: place{t.src, min(off, len(t.text))}.pos(), Kind: Template, Msg: "template: " + fmt.Sprintf(format, args...)}
}

// parse reads nodes up to a statement that it does not know, or the end.
func (t *template) parse() (nodes []node, end string, err error) {
	if t.deep++; t.deep > 64 {
		return nil, "", t.fail(t.pos, "nested too deep")
	}
	defer func() { t.deep-- }()
	for t.pos < len(t.text) {
		i := t.next()
		if i > t.pos {
			nodes = append(nodes, node{at: t.pos, text: t.text[t.pos:i]})
		}
		if t.pos = i; i == len(t.text) {
			break
		}
		at := i
		kind, body, err := t.tag(&nodes)
		if err != nil {
			return nil, "", err
		}
		switch kind {
		case '=':
			e, err := t.expression(at, body)
			if err != nil {
				return nil, "", err
			}
			nodes = append(nodes, node{at: at, expr: e})
		case '%':
			n, end, err := t.statement(at, body)
			if err != nil || end != "" {
				return nodes, end, err
			}
			nodes = append(nodes, n)
		}
	}
	return nodes, "", nil
}

// next is where the next tag begins.
func (t *template) next() int {
	for i := t.pos; ; i++ {
		j := strings.IndexByte(t.text[i:], '{')
		if j < 0 {
			return len(t.text)
		}
		if i += j; i+1 < len(t.text) && strings.IndexByte("=%#", t.text[i+1]) >= 0 {
			return i
		}
	}
}

// tag reads a tag and goes behind it.
func (t *template) tag(nodes *[]node) (kind byte, body string, err error) {
	kind = t.text[t.pos+1]
	closing := string(kind) + "}"
	start := t.pos + 2
	end := strings.Index(t.text[start:], closing)
	if end < 0 {
		return 0, "", t.fail(t.pos, "%s is missing", closing)
	}
	body = t.text[start : start+end]
	t.pos = start + end + 2
	if kind == '#' {
		return kind, "", nil
	}
	if strings.HasPrefix(body, "-") {
		body = body[1:]
		if n := len(*nodes); n > 0 && (*nodes)[n-1].text != "" {
			(*nodes)[n-1].text = strings.TrimRight((*nodes)[n-1].text, " \t\r\n")
		}
	}
	if strings.HasSuffix(body, "-") {
		body = body[:len(body)-1]
		for t.pos < len(t.text) && isSpace(t.text[t.pos]) {
			t.pos++
		}
	}
	return kind, strings.TrimSpace(body), nil
}

// statement reads a statement with all that belongs to it; end is the
// statement itself when it ends or divides one that began before.
func (t *template) statement(at int, body string) (n node, end string, err error) {
	word, rest, _ := strings.Cut(body, " ")
	switch word {
	case "raw":
		return t.raw(at)
	case "set":
		name, value, ok := strings.Cut(rest, "=")
		if n.name = strings.TrimSpace(name); !ok || !isName(n.name) {
			return n, "", t.fail(at, "set needs a name, = and a value")
		}
		n.at = at
		n.expr, err = t.expression(at, value)
		return n, "", err
	case "for":
		name, list, ok := strings.Cut(rest, " in ")
		if n.name = strings.TrimSpace(name); !ok || !isName(n.name) {
			return n, "", t.fail(at, "for needs a name, in and a list")
		}
		n.at, n.isLoop = at, true
		if n.expr, err = t.expression(at, list); err != nil {
			return n, "", err
		}
		if n.loop, end, err = t.parse(); err == nil && end != "endfor" {
			err = t.fail(at, "for without endfor")
		}
		return n, "", err
	case "if":
		return t.condition(at, rest)
	case "else", "elif", "elseif", "endif", "endfor":
		return n, body, nil
	}
	return n, "", t.fail(at, "the statement %q is unknown", short(word))
}

// raw reads up to endraw.
func (t *template) raw(at int) (n node, end string, err error) {
	start := t.pos
	for {
		i := strings.Index(t.text[t.pos:], "{%")
		if i < 0 {
			return n, "", t.fail(at, "raw without endraw")
		}
		before := t.pos + i
		t.pos = before
		_, body, err := t.tag(new([]node))
		if err != nil {
			return n, "", err
		}
		if body == "endraw" {
			return node{at: start, text: t.text[start:before]}, "", nil
		}
	}
}

// condition reads the branches of an if.
func (t *template) condition(at int, cond string) (n node, end string, err error) {
	n.at = at
	for {
		var b branch
		if cond != "" {
			if b.cond, err = t.expression(at, cond); err != nil {
				return n, "", err
			}
		}
		if b.body, end, err = t.parse(); err != nil {
			return n, "", err
		}
		n.branch = append(n.branch, b)
		word, rest, _ := strings.Cut(end, " ")
		switch {
		case word == "endif":
			return n, "", nil
		case word == "else" && cond != "":
			cond = ""
		case (word == "elseif" || word == "elif") && cond != "" && strings.TrimSpace(rest) != "":
			cond = rest
		default:
			return n, "", t.fail(at, "if without endif")
		}
	}
}

package spamassassin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/score"
)

// rule reads the definition of a rule.
func (r *reader) rule(key, rest string) {
	name, def := word(rest)
	x := &rule{name: name, place: r.at, most: 1}
	err := error(nil)
	switch {
	case !validName(name):
		err = errors.New("the name of the rule is not understood")
	case def == "":
		err = errors.New("the rule looks at nothing")
	case key == "meta":
		x.meta, err = readMeta(def)
	case strings.HasPrefix(def, "eval:"):
		x.call, err = readFunction(strings.TrimSpace(def[len("eval:"):]))
	case key == "header" && strings.HasPrefix(def, "exists:"):
		x.call, err = exists(strings.TrimSpace(def[len("exists:"):]))
	case key == "header", key == "mimeheader", key == "selector":
		err = x.compared(key, def)
	default:
		x.kind = map[string]texts.Kind{"body": texts.SABody, "rawbody": texts.SARawBody, "uri": texts.Given, "full": texts.Body}[key]
		if key == "uri" {
			x.header = "uri"
		}
		err = x.regex(def)
	}
	if err != nil {
		r.problem(err.Error())
		r.drop(name)
		return
	}
	r.add(x)
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" && len(name) <= 128
}

// compared reads "Header =~ /x/ [if-unset: y]" and the like.
func (r *rule) compared(key, def string) error {
	i := strings.Index(def, "=~")
	if j := strings.Index(def, "!~"); j >= 0 && (i < 0 || j < i) {
		i, r.negated = j, true
	}
	if i < 0 {
		return errors.New("neither =~ nor !~ stands there")
	}
	what, pattern := strings.TrimSpace(def[:i]), strings.TrimSpace(def[i+2:])
	if k := strings.LastIndex(pattern, "[if-unset:"); k > 0 && strings.HasSuffix(pattern, "]") {
		r.unset = strings.TrimSpace(strings.TrimSuffix(pattern[k+len("[if-unset:"):], "]"))
		pattern = strings.TrimSpace(pattern[:k])
	}
	switch key {
	case "selector":
		r.kind = texts.Selector
		var err error
		if r.selector, err = selector.Parse(what, selector.Options{}); err != nil {
			return err
		}
	case "mimeheader":
		name, mods, _ := strings.Cut(what, ":")
		if mods != "" && mods != "raw" {
			return fmt.Errorf("the modifier :%s of a MIME header is not understood", mods)
		}
		r.kind, r.header = texts.MIMEHeader, strings.ToLower(name)
	default:
		if err := knownHeader(what); err != nil {
			return err
		}
		r.kind, r.header = texts.Given, headerKey(what)
	}
	return r.regex(pattern)
}

// regex reads /x/flags, m{x}flags, m,x,flags. The pattern is compiled when all
// tags are known.
func (r *rule) regex(s string) error {
	open, rest := byte('/'), ""
	switch {
	case strings.HasPrefix(s, "/"):
		rest = s[1:]
	case len(s) > 2 && s[0] == 'm' && (s[1] < '0' || s[1] > 'z' || s[1] > '9' && s[1] < 'A'):
		open, rest = s[1], s[2:]
	default:
		return errors.New("a pattern in slashes is missing")
	}
	end := open
	if i := strings.IndexByte("{(<[", open); i >= 0 {
		end = "})>]"[i]
	}
	i := strings.LastIndexByte(rest, end)
	if i <= 0 {
		return errors.New("the pattern is not closed")
	}
	r.source, r.flags = rest[:i], strings.TrimSpace(rest[i+1:])
	if open != '/' && open == end && strings.IndexByte("|*+?.^$", open) < 0 {
		r.source = strings.ReplaceAll(r.source, `\`+string(open), string(open))
	}
	return nil
}

// compile makes the pattern.
func (r *rule) compile(tags *replacements) error {
	source := r.source
	if tags.rules[r.name] {
		source = tags.apply(source)
	}
	flags := strings.Map(func(flag rune) rune {
		if strings.ContainsRune("oagpcu", flag) { // how Perl works
			return -1
		}
		return flag
	}, r.flags)
	p, err := matcher.Compile(source, matcher.Options{Flags: flags, Bytes: true})
	r.pattern = p
	return err
}

// A meta is an expression of other rules.
type meta struct {
	tree  *score.Expression
	names []string
}

func readMeta(def string) (*meta, error) {
	m := &meta{}
	var b strings.Builder
	for _, t := range tokens(def) {
		switch {
		case strings.IndexByte("()", t[0]) >= 0, t == "!":
			b.WriteString(t)
			continue
		case validName(t) && (t[0] < '0' || t[0] > '9'):
			b.WriteString(" R" + strconv.Itoa(len(m.names)) + " ")
			m.names = append(m.names, t)
			continue
		}
		if _, err := strconv.ParseFloat(t, 64); err != nil && !operator(t) {
			return nil, fmt.Errorf("%q in a meta rule is not understood", t)
		}
		b.WriteString(" " + t + " ")
	}
	tree, err := score.ParseExpression(b.String())
	if err != nil {
		var syntax *score.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("the meta rule is not understood: %s", syntax.Reason)
		}
		return nil, err
	}
	m.tree = tree
	return m, nil
}

func operator(t string) bool {
	switch t {
	case "&&", "||", "+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "&", "|":
		return true
	}
	return false
}

// eval computes the expression from the values of rules by name.
func (m *meta) eval(value func(name string) float64) float64 {
	return m.tree.Eval(func(a *score.Atom) float64 {
		if n, err := strconv.Atoi(strings.TrimPrefix(a.Name, "R")); err == nil && a.Name[0] == 'R' && n < len(m.names) {
			return value(m.names[n])
		}
		n, _ := strconv.ParseFloat(a.Text, 64)
		return n
	})
}

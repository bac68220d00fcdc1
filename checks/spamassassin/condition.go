package spamassassin

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A condition is an open if.
type condition struct {
	at    place
	holds bool
	outer bool // what surrounds it holds
}

// holds reports whether lines count here.
func (r *reader) holds() bool {
	n := len(r.conditions)
	return n == 0 || r.conditions[n-1].holds && r.conditions[n-1].outer
}

// conditional reads if, ifplugin, else and endif.
func (r *reader) conditional(key, rest string) bool {
	switch key {
	case "ifplugin":
		r.open(r.plugin(strings.TrimSpace(rest)))
	case "if":
		c := &conditionReader{in: tokens(rest), r: r}
		ok := c.or()
		if c.bad || c.pos < len(c.in) {
			if r.holds() {
				r.problem("the condition is not understood; its lines do not count")
			}
			ok = false
		}
		r.open(ok)
	case "else":
		if n := len(r.conditions); n > 0 {
			r.conditions[n-1].holds = !r.conditions[n-1].holds
		} else {
			r.problem("else without if")
		}
	case "endif":
		if n := len(r.conditions); n > 0 {
			r.conditions = r.conditions[:n-1]
		} else {
			r.problem("endif without if")
		}
	default:
		return false
	}
	return true
}

func (r *reader) open(ok bool) {
	r.conditions = append(r.conditions, condition{r.at, ok, r.holds()})
}

// plugins are those whose rules are understood.
func plugins() []string {
	return []string{"FreeMail", "HeaderEval", "ReplaceTags", "RelayEval", "MIMEEval", "BodyEval", "MIMEHeader", "WLBLEval", "HTMLEval", "Check"}
}

func (r *reader) plugin(name string) bool {
	short, ok := strings.CutPrefix(name, "Mail::SpamAssassin::Plugin::")
	return ok && slices.Contains(plugins(), short)
}

var token = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`&&|\|\||[<>=!]=|[()<>!]|[\w:.]+|\S`) })

// tokens splits a condition or a meta rule.
func tokens(s string) []string { return token().FindAllString(s, -1) }

// A conditionReader evaluates a condition of Perl's syntax.
type conditionReader struct {
	in    []string
	pos   int
	bad   bool
	r     *reader
	depth int
}

func (c *conditionReader) take(t string) bool {
	if c.pos < len(c.in) && c.in[c.pos] == t {
		c.pos++
		return true
	}
	return false
}

func (c *conditionReader) or() bool {
	v := c.and()
	for c.take("||") {
		w := c.and()
		v = v || w
	}
	return v
}

func (c *conditionReader) and() bool {
	v := c.not()
	for c.take("&&") {
		w := c.not()
		v = v && w
	}
	return v
}

func (c *conditionReader) not() bool {
	if c.depth++; c.depth > 100 || c.pos == len(c.in) {
		c.bad = true
		return false
	}
	defer func() { c.depth-- }()
	if c.take("!") {
		return !c.not()
	}
	if c.take("(") {
		v := c.or()
		c.bad = c.bad || !c.take(")")
		return v
	}
	return c.atom()
}

// The versions that conditions see: rules for newer ones than this are not read.
const (
	saVersion   = 4.000001
	perlVersion = 5.036
)

func (c *conditionReader) atom() bool {
	name := c.in[c.pos]
	c.pos++
	switch name {
	case "version", "perl_version":
		return c.compare(map[string]float64{"version": saVersion, "perl_version": perlVersion}[name])
	case "local_tests_only":
		return false
	case "plugin", "can", "has":
		if !c.take("(") || c.pos+1 >= len(c.in) {
			c.bad = true
			return false
		}
		arg := c.in[c.pos]
		c.pos++
		c.bad = c.bad || !c.take(")")
		if name == "plugin" {
			return c.r.plugin(arg)
		}
		return can(c.r, arg)
	}
	if n, err := strconv.ParseFloat(name, 64); err == nil {
		if c.pos < len(c.in) && strings.Contains(" < > <= >= == != ", " "+c.in[c.pos]+" ") {
			return c.compare(n)
		}
		return n != 0
	}
	c.bad = true
	return false
}

func (c *conditionReader) compare(have float64) bool {
	if c.pos+1 >= len(c.in) {
		c.bad = true
		return false
	}
	op := c.in[c.pos]
	want, err := strconv.ParseFloat(c.in[c.pos+1], 64)
	c.pos += 2
	switch {
	case err != nil:
		c.bad = true
	case op == "<":
		return have < want
	case op == ">":
		return have > want
	case op == "<=":
		return have <= want
	case op == ">=":
		return have >= want
	case op == "==":
		return have == want
	case op == "!=":
		return have != want
	default:
		c.bad = true
	}
	return false
}

// can reports whether a feature is there: one of the language itself, or of a
// plugin that is understood.
func can(r *reader, feature string) bool {
	if rest, ok := strings.CutPrefix(feature, "Mail::SpamAssassin::Conf::"); ok {
		switch rest {
		case "feature_bug6558_free", "feature_registryboundaries", "perl_min_version_5010000", "feature_welcomelist_blocklist":
			return true
		}
		return false
	}
	i := strings.LastIndex(feature, "::")
	return i > 0 && r.plugin(feature[:i]) && known(strings.TrimPrefix(feature[i+2:], "has_"))
}

package ucl

import (
	"cmp"
	"slices"
	"strings"
)

type variable struct{ name, value string }

// variables are vars, the longest names first: without braces a name is taken
// where it is the beginning of what follows a dollar sign.
func variables(vars map[string]string) []variable {
	list := make([]variable, 0, len(vars)+2)
	for name, value := range vars {
		if name != "" {
			list = append(list, variable{name, value})
		}
	}
	slices.SortFunc(list, func(a, b variable) int {
		return cmp.Or(cmp.Compare(len(b.name), len(a.name)), cmp.Compare(a.name, b.name))
	})
	return list
}

// expand replaces the variables in s. $$ is a dollar sign where a variable
// was found in s, and stays as it is where there was none.
func (p *parser) expand(c *chunk, off int, s string) (string, error) {
	if p.o.Verbatim || !strings.Contains(s, "$") {
		return s, nil
	}
	var b strings.Builder
	found := false
	for rest := s; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i < 0 || i+1 == len(rest) {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		if rest = rest[i+1:]; rest[0] == '$' {
			b.WriteByte('$')
			rest = rest[1:]
			continue
		}
		value, n := p.variable(c, rest)
		if n == 0 {
			b.WriteByte('$')
			continue
		}
		found = true
		if err := p.grow(len(value)); err != nil {
			return "", c.limit(off, err)
		}
		b.WriteString(value)
		rest = rest[n:]
	}
	if !found {
		return s, nil
	}
	return b.String(), nil
}

// variable is the value of the variable that s begins with, and the length of
// its name, with braces; zero when there is none.
func (p *parser) variable(c *chunk, s string) (value string, n int) {
	if s[0] == '{' {
		name, _, ok := strings.Cut(s[1:min(len(s), 256)], "}")
		if !ok {
			return "", 0
		}
		for _, v := range p.vars {
			if v.name == name {
				return v.value, len(name) + 2
			}
		}
		if value, ok := c.fileVariable(name); ok {
			return value, len(name) + 2
		}
		return "", 0
	}
	for _, v := range p.vars {
		if strings.HasPrefix(s, v.name) {
			return v.value, len(v.name)
		}
	}
	for _, name := range [...]string{"FILENAME", "CURDIR"} {
		if strings.HasPrefix(s, name) {
			value, _ := c.fileVariable(name)
			return value, len(name)
		}
	}
	return "", 0
}

// fileVariable is what is different in each file.
func (c *chunk) fileVariable(name string) (string, bool) {
	switch name {
	case "FILENAME":
		return c.src.name, true
	case "CURDIR":
		return c.dir(), true
	}
	return "", false
}

package mail

import "strings"

// A styleSheet holds the rules of all <style> elements that have a selector
// of one part: *, name, .class or #id. Rules inside of @media and the like
// don't count, as in Rspamd 4.1.6.
type styleSheet struct {
	ids, classes, names map[string]*style
	all                 *style
	rules               int
}

// maxRules bounds the rules of all sheets of a document.
const maxRules = 4096

// parse adds the rules of one sheet.
func (t *styleSheet) parse(css string) {
	css = lowerASCII(css)
	for css != "" && t.rules < maxRules {
		css = skipBlank(css)
		if css == "" {
			return
		}
		if css[0] == '@' {
			css = skipAtRule(css)
			continue
		}
		open := strings.IndexByte(css, '{')
		if open < 0 {
			return
		}
		selectors := css[:open]
		body := css[open+1:]
		end := strings.IndexByte(body, '}')
		if end < 0 {
			end = len(body)
		}
		var s style
		s.declare(dropComments(body[:end]))
		if s != (style{}) {
			t.add(dropComments(selectors), &s)
		}
		t.rules++
		css = body[min(end+1, len(body)):]
	}
}

// add merges a rule into those that were there before it.
func (t *styleSheet) add(selectors string, s *style) {
	for _, sel := range strings.Split(selectors, ",") {
		sel = strings.TrimSpace(sel)
		if sel == "" {
			continue
		}
		m, key := &t.names, sel
		switch sel[0] {
		case '.':
			m, key = &t.classes, sel[1:]
		case '#':
			m, key = &t.ids, sel[1:]
		case '*':
			if sel == "*" {
				t.all = merged(t.all, s)
			}
			continue
		}
		if key == "" || strings.ContainsAny(key, " \t\r\n.#:>+~[*") {
			continue
		}
		if *m == nil {
			*m = map[string]*style{}
		}
		(*m)[key] = merged((*m)[key], s)
	}
}

func merged(old, s *style) *style {
	n := *s
	if old != nil {
		n.fill(old)
	}
	return &n
}

// apply fills in what the sheets say of an element.
func (t *styleSheet) apply(s *style, name, id, class string) {
	if t.rules == 0 {
		return
	}
	if r := t.ids[lowerASCII(id)]; r != nil && id != "" {
		s.fill(r)
	}
	if t.classes != nil {
		for _, c := range strings.Fields(lowerASCII(class)) {
			if r := t.classes[c]; r != nil {
				s.fill(r)
			}
		}
	}
	if r := t.names[name]; r != nil {
		s.fill(r)
	}
	if t.all != nil {
		s.fill(t.all)
	}
}

// skipBlank steps over white space, comments and the comment marks that old
// pages put around a sheet.
func skipBlank(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n\v\f;}")
		switch {
		case strings.HasPrefix(s, "<!--"):
			s = s[4:]
		case strings.HasPrefix(s, "-->"):
			s = s[3:]
		case strings.HasPrefix(s, "/*"):
			i := strings.Index(s[2:], "*/")
			if i < 0 {
				return ""
			}
			s = s[2+i+2:]
		default:
			return s
		}
	}
}

// skipAtRule steps over an at-rule with its block.
func skipAtRule(s string) string {
	i := strings.IndexAny(s, ";{")
	if i < 0 {
		return ""
	}
	if s[i] == ';' {
		return s[i+1:]
	}
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

// dropComments puts a blank in place of each comment.
func dropComments(s string) string {
	if !strings.Contains(s, "/*") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "/*")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteByte(' ')
		j := strings.Index(s[i+2:], "*/")
		if j < 0 {
			return b.String()
		}
		s = s[i+2+j+2:]
	}
}

package ucl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// An Editor changes single values in the text of a file and leaves everything
// else as it is, byte for byte: order, blanks, comments and macros. Keys that
// included files set are not seen.
type Editor struct {
	name string
	text []byte
	root *Value
}

// Edit reads text for changes. Templates are not understood: in a text that
// has some only what reads as UCL can be changed.
func Edit(name string, text []byte) (*Editor, error) {
	e := &Editor{name: name, text: bytes.Clone(text)}
	return e, e.parse()
}

func (e *Editor) parse() error {
	doc, err := Parse(e.name, e.text, Options{Verbatim: true})
	if err != nil {
		return err
	}
	e.root = doc.Root
	return nil
}

// Bytes is the text as it is now.
func (e *Editor) Bytes() []byte { return bytes.Clone(e.text) }

// Root is the tree of the text as it is now; macros are left out of it.
func (e *Editor) Root() *Value { return e.root }

// bom is how many bytes stand before what offsets count from.
func (e *Editor) bom() int {
	if bytes.HasPrefix(e.text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// Set makes value, which is UCL such as 5s or "text", the value of the key at
// the end of path. Of a repeated key the last value is changed. A key that is
// not there is added at the end of its section, and so are sections. Where the
// file is written in a way that leaves no place for the value, as `section "name"
// {}` leaves none beside "name", that is an error and nothing changes.
func (e *Editor) Set(value string, path ...string) error {
	doc, err := Parse("", []byte("v = "+value+"\n"), Options{Verbatim: true})
	if err != nil {
		return fmt.Errorf("the value %s: %w", short(value), err)
	}
	if len(path) == 0 {
		return fmt.Errorf("no key is given")
	}
	old := e.text
	if err := e.set(value, path); err != nil {
		return err
	}
	if got := last(e.root, path); got == nil || asJSON(got) != asJSON(last(doc.Root, []string{"v"})) {
		e.text = old
		return errors.Join(fmt.Errorf("there is no place for %s", strings.Join(path, ".")), e.parse())
	}
	return nil
}

// last is the last value at the end of path, nil if there is none.
func last(at *Value, path []string) *Value {
	for _, key := range path {
		m := at.Member(key)
		if m == nil {
			return nil
		}
		at = m.Values[len(m.Values)-1]
	}
	return at
}

func asJSON(v *Value) string {
	var b bytes.Buffer
	_ = WriteJSON(&b, v) // into memory
	return b.String()
}

func (e *Editor) set(value string, path []string) error {
	at := e.root
	for i, key := range path {
		m := at.Member(key)
		if m == nil {
			return e.insert(at, path[i:], value)
		}
		last := m.Values[len(m.Values)-1]
		if i == len(path)-1 {
			return e.splice(last.start, last.end, value)
		}
		if last.Kind != Object {
			return last.Errorf("%s is no section", key)
		}
		at = last
	}
	return nil
}

// Delete takes a key and all its values out, with their lines where nothing
// else stands in them. A key that is not there is no error.
func (e *Editor) Delete(path ...string) error {
	if len(path) == 0 {
		return fmt.Errorf("no key is given")
	}
	for {
		at := e.root.Get(path[:len(path)-1]...)
		if at != nil && at.Kind == Array && at.Implicit {
			return at.Errorf("the section is repeated")
		}
		m := at.Member(path[len(path)-1])
		if m == nil {
			return nil
		}
		if err := e.cut(m.Values); err != nil {
			return err
		}
	}
}

// cut takes values out, which stand one behind the other.
func (e *Editor) cut(values []*Value) error {
	var kept [][]byte
	begin := 0
	for i := 0; i < len(values); {
		from, to := e.extent(values[i])
		for i++; i < len(values); i++ {
			next, end := e.extent(values[i])
			if next > to {
				break
			}
			to = max(to, end)
		}
		from, to = e.line(from, to)
		kept = append(kept, e.text[begin:max(begin, from)])
		begin = max(begin, to)
	}
	return e.put(bytes.Join(append(kept, e.text[begin:]), nil))
}

// extent is where a value stands with its key and separators.
func (e *Editor) extent(v *Value) (from, to int) {
	from, to = v.at.off+e.bom(), v.end+e.bom()
	for to < len(e.text) && (isBlank(e.text[to]) || e.text[to] == ';' || e.text[to] == ',') {
		to++
	}
	if to < len(e.text) && e.text[to] == '\r' {
		to++
	}
	return from, to
}

// line is the whole line where nothing else is in it.
func (e *Editor) line(from, to int) (int, int) {
	start := from
	for start > 0 && e.text[start-1] != '\n' && isSpace(e.text[start-1]) {
		start--
	}
	if (start == 0 || e.text[start-1] == '\n') && (to == len(e.text) || e.text[to] == '\n') {
		return start, min(to+1, len(e.text))
	}
	return from, to
}

// insert adds a key to section.
func (e *Editor) insert(section *Value, path []string, value string) error {
	depth := 0
	at := len(e.text)
	margin := ""
	if section != e.root {
		at = section.end + e.bom() - 1 // before its brace
		margin = e.marginOf(section.at.off+e.bom()) + "  "
		if n := len(section.members); n > 0 {
			margin = e.marginOf(section.members[n-1].at.off + e.bom())
		}
	} else if braced := bytes.TrimSpace(e.text[e.bom():]); len(braced) > 0 && braced[0] == '{' {
		at = bytes.LastIndexByte(e.text, '}')
	}
	var b strings.Builder
	for ; depth < len(path)-1; depth++ {
		b.WriteString(margin + strings.Repeat("  ", depth) + quoteKey(path[depth]) + " {\n")
	}
	b.WriteString(margin + strings.Repeat("  ", depth) + quoteKey(path[depth]) + " = " + value + ";\n")
	for depth--; depth >= 0; depth-- {
		b.WriteString(margin + strings.Repeat("  ", depth) + "}\n")
	}
	text := b.String()
	line := bytes.LastIndexByte(e.text[:at], '\n') + 1
	switch before := bytes.TrimSpace(e.text[line:at]); {
	case len(before) == 0 && at < len(e.text):
		at = line
	case len(before) > 0 || at == line && at > 0 && e.text[at-1] != '\n':
		text = e.separator(at) + "\n" + text
	}
	return e.replace(at, at, text)
}

// separator is a semicolon where the last value before at ends without one.
func (e *Editor) separator(at int) string {
	if at == len(e.text) {
		return "" // the end of the line separates
	}
	before := bytes.TrimSpace(e.text[:at])
	if n := len(before); n == 0 || bytes.IndexByte([]byte("{};,"), before[n-1]) >= 0 {
		return ""
	}
	return ";"
}

// marginOf is the white space that the line of off begins with.
func (e *Editor) marginOf(off int) string {
	line := bytes.LastIndexByte(e.text[:off], '\n') + 1
	end := line
	for end < off && isBlank(e.text[end]) {
		end++
	}
	return string(e.text[line:end])
}

func (e *Editor) splice(start, end int, value string) error {
	return e.replace(start+e.bom(), end+e.bom(), value)
}

func (e *Editor) replace(from, to int, text string) error {
	return e.put(bytes.Join([][]byte{e.text[:from], []byte(text), e.text[to:]}, nil))
}

// put changes the text; when it can't be read any longer nothing changes.
func (e *Editor) put(text []byte) error {
	old := e.text
	e.text = text
	if err := e.parse(); err != nil {
		e.text = old
		return fmt.Errorf("the change would break the file: %w", err)
	}
	return nil
}

package ucl

import (
	"bufio"
	"io"
	"strings"
)

// Style says how Write writes.
type Style struct {
	// Places writes behind each value the file and line that it comes from, and
	// those of the values that it took the place of.
	Places bool
}

// Write writes v as UCL in the form of rspamadm configdump: key = value; a line
// each, objects and lists in brackets, several lines of text as a heredoc. The
// keys of an object v stand at the margin. Reading it again gives the same
// tree, provided that no string holds a variable; $ is not escaped.
func Write(w io.Writer, v *Value, s Style) error {
	b := bufio.NewWriter(w)
	e := emitter{b, s}
	if v != nil && v.Kind == Object {
		e.members(v, 0)
	} else {
		e.value(v, 0)
		b.WriteByte('\n')
	}
	return b.Flush()
}

type emitter struct {
	*bufio.Writer
	Style
}

func (e emitter) margin(depth int) {
	for range min(depth, 64) {
		e.WriteString("    ")
	}
}

// members writes the keys of an object, each as often as it has values.
func (e emitter) members(v *Value, depth int) {
	for _, m := range v.members {
		for _, value := range m.Values {
			e.margin(depth)
			e.WriteString(quoteKey(m.Key))
			switch value.Kind {
			case Object, Array:
				e.WriteByte(' ')
				e.value(value, depth)
			default:
				e.WriteString(" = ")
				e.value(value, depth)
				e.WriteByte(';')
			}
			e.places(value)
			e.WriteByte('\n')
		}
	}
}

// places notes where a value comes from. A container is where its keys are.
func (e emitter) places(v *Value) {
	if !e.Places || !v.Pos().Valid() {
		return
	}
	e.WriteString(" # " + v.Pos().String())
	for i, old := range v.Over {
		if i == 0 {
			e.WriteString(", over ")
		} else {
			e.WriteString("; ")
		}
		e.WriteString(old.Pos().String())
		switch old.Kind {
		case Object, Array:
			e.WriteString(" (" + old.Kind.String() + ")")
		case String:
			e.WriteString(" (" + quoteJSON(short(old.Text)) + ")")
		default:
			e.WriteString(" (" + old.word() + ")")
		}
	}
}

func (e emitter) value(v *Value, depth int) {
	switch {
	case v == nil:
		e.WriteString("null")
	case v.Kind == Object && len(v.members) == 0:
		e.WriteString("{}")
	case v.Kind == Object:
		e.WriteString("{\n")
		e.members(v, depth+1)
		e.margin(depth)
		e.WriteByte('}')
	case v.Kind == Array && len(v.Items) == 0:
		e.WriteString("[]")
	case v.Kind == Array:
		e.WriteString("[\n")
		for _, item := range v.Items {
			e.margin(depth + 1)
			e.value(item, depth+1)
			if item.Kind != Object && item.Kind != Array {
				e.WriteByte(',')
			}
			e.WriteByte('\n')
		}
		e.margin(depth)
		e.WriteByte(']')
	case v.Kind == String:
		e.text(v)
	default:
		e.WriteString(v.word())
	}
}

// text writes a string as it was written: in single quotes, as a heredoc, or
// else in double ones.
func (e emitter) text(v *Value) {
	switch s := v.Text; {
	case v.Quote == Heredoc && s != "" && !strings.Contains("\n"+s, "\nEOD"):
		e.WriteString("<<EOD\n" + s + "\nEOD")
	case v.Quote == Single && fitsSingle(s):
		e.WriteString("'" + strings.ReplaceAll(s, "'", `\'`) + "'")
	default:
		e.WriteString(quoteDouble(s))
	}
}

// fitsSingle says whether s in single quotes, its own ones escaped, reads as s.
func fitsSingle(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n', '\r':
			return false
		case '\\': // stays, and so does what is behind it
			if i++; i == len(s) || s[i] == '\'' || s[i] == '\n' || s[i] == '\r' {
				return false
			}
		}
	}
	return true
}

// quoteDouble is s in double quotes; bytes that are no UTF-8 stay.
func quoteDouble(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c == 0x7f {
			q := quoteJSON(string(rune(c)))
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteKey is a key, in quotes where it needs them.
func quoteKey(key string) string {
	if key == "" || !startsKey(key[0]) || strings.HasPrefix(key, "\ufeff") {
		return quoteDouble(key)
	}
	for i := 0; i < len(key); i++ {
		if !inKey(key[i]) || key[i] == '/' && strings.HasPrefix(key[i:], "/*") {
			return quoteDouble(key)
		}
	}
	return key
}

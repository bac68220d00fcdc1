package ucl

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteJSON writes v as JSON, indented by four blanks as rspamadm configdump -j
// does. Keys stay in their order, the values of a repeated key are a list, and
// numbers that JSON does not have are null. What is no UTF-8 becomes U+FFFD.
func WriteJSON(w io.Writer, v *Value) error {
	b := bufio.NewWriter(w)
	writeJSON(b, v, 0)
	b.WriteByte('\n')
	return b.Flush()
}

func writeJSON(b *bufio.Writer, v *Value, depth int) {
	switch {
	case v == nil:
		b.WriteString("null")
	case v.Kind == Object:
		jsonBlock(b, '{', '}', depth, len(v.members), func(i int) {
			b.WriteString(quoteJSON(v.members[i].Key))
			b.WriteString(": ")
			writeJSON(b, v.members[i].Value(), depth+1)
		})
	case v.Kind == Array:
		jsonBlock(b, '[', ']', depth, len(v.Items), func(i int) { writeJSON(b, v.Items[i], depth+1) })
	case v.Kind == String:
		b.WriteString(quoteJSON(v.Text))
	case (v.Kind == Float || v.Kind == Seconds) && (math.IsInf(v.Float, 0) || math.IsNaN(v.Float)):
		b.WriteString("null")
	default:
		b.WriteString(v.word())
	}
}

func jsonBlock(b *bufio.Writer, open, shut byte, depth, n int, item func(int)) {
	b.WriteByte(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		indent(b, depth+1)
		item(i)
	}
	if n > 0 {
		indent(b, depth)
	}
	b.WriteByte(shut)
}

// indent begins a line; very deep ones are not indented any further.
func indent(b *bufio.Writer, depth int) {
	b.WriteByte('\n')
	for range min(depth, 64) {
		b.WriteString("    ")
	}
}

// word is a value that is neither a string nor a container.
func (v *Value) word() string {
	switch v.Kind {
	case Bool:
		return strconv.FormatBool(v.Bool)
	case Int:
		return strconv.FormatInt(v.Int, 10)
	case Seconds: // whole ones without a point, as rspamadm prints them
		return strconv.FormatFloat(v.Float+0, 'g', -1, 64)
	case Float:
		s := strconv.FormatFloat(v.Float, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eEIN") {
			s += ".0"
		}
		return s
	}
	return "null"
}

// quoteJSON is s in double quotes.
func quoteJSON(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r < 0x20 || r == 0x7f:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
		i += n
	}
	return string(append(b, '"'))
}

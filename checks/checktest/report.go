package checktest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

func hitsOf(outs []checks.Outcome) []symbols.Hit {
	var hits []symbols.Hit
	for _, o := range outs {
		hits = append(hits, o.Hits...)
	}
	return hits
}

// report writes what checks reported about a message as fixtures have it.
func report(m *mail.Message, outs []checks.Outcome) string {
	var b bytes.Buffer
	for _, h := range hitsOf(outs) {
		fmt.Fprintf(&b, "%s %s", h.Def.Name, strconv.FormatFloat(h.Factor, 'g', 6, 64))
		if len(h.Options) > 0 {
			fmt.Fprintf(&b, " [%s]", strings.Join(h.Options, ", "))
		}
		b.WriteByte('\n')
		for _, e := range h.Evidence {
			writeEvidence(&b, m, e)
		}
	}
	for _, o := range outs {
		for _, p := range o.PreResults {
			writePreResult(&b, p.Value)
			endLine(&b, p.Of)
		}
	}
	for _, o := range outs {
		for _, e := range o.Edits {
			writeEdit(&b, e.Value)
			endLine(&b, e.Of)
		}
	}
	for _, o := range outs {
		for _, n := range o.Notes {
			fmt.Fprintf(&b, "= note %s", strconv.QuoteToASCII(n.Value))
			endLine(&b, n.Of)
		}
	}
	return b.String()
}

// writeEvidence writes where a place is, how long, and what is there.
func writeEvidence(b *bytes.Buffer, m *mail.Message, e symbols.Evidence) {
	b.WriteString("   ")
	if e.Part != "" {
		fmt.Fprintf(b, " part %s", e.Part)
	}
	if e.Header != "" {
		fmt.Fprintf(b, " header %s", strconv.QuoteToASCII(e.Header))
	}
	if e.Length != 0 || e.Offset != 0 {
		text, ok := quoted(m, e)
		switch {
		case !ok:
			fmt.Fprintf(b, " OUTSIDE THE MESSAGE at %d+%d", e.Offset, e.Length)
		case e.Decoded:
			fmt.Fprintf(b, " decoded %s", excerpt(text))
		default:
			fmt.Fprintf(b, " %s", excerpt(text))
		}
	}
	for _, x := range []struct{ name, text string }{{"pattern", e.Pattern}, {"query", e.Query}, {"answer", e.Answer}} {
		if x.text != "" {
			fmt.Fprintf(b, " %s %s", x.name, excerpt(x.text))
		}
	}
	b.WriteByte('\n')
}

// quoted returns what the message says at a place.
func quoted(m *mail.Message, e symbols.Evidence) (string, bool) {
	text := string(m.Raw())
	if e.Decoded {
		i := slices.IndexFunc(m.Parts(), func(p *mail.Part) bool { return p.Path == e.Part })
		if i < 0 || m.Parts()[i].Text() == nil {
			return "", false
		}
		text = m.Parts()[i].Text().UTF8()
	}
	if e.Offset < 0 || e.Length < 0 || e.Length > len(text) || e.Offset > len(text)-e.Length {
		return "", false
	}
	return text[e.Offset : e.Offset+e.Length], true
}

// excerpt quotes a text; of a long one it shows both ends and its length, so
// that a place that is shifted by a byte is seen all the same.
func excerpt(s string) string {
	const end = 30
	if len(s) <= 3*end {
		return strconv.QuoteToASCII(s)
	}
	return fmt.Sprintf("%s ... %s (%d bytes)", strconv.QuoteToASCII(s[:end]), strconv.QuoteToASCII(s[len(s)-end:]), len(s))
}

func writePreResult(b *bytes.Buffer, p actions.PreResult) {
	fmt.Fprintf(b, "= pre-result %q by %s, priority %d", p.Action, p.Check, p.Priority)
	if p.HasScore {
		fmt.Fprintf(b, ", score %v", p.Score)
	}
	for _, flag := range []struct {
		on   bool
		name string
	}{{p.AtThreshold, "at threshold"}, {p.Least, "least"}, {p.ProcessAll, "process all"}, {p.NoMessage, "no message"}} {
		if flag.on {
			fmt.Fprintf(b, ", %s", flag.name)
		}
	}
	if p.Message != "" {
		fmt.Fprintf(b, ": %s", strconv.QuoteToASCII(p.Message))
	}
}

// writeEdit writes an edit; of a long value, as a signature is, both ends.
func writeEdit(b *bytes.Buffer, e actions.HeaderEdit) {
	if e.Remove {
		fmt.Fprintf(b, "= edit remove %s at %d", e.Name, e.Index)
		return
	}
	fmt.Fprintf(b, "= edit add %s at %d: %s", e.Name, e.Index, excerpt(e.Value))
}

// endLine ends a line with the symbols, if any, that the reported thing belongs
// to.
func endLine(b *bytes.Buffer, of []*symbols.Def) {
	for i, d := range of {
		b.WriteString([...]string{" of ", ", "}[min(i, 1)] + d.Name)
	}
	b.WriteByte('\n')
}

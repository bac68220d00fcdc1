package milterheaders

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// A writer makes the edits of one verdict.
type writer struct {
	o               Options
	v               *checks.Judged
	queueID, server string
	edits           []actions.HeaderEdit
}

// routine adds what the named routine writes.
func (w *writer) routine(name string) {
	h := w.o.header(name)
	switch name {
	case xSpamdResult:
		w.put(h, h.Name, w.result(h))
		if w.v.By != nil {
			w.put(h, "X-Rspamd-Pre-Result", preResult(w.v.By))
		}
	case xRspamdServer:
		w.put(h, h.Name, w.server)
	case xRspamdQueueID:
		w.put(h, h.Name, clean(w.queueID))
	case xRspamdAction:
		w.put(h, h.Name, clean(string(w.v.Action)))
	case xSpamdBar:
		w.put(h, h.Name, bar(w.v.Score, h))
	case xSpamLevel:
		w.put(h, h.Name, repeat(h.Char, w.v.Score))
	case xSpamStatus:
		word := "No"
		if w.spam() {
			word = "Yes"
		}
		w.put(h, h.Name, word+", score="+number(w.v.Score))
	case spamHeader:
		value := ""
		if w.spam() {
			value = h.Value
		}
		w.put(h, h.Name, value)
	case xVirus:
		w.put(h, h.Name, w.viruses(h.Symbols))
	case addHeaders:
		for _, f := range w.o.Add {
			w.put(h, f.Name, f.Value)
		}
	case removeHeaders:
		for _, name := range w.o.Remove {
			w.edits = append(w.edits, removal(name))
		}
	}
}

// put takes away what the message came with under a name and adds a field, if
// there is something to say.
func (w *writer) put(h Header, name, value string) {
	if !h.Keep {
		w.edits = append(w.edits, removal(name))
	}
	if value != "" {
		w.edits = append(w.edits, actions.HeaderEdit{Name: name, Value: value})
	}
}

// spam reports whether the action is more than to wait.
func (w *writer) spam() bool { return w.v.Action.Severity() > actions.Greylist.Severity() }

// Lines of a header may have 998 bytes (RFC 5322 section 2.1.1), and servers
// cut off headers that are longer than some 100 kB.
const (
	maxLine    = 900
	maxOptions = 4 << 10 // of one symbol
	maxValue   = 32 << 10
)

// result writes score and symbols, a line for each, folded as it goes into the
// message.
func (w *writer) result(h Header) string {
	var b strings.Builder
	word := "False"
	if w.v.Action == actions.Reject {
		word = "True"
	}
	b.WriteString("default: " + word + " [" + number(w.v.Score) + " / " + number(w.v.Required) + "]")
	symbols := slices.Clone(w.v.Symbols)
	slices.SortStableFunc(symbols, func(x, y checks.JudgedSymbol) int {
		if h.ByName {
			return cmp.Compare(x.Name, y.Name)
		}
		return cmp.Compare(math.Abs(y.Score), math.Abs(x.Score))
	})
	for i := range symbols {
		line := symbol(&symbols[i])
		if b.Len()+len(line) > maxValue {
			break
		}
		b.WriteString(";\r\n\t" + line)
	}
	return b.String()
}

// symbol writes one symbol with its options; a long line is folded after a
// comma, an option that is too long for a line of its own is cut, and so is a
// list of options that is too long.
func symbol(s *checks.JudgedSymbol) string {
	var b strings.Builder
	b.WriteString(s.Name + "(" + number(s.Score) + ")[")
	width := b.Len()
	for i, o := range s.Options {
		if i > 0 {
			b.WriteByte(',')
			width++
		}
		if b.Len() > maxOptions {
			b.WriteString("...")
			break
		}
		o = clean(o)
		if len(o) > maxLine/2 {
			o = o[:maxLine/2] + "..."
		}
		if width+len(o) > maxLine {
			b.WriteString("\r\n\t")
			width = 0
		}
		b.WriteString(o)
		width += len(o)
	}
	b.WriteByte(']')
	return b.String()
}

func preResult(p *actions.PreResult) string {
	text := "action=" + string(p.Action) + "; module=" + p.Check
	if p.Message != "" {
		text += "; " + p.Message
	}
	return clean(text)
}

func bar(score float64, h Header) string {
	switch {
	case score >= 1:
		return repeat(h.Positive, score)
	case score <= -1:
		return repeat(h.Negative, -score)
	}
	return h.Neutral
}

// repeat writes a sign for each whole point, a hundred at most.
func repeat(sign string, points float64) string {
	return strings.Repeat(sign, int(min(max(points, 0), 100)))
}

// viruses lists the first option of each symbol that was raised.
func (w *writer) viruses(symbols []string) string {
	var found []string
	for _, name := range symbols {
		switch s := w.v.Symbol(name); {
		case s == nil:
		case len(s.Options) == 0:
			found = append(found, "unknown")
		default:
			found = append(found, clean(s.Options[0]))
		}
	}
	return strings.Join(found, ",")
}

// number has two decimals, and no minus where these are zero.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'f', 2, 64)
	if s == "-0.00" {
		return s[1:]
	}
	return s
}

// clean writes what a sender may have chosen so that it stays one printable
// piece of a header: everything else than printable ASCII is escaped as in Go.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return s
	}
	quoted := strconv.QuoteToASCII(s)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}

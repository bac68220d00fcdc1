package winnow

import (
	"bytes"
	"math"
	"strconv"

	"github.com/winnowmail/winnow/internal/jsontext"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

type jsonWriter struct {
	bytes.Buffer
	comma  bool
	labels map[*symbols.Def]label
}

// A label is what is the same in JSON whenever a symbol is written: what
// stands before the scores and what stands behind them.
type label struct{ before, after string }

// labels makes them for all symbols.
func labels(metric *score.Compiled) map[*symbols.Def]label {
	all := make(map[*symbols.Def]label)
	for _, d := range metric.Defs() {
		all[d] = labelOf(d)
	}
	return all
}

func labelOf(d *symbols.Def) label {
	before, after := &jsonWriter{}, &jsonWriter{comma: true}
	before.key(d.Name).open('{')
	before.key("name").str(d.Name)
	if d.Doc != "" {
		after.key("description").str(d.Doc)
	}
	return label{before.String(), after.String()}
}

func (w *jsonWriter) open(b byte)  { w.sep(); w.WriteByte(b); w.comma = false }
func (w *jsonWriter) close(b byte) { w.WriteByte(b); w.comma = true }

func (w *jsonWriter) sep() {
	if w.comma {
		w.WriteByte(',')
	}
	w.comma = true
}

func (w *jsonWriter) key(k string) *jsonWriter {
	w.str(k)
	w.WriteByte(':')
	w.comma = false
	return w
}

func (w *jsonWriter) raw(s string) { w.sep(); w.WriteString(s) }

func (w *jsonWriter) str(s string) {
	w.sep()
	w.Write(jsontext.AppendString(w.AvailableBuffer(), s))
}

// num writes whole numbers with one decimal, as Rspamd does. JSON can't hold
// infinities and NaN; scores and thresholds are never such.
func (w *jsonWriter) num(f float64) {
	w.sep()
	if f += 0; math.IsNaN(f) || math.IsInf(f, 0) { // the sum makes -0 0
		f = 0
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		w.WriteString(strconv.FormatFloat(f, 'f', 1, 64))
		return
	}
	if math.Abs(f) < 1e15 {
		f = math.Round(f*1e6) / 1e6
	}
	w.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
}

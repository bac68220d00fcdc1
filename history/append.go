package history

import (
	"maps"
	"slices"
	"strconv"

	"github.com/winnowmail/winnow/internal/jsontext"
)

// A rowWriter appends a Row as encoding/json would; each scan writes one. err is of
// numbers that JSON has not.
type rowWriter struct {
	b   []byte
	err error
}

// name begins a field, its comma included.
func (w *rowWriter) name(n string) *rowWriter {
	if last := w.b[len(w.b)-1]; last != '{' {
		w.b = append(w.b, ',')
	}
	w.b = jsontext.AppendString(w.b, n)
	w.b = append(w.b, ':')
	return w
}

func (w *rowWriter) text(s string)   { w.b = jsontext.AppendString(w.b, s) }
func (w *rowWriter) open()           { w.b = append(w.b, '{') }
func (w *rowWriter) end()            { w.b = append(w.b, '}') }
func (w *rowWriter) integer(n int64) { w.b = strconv.AppendInt(w.b, n, 10) }

func (w *rowWriter) number(f float64) {
	var err error
	if w.b, err = jsontext.AppendFloat(w.b, f); err != nil {
		w.err = err
	}
}

// optional writes a text unless it is empty.
func (w *rowWriter) optional(name, s string) {
	if s != "" {
		w.name(name).text(s)
	}
}

func (w *rowWriter) list(l Strings) {
	if l == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	for i, s := range l {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.text(s)
	}
	w.b = append(w.b, ']')
}

func (w *rowWriter) row(r *Row) {
	w.open()
	w.name("sender_smtp").text(r.SenderSMTP)
	w.name("sender_mime").text(r.SenderMIME)
	w.name("rcpt_smtp").list(r.RcptSMTP)
	w.name("rcpt_mime").list(r.RcptMIME)
	w.name("size").integer(r.Size)
	w.name("unix_time").integer(int64(r.UnixTime))
	w.name("score").number(r.Score)
	w.name("required_score").number(r.Required)
	w.name("time_real").number(r.TimeReal)
	w.name("is_skipped")
	w.b = strconv.AppendBool(w.b, r.Skipped)
	w.name("user").text(r.User)
	w.name("ip").text(r.IP)
	w.name("message-id").text(r.MessageID)
	if len(r.Thresholds) > 0 {
		w.name("thresholds").open()
		for _, a := range slices.Sorted(maps.Keys(r.Thresholds)) {
			w.name(a).number(r.Thresholds[a])
		}
		w.end()
	}
	w.name("subject").text(r.Subject)
	w.name("action").text(r.Action)
	w.name("symbols").symbols(r.Symbols)
	w.optional("queue_id", r.QueueID)
	w.optional("digest", r.Digest)
	w.optional("transcript", r.Transcript)
	if len(r.Own) > 0 {
		w.name("recipients").open()
		for _, a := range slices.Sorted(maps.Keys(r.Own)) {
			v := r.Own[a]
			w.name(a).verdict(&v)
		}
		w.end()
	}
	w.end()
}

func (w *rowWriter) verdict(v *Verdict) {
	w.open()
	w.name("score").number(v.Score)
	w.name("required_score").number(v.Required)
	w.name("action").text(v.Action)
	w.name("symbols").symbols(v.Symbols)
	w.end()
}

func (w *rowWriter) symbols(all Symbols) {
	if all == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.open()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		w.name(name).open()
		w.name("name").text(s.Name)
		w.name("score").number(s.Score)
		w.name("metric_score").number(s.MetricScore)
		w.optional("description", s.Description)
		if len(s.Options) > 0 {
			w.name("options").list(s.Options)
		}
		w.end()
	}
	w.end()
}

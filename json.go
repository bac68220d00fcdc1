package winnow

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
)

// JSON returns the result as one object in the form of Rspamd 4.1.6's reply to
// /checkv2, with its keys in a fixed order. DKIM signatures stand under
// "dkim-signature", other changes of the header under "milter", and the notes
// of checks under the check's name in "messages".
//
// It has these keys beyond those of Rspamd. "incomplete" is a list of {check,
// reason, error}, and "recipients" maps addresses to action, score,
// required_score and symbols; both are left out where they would be empty.
// "dns_down" is true where DNS is down. Where a Learner was asked, "learned"
// has its lessons of "ham" and "spam" and whether that is "enough", and if it
// is, "probability" is that of spam. Where Classifiers were asked,
// "classifiers" maps their names to "class" and "shares", or to the "state" in
// which there is no verdict, and to what was "learned".
//
// The keys "urls" and "emails" are missing where the scan's time was over
// before addresses were looked for. time_real is in seconds and is the only
// value that differs between equal scans.
func (r *Result) JSON() []byte {
	w := &jsonWriter{labels: r.scan.scanner.labels}
	w.Grow(256 + 160*len(r.Symbols))
	w.open('{')
	w.key("is_skipped").raw(strconv.FormatBool(r.Skipped != "" || r.PreResult != nil && r.PreResult.Test))
	w.verdict(&r.Verdict, r.Notes)
	if p := r.PreResult; p != nil {
		w.key("passthrough_module").str(p.Check)
	}
	if r.Subject != "" {
		w.key("subject").str(r.Subject)
	}
	w.urls("urls", r.urls, func(u *mail.URL) string { return u.Host })
	w.urls("emails", r.emails, func(u *mail.URL) string { return u.User + "@" + u.Host })
	w.key("message-id").str(messageID(r.msg))
	w.key("time_real").num(math.Round(r.Took.Seconds()*1e6) / 1e6)
	w.learned(r)
	w.classifiers(r)
	signatures, others := signaturesOf(r.Edits)
	w.signatures(signatures)
	w.milter(others)
	w.incomplete(r.Incomplete)
	if r.DNSDown {
		w.key("dns_down").raw("true")
	}
	w.recipients(r.Recipients)
	w.close('}')
	return w.Bytes()
}

// messageID is the first Message-ID as Rspamd prints it.
func messageID(m *mail.Message) string {
	if ids := mail.ParseMessageIDs(m.Header().Value("Message-ID")); len(ids) > 0 {
		return ids[0]
	}
	return "undef"
}

func (w *jsonWriter) verdict(v *Verdict, notes []Note) {
	w.key("score").num(v.Score)
	w.key("required_score").num(v.Required)
	w.key("action").str(string(v.Action))
	w.key("thresholds").open('{')
	for _, a := range v.Thresholds.Actions() {
		w.key(string(a)).num(v.Thresholds[a])
	}
	w.close('}')
	w.key("symbols").open('{')
	for i := range v.Symbols {
		w.symbol(&v.Symbols[i])
	}
	w.close('}')
	w.key("messages").open('{')
	if p := v.PreResult; p != nil && p.Message != "" && !p.NoMessage {
		w.key("smtp_message").str(p.Message)
	}
	w.notes(notes)
	w.close('}')
}

// notes writes each check's sentences as one text.
func (w *jsonWriter) notes(notes []Note) {
	for i := 0; i < len(notes); {
		check, text := notes[i].Check, notes[i].Text
		for i++; i < len(notes) && notes[i].Check == check; i++ {
			text += "; " + notes[i].Text
		}
		w.key(check).str(text)
	}
}

func (w *jsonWriter) symbol(s *score.Scored) {
	l, ok := w.labels[s.Def]
	if !ok { // a composite of somebody's settings
		l = labelOf(s.Def)
	}
	w.raw(l.before)
	w.key("score").num(s.Score)
	w.key("metric_score").num(s.Weight)
	w.WriteString(l.after)
	if len(s.Options) > 0 {
		w.key("options").open('[')
		for _, o := range s.Options {
			w.str(o)
		}
		w.close(']')
	}
	w.close('}')
}

// urls writes each distinct text once, in order.
func (w *jsonWriter) urls(key string, list []*mail.URL, text func(*mail.URL) string) {
	var out []string
	for _, u := range list {
		if s := text(u); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return
	}
	w.key(key).open('[')
	for _, s := range out {
		w.str(s)
	}
	w.close(']')
}

// signaturesOf tells DKIM signatures from the other header changes: Rspamd
// and its clients have them in a place of their own.
func signaturesOf(edits []actions.HeaderEdit) (signatures []string, others []actions.HeaderEdit) {
	isSignature := func(e actions.HeaderEdit) bool { return !e.Remove && e.Name == "DKIM-Signature" }
	if !slices.ContainsFunc(edits, isSignature) {
		return nil, edits
	}
	for _, e := range edits {
		if isSignature(e) {
			signatures = append(signatures, e.Value)
		} else {
			others = append(others, e)
		}
	}
	return signatures, others
}

func (w *jsonWriter) signatures(list []string) {
	switch len(list) {
	case 0:
		return
	case 1:
		w.key("dkim-signature").str(list[0])
		return
	}
	w.key("dkim-signature").open('[')
	for _, s := range list {
		w.str(s)
	}
	w.close(']')
}

// milter writes the header edits as Rspamd's milter block.
func (w *jsonWriter) milter(edits []actions.HeaderEdit) {
	w.key("milter").open('{')
	w.edits("remove_headers", edits, true, func(e actions.HeaderEdit) { w.raw(strconv.Itoa(e.Index)) })
	w.edits("add_headers", edits, false, func(e actions.HeaderEdit) {
		w.open('{')
		w.key("value").str(e.Value)
		w.key("order").raw(strconv.Itoa(e.Index))
		w.close('}')
	})
	w.close('}')
}

func (w *jsonWriter) edits(key string, edits []actions.HeaderEdit, remove bool, value func(actions.HeaderEdit)) {
	var names []string
	for _, e := range edits {
		if e.Remove == remove && !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	w.key(key).open('{')
	for _, name := range names {
		var same []actions.HeaderEdit
		for _, e := range edits {
			if e.Remove == remove && e.Name == name {
				same = append(same, e)
			}
		}
		w.key(name)
		if len(same) == 1 {
			value(same[0])
			continue
		}
		w.open('[')
		for _, e := range same {
			value(e)
		}
		w.close(']')
	}
	w.close('}')
}

// learned writes what the Learner thinks.
func (w *jsonWriter) learned(r *Result) {
	j, ok := r.Judgement()
	if !ok {
		return
	}
	if p, ok := r.Probability(); ok {
		w.key("probability").num(p)
	}
	w.key("learned").open('{')
	w.key("enough").raw(strconv.FormatBool(j.Enough))
	w.key("ham").raw(strconv.Itoa(j.Ham))
	w.key("spam").raw(strconv.Itoa(j.Spam))
	w.close('}')
}

// classifiers writes what Options.Classifiers think.
func (w *jsonWriter) classifiers(r *Result) {
	open := false
	for _, c := range r.scan.scanner.opt.Classifiers {
		o, ok := r.Opinion(c.Key())
		if !ok {
			continue
		}
		if !open {
			w.key("classifiers").open('{')
			open = true
		}
		w.key(c.Key()).open('{')
		if o.State != "" {
			w.key("state").str(o.State)
		} else {
			w.key("class").str(o.Class)
			w.key("shares").open('{')
			for _, class := range slices.Sorted(maps.Keys(o.Shares)) {
				w.key(class).num(o.Shares[class])
			}
			w.close('}')
		}
		w.key("learned").open('{')
		for _, class := range slices.Sorted(maps.Keys(o.Lessons)) {
			w.key(class).raw(strconv.FormatInt(o.Lessons[class], 10))
		}
		w.close('}')
		w.close('}')
	}
	if open {
		w.close('}')
	}
}

func (w *jsonWriter) incomplete(list []Incomplete) {
	if len(list) == 0 {
		return
	}
	w.key("incomplete").open('[')
	for _, in := range list {
		w.open('{')
		w.key("check").str(in.Check)
		w.key("reason").str(in.Reason)
		if in.Err != nil {
			w.key("error").str(in.Err.Error())
		}
		w.close('}')
	}
	w.close(']')
}

func (w *jsonWriter) recipients(list []RecipientVerdict) {
	if len(list) == 0 {
		return
	}
	w.key("recipients").open('{')
	for i := range list {
		w.key(list[i].Address).open('{')
		w.verdict(&list[i].Verdict, nil)
		w.close('}')
	}
	w.close('}')
}

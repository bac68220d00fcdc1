package winnow

import (
	"encoding/base64"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// result assembles the Result of a scan whose checks ended.
func (s *scan) result(v *verdict) *Result {
	res := &Result{Time: s.state.Now, msg: s.state.Message, scan: s, verdict: v, DNSDown: s.dnsDown}
	if !s.unsearched && s.step == checks.Data {
		res.urls, res.emails = res.msg.URLs(), res.msg.Emails()
	}
	res.Verdict = v.export()
	if len(s.want.rcpts) > 0 {
		res.byRcpt = make(map[string]int, len(s.want.rcpts))
	}
	for i, r := range s.want.rcpts {
		res.byRcpt[mail.AddressKey(r.addr)] = i // each once
		rv := s.judge(r.rules, v.cut)
		rv.finish()
		res.Recipients = append(res.Recipients, RecipientVerdict{Address: r.addr, Verdict: rv.export()})
	}
	res.OtherConfig = s.rerun != nil && s.rerun.other
	return res
}

func (v *verdict) export() Verdict {
	c := v.choose()
	out := Verdict{
		Symbols: v.sheet.Symbols(), Score: c.Score, Action: c.Action,
		Thresholds: maps.Clone(v.rules.thresholds), Required: v.rules.thresholds[actions.Reject], PreResult: c.By,
		Reply: replyTo(c), Notes: v.notes(),
	}
	if c.Action == actions.RewriteSubject {
		out.Subject = v.subject(c.Score)
	}
	out.Edits = v.edits(&out)
	return out
}

// subject expands the subject template, a check's or the profile's: %s is the
// original, %d the score, %% a percent sign.
func (v *verdict) subject(total float64) string {
	tmpl := v.scan.scanner.opt.Profile.get().Subject
	for _, t := range own(v, func(o *checks.Outcome) []checks.Owned[string] { return o.Subjects }) {
		tmpl = t
	}
	r := strings.NewReplacer("%%", "%", "%s", v.scan.state.Message.Header().Text("Subject"), "%d", strconv.FormatFloat(total, 'f', 2, 64))
	return encoded(r.Replace(tmpl))
}

// encoded makes encoded words of what can't stand in a header as it is: text
// beyond ASCII, and text that a reader would decode once more.
func encoded(text string) string {
	word := mime.QEncoding.Encode("utf-8", text)
	if word != text || mail.DecodeText(text) == text {
		return word
	}
	var words []string
	for piece := range slices.Chunk([]byte(text), 45) { // 72 characters, encoded
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString(piece)+"?=")
	}
	return strings.Join(words, " ")
}

// edits are the header changes of an action, as Rspamd's milter makes them,
// and those that checks asked for.
func (v *verdict) edits(out *Verdict) []actions.HeaderEdit {
	if v.scan.skipped {
		return nil
	}
	es := []actions.HeaderEdit{{Remove: true, Name: "X-Spam"}}
	for _, e := range own(v, func(o *checks.Outcome) []checks.Owned[actions.HeaderEdit] { return o.Edits }) {
		es = append(es, e)
	}
	es = append(es, v.judgedEdits(out)...)
	switch out.Action {
	case actions.AddHeader:
		es = append(es, actions.HeaderEdit{Name: "X-Spam", Value: "Yes", Index: 1})
	case actions.RewriteSubject:
		es = append(es, actions.HeaderEdit{Remove: true, Name: "Subject"}, actions.HeaderEdit{Name: "Subject", Value: out.Subject})
	}
	return es
}

// judgedEdits are those that checks make of the verdict.
func (v *verdict) judgedEdits(out *Verdict) (es []actions.HeaderEdit) {
	var seen *checks.Judged
	for i, f := range own(v, func(o *checks.Outcome) []checks.Owned[checks.EditFunc] { return o.EditFuncs }) {
		if seen == nil {
			seen = out.judged()
		}
		name := v.scan.plan().Checks()[i].Name
		if err := checks.Contain(name, func() error { es = append(es, f(seen)...); return nil }); err != nil {
			v.scan.editFailed(i, err)
		}
	}
	return es
}

// judged is the verdict as edits that depend on it see it.
func (v *Verdict) judged() *checks.Judged {
	j := &checks.Judged{Score: v.Score, Required: v.Required, Action: v.Action, By: v.PreResult, Symbols: make([]checks.JudgedSymbol, len(v.Symbols))}
	for i := range v.Symbols {
		s := &v.Symbols[i]
		j.Symbols[i] = checks.JudgedSymbol{Name: s.Name, Score: s.Score, Options: s.Options}
	}
	return j
}

func (v *verdict) notes() []Note {
	var list []Note
	for _, name := range v.scan.unknown {
		list = append(list, Note{"seed", "no check knows the fact " + name})
	}
	for i, text := range own(v, func(o *checks.Outcome) []checks.Owned[string] { return o.Notes }) {
		list = append(list, Note{v.scan.plan().Checks()[i].Name, text})
	}
	return list
}

func (s *scan) incomplete() []Incomplete {
	var list []Incomplete
	if s.want.err != nil {
		list = append(list, Incomplete{"settings", "error", s.want.err})
	}
	for i, r := range s.results {
		c := s.plan().Checks()[i]
		switch {
		case r.begun && !r.ended:
			list = append(list, Incomplete{Check: c.Name, Reason: "timeout"})
		case checks.IsPanic(r.err):
			list = append(list, Incomplete{c.Name, "panic", r.err})
		case r.err != nil:
			list = append(list, Incomplete{c.Name, "error", r.err})
		case r.ended:
			if err, _ := s.store.failure(c.Name); err != nil {
				list = append(list, Incomplete{c.Name, "store", err})
			}
		}
	}
	return append(list, s.incompleteCommits()...)
}

func (s *scan) timings() []CheckTime {
	ts := make([]CheckTime, 0, len(s.results))
	for i, r := range s.results {
		if r.ended {
			ts = append(ts, CheckTime{s.plan().Checks()[i].Name, r.took})
		}
	}
	return ts
}

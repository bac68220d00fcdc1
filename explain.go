package winnow

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// An Explanation is the whole way from a message to its action.
type Explanation struct {
	Verdict
	DNSDown bool // as Result.DNSDown
	// Hits are all symbols that were raised, also those that composites hid:
	// those that change the score most come first.
	Hits []ExplainedHit
	// Steps are the changes of the sum in the order in which they were made.
	Steps []score.Step
	// Next is the more severe action that the score comes to next, and Points
	// is how far away it is; "" and 0 if there is none. Below is the action to
	// which the message falls when it loses more than Slack points, "" if there
	// is no milder one.
	Next, Below   actions.Action
	Points, Slack float64
	// Decisive lists the symbols without which the action would be another.
	Decisive []Change
	// Learned is what the Learner thinks of the message and on what grounds;
	// nil if the scan did not ask it, and for replays. It is worked out at the
	// time of the call, so lessons since the scan count.
	Learned *LearnedWhy
}

// A LearnedWhy is what the Learner thinks of a message, and on what grounds.
type LearnedWhy struct {
	fused.Explanation
	// Where says where in the message the Places of the Explanation are.
	Where []Place
}

// An ExplainedHit is a symbol with the places where it was seen.
type ExplainedHit struct {
	score.Scored
	Places []Place
}

// A Place is a piece of evidence with the text of the message there.
type Place struct {
	symbols.Evidence
	Text string // at most 200 bytes, made valid UTF-8; "" if no place is known
}

// A Change says what the verdict would be without one symbol.
type Change struct {
	Without string
	Score   float64
	Action  actions.Action
}

// Explain computes the score again and notes every step. It costs some forty
// times as much as the scoring in the scan. Several goroutines may call it at
// once.
func (r *Result) Explain() *Explanation {
	v := r.scan.replayScore(r.verdict, nil, true)
	e := &Explanation{Verdict: r.Verdict, DNSDown: r.DNSDown, Steps: v.sheet.Steps()}
	for _, s := range append(v.sheet.Symbols(), v.sheet.Hidden()...) {
		h := ExplainedHit{Scored: s}
		for _, ev := range s.Evidence {
			h.Places = append(h.Places, r.place(ev))
		}
		e.Hits = append(e.Hits, h)
	}
	slices.SortStableFunc(e.Hits, func(a, b ExplainedHit) int {
		return cmp.Compare(math.Abs(b.Score), math.Abs(a.Score))
	})
	e.neighbours()
	for _, h := range e.Hits {
		c := r.scan.replayScore(r.verdict, h.Def, false).choose()
		if c.Action != e.Action {
			e.Decisive = append(e.Decisive, Change{h.Name, c.Score, c.Action})
		}
	}
	e.Learned = r.learnedWhy()
	return e
}

// maxLearned is how many tokens, grams and places of each sign Explain lists.
const maxLearned = 8

// learnedWhy asks the Learner for its reasons.
func (r *Result) learnedWhy() *LearnedWhy {
	k, ok := statistics.Features.From(r)
	learner := r.scan.scanner.opt.Learner
	if !ok || learner == nil {
		return nil
	}
	w := &LearnedWhy{Explanation: learner.Explain(r.msg, k.Raised, k.User, maxLearned)}
	for _, s := range w.Places {
		p := Place{Evidence: symbols.Evidence{Header: s.Field, Part: s.Part}, Text: s.Text}
		if at := r.placeOf(s); at.Length > 0 {
			p = at
		}
		w.Where = append(w.Where, p)
	}
	return w
}

// placeOf finds a stretch of text in the raw message, if what is shown of the text
// is what stands there.
func (r *Result) placeOf(s fused.Stretch) Place {
	for _, t := range r.msg.Texts() {
		if t.Part.Path == s.Part && !t.IsHTML && t.Plain() == t.UTF8() {
			return r.place(symbols.Evidence{Part: s.Part, Offset: s.From, Length: s.To - s.From, Decoded: true})
		}
	}
	return Place{}
}

// replayScore repeats the scoring of a verdict, without one symbol if it is
// named.
func (s *scan) replayScore(v *verdict, without *symbols.Def, record bool) *verdict {
	metric := v.rules.metric
	if without != nil {
		metric = metric.Without(without)
	}
	again := &verdict{scan: s, rules: v.rules, sheet: metric.NewSheet(), ender: v.ender, cut: v.cut}
	if record {
		again.sheet.Record()
	}
	again.sum()
	again.finish()
	return again
}

// neighbours finds the actions next to the score.
func (e *Explanation) neighbours() {
	first := true
	for _, a := range e.Thresholds.Actions() {
		if d := e.Thresholds[a] - e.Score; d > 0 && (first || d < e.Points) {
			e.Next, e.Points, first = a, d, false
		}
	}
	by := e.Thresholds.ByScore(e.Score)
	if th, ok := e.Thresholds[by]; ok {
		e.Slack = e.Score - th
		e.Below = e.Thresholds.ByScore(math.Nextafter(th, math.Inf(-1)))
	}
}

// maxPlace bounds the text of a Place.
const maxPlace = 200

// place finds a piece of evidence in the raw message and shows what is there;
// for a range of decoded text it shows that text. After a scan that ran out of
// time only what needs no reading is shown.
func (r *Result) place(ev symbols.Evidence) Place {
	p := Place{Evidence: ev}
	switch {
	case ev.Decoded && r.scan.timeUp:
		p.Offset, p.Length, p.Decoded = 0, 0, false
		return p
	case ev.Decoded:
		return decodedPlace(r.msg, p)
	}
	raw := r.msg.Raw()
	if ev.Length > 0 && ev.Offset >= 0 && ev.Offset < len(raw) {
		p.Text = excerpt(string(raw[ev.Offset:min(ev.Offset+min(ev.Length, maxPlace), len(raw))]))
	}
	return p
}

func decodedPlace(m *mail.Message, p Place) Place {
	from, to := p.Offset, p.Offset+p.Length
	p.Offset, p.Length, p.Decoded = 0, 0, false
	i := slices.IndexFunc(m.Parts(), func(part *mail.Part) bool { return part.Path == p.Part })
	if i < 0 || m.Parts()[i].Text() == nil {
		return p
	}
	x := m.Parts()[i].Text()
	if offset, length, ok := x.RawRange(from, to); ok {
		p.Offset, p.Length = offset, length
		p.Text = excerpt(x.UTF8()[from:min(to, from+maxPlace)])
	}
	return p
}

func excerpt(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

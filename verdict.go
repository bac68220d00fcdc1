package winnow

import (
	"iter"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A verdict is a sheet on its way to an action, for everybody or for one
// recipient.
type verdict struct {
	scan  *scan
	rules *rules
	sheet *score.Sheet
	ender int                // the early check that ended the scan under these rules, or -1
	cut   *actions.PreResult // see cutShort
}

// judge sums what the stages before the late one raised.
func (s *scan) judge(r *rules, cut *actions.PreResult) *verdict {
	v := &verdict{scan: s, rules: r, sheet: r.metric.NewSheet(), ender: s.ender(r), cut: cut}
	v.sum()
	return v
}

func (v *verdict) sum() {
	if v.scan.skipped {
		return
	}
	v.count(false)
	v.sheet.Compose(1)
}

// finish adds what the late checks raised, and grows and composes for the
// last time.
func (v *verdict) finish() {
	if v.scan.skipped {
		return
	}
	v.count(true)
	v.sheet.Grow(v.rules.thresholds.Highest())
	v.sheet.Compose(2)
}

// count adds what was raised to the sheet: by the late checks, or by all
// others; in list order unless the metric has an order of its own.
func (v *verdict) count(late bool) {
	var sorted []symbols.Hit
	hits := v.hits()
	v.sheet.Expect(hits)
	ordered := v.rules.metric.Ordered()
	if ordered {
		sorted = make([]symbols.Hit, 0, hits)
	}
	for i, c := range v.scan.plan().Checks() {
		if (c.Stage == checks.Late) != late || !v.looksAt(i) {
			continue
		}
		if ordered {
			sorted = append(sorted, v.scan.out(i).Hits...)
			continue
		}
		for _, h := range v.scan.out(i).Hits {
			v.add(h)
		}
	}
	for _, h := range v.rules.metric.Sorted(sorted) {
		v.add(h)
	}
}

// hits counts what checks raised.
func (v *verdict) hits() (n int) {
	for i := range v.scan.results {
		if out := v.scan.results[i].out; out != nil {
			n += len(out.Hits)
		}
	}
	return n
}

// add adds a hit to the sheet. A symbol that says nothing but that DNS failed
// does not count when that is nobody's fault but DNS's.
func (v *verdict) add(h symbols.Hit) {
	if v.scan.dnsDown && h.Def.NoAnswer {
		h.Factor = 0
	}
	v.sheet.Add(h)
}

// looksAt reports whether check i is looked at under the verdict's rules.
// Where the scan ended early for this verdict but not for another, checks ran
// that must not count here.
func (v *verdict) looksAt(i int) bool {
	if v.ender < 0 {
		return true
	}
	switch c := v.scan.plan().Checks()[i]; c.Stage {
	case checks.Early:
		return c.Priority >= v.scan.priority(v.ender)
	case checks.Main, checks.Classify:
		return false
	}
	return true
}

// own yields what checks reported and counts under the verdict's rules, in list
// order, with the check's position.
func own[T any](v *verdict, list func(*checks.Outcome) []checks.Owned[T]) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := range v.scan.results {
			if !v.looksAt(i) {
				continue
			}
			for _, o := range list(v.scan.out(i)) {
				if v.rules.owns(i, o.Of) && !yield(i, o.Value) {
					return
				}
			}
		}
	}
}

// showComposites makes the composites that matched visible to late checks.
func (s *scan) showComposites(v *verdict) {
	var out checks.Outcome
	for _, d := range v.sheet.Matched() {
		if s.plan().Reads(d) {
			out.Hits = append(out.Hits, symbols.Hit{Def: d, Factor: 1})
		}
	}
	s.state.Publish(s.plan(), out)
}

// choose applies thresholds and pre-results to the sum, less what checks waived.
func (v *verdict) choose() actions.Verdict {
	if v.scan.skipped {
		return actions.Verdict{Action: actions.NoAction}
	}
	var pre []actions.PreResult
	for _, p := range own(v, func(o *checks.Outcome) []checks.Owned[actions.PreResult] { return o.PreResults }) {
		pre = append(pre, p)
	}
	if v.cut != nil {
		pre = append(pre, *v.cut)
	}
	var waived []actions.Action
	for _, a := range own(v, func(o *checks.Outcome) []checks.Owned[actions.Action] { return o.Waived }) {
		waived = append(waived, a)
	}
	return actions.Choose(v.rules.thresholds, v.sheet.Total(), pre, waived...)
}

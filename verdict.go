package winnow

import (
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
	cut   bool // checks were cut off, see cutShort
}

// judge sums what the stages before the late one raised.
func (s *scan) judge(r *rules, cut bool) *verdict {
	v := &verdict{scan: s, rules: r, sheet: r.metric.NewSheet(), cut: cut}
	v.sum()
	return v
}

func (v *verdict) sum() {
	if v.scan.skipped {
		return
	}
	v.scan.count(v.sheet, false)
	v.sheet.Compose(1)
}

// finish adds what the late checks raised, and grows and composes for the
// last time.
func (s *scan) finish(v *verdict) {
	if s.skipped {
		return
	}
	s.count(v.sheet, true)
	v.sheet.Grow(v.rules.thresholds.Highest())
	v.sheet.Compose(2)
}

// showComposites makes the composites that matched visible to late checks.
func (s *scan) showComposites(v *verdict) {
	var out checks.Outcome
	for _, c := range v.rules.metric.Composites() {
		if v.sheet.Has(c.Def.Name) {
			out.Hits = append(out.Hits, symbols.Hit{Def: c.Def, Factor: 1})
		}
	}
	s.state.Publish(s.plan(), out)
}

// choose applies thresholds and pre-results to the sum.
func (v *verdict) choose() actions.Verdict {
	if v.scan.skipped {
		return actions.Verdict{Action: actions.NoAction}
	}
	pre := v.scan.preResults()
	if v.cut {
		pre = append(pre, actions.PreResult{
			Action: actions.SoftReject, Least: true, Check: "task timeout", Message: "timeout processing message",
		})
	}
	return actions.Choose(v.rules.thresholds, v.sheet.Total(), pre)
}

package winnow

import (
	"maps"
	"math"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// A verdict is a sheet on its way to an action, for everybody or for one
// recipient.
type verdict struct {
	scan       *scan
	settings   *Settings
	thresholds actions.Thresholds
	sheet      *score.Sheet
	cut        bool // checks were cut off
}

// judge sums what the stages before the late one raised.
func (s *scan) judge(set *Settings, cut bool) *verdict {
	v := s.newVerdict(set, cut)
	v.sheet = s.scanner.metric.NewSheet(&set.Selection)
	v.sum()
	return v
}

func (s *scan) newVerdict(set *Settings, cut bool) *verdict {
	return &verdict{scan: s, settings: set, thresholds: merge(s.scanner.opt.Thresholds, set.Thresholds), cut: cut}
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
	v.sheet.Grow(v.thresholds.Highest())
	v.sheet.Compose(2)
}

// showComposites makes the composites that matched visible to late checks.
func (s *scan) showComposites(v *verdict) {
	var out checks.Outcome
	for _, c := range s.scanner.opt.Metric.Composites {
		if c.Def != nil && v.sheet.Has(c.Def.Name) {
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
	if v.cut && v.scan.scanner.opt.OnTimeout == SoftRejectOnTimeout {
		pre = append(pre, actions.PreResult{
			Action: actions.SoftReject, Least: true, Check: "task timeout", Message: "timeout processing message",
		})
	}
	return actions.Choose(v.thresholds, v.sheet.Total(), pre)
}

// merge lays single thresholds over a base; NaN takes one away.
func merge(base, over actions.Thresholds) actions.Thresholds {
	if len(over) == 0 {
		return base
	}
	th := maps.Clone(base)
	for a, v := range over {
		if math.IsNaN(v) {
			delete(th, a)
		} else {
			th[a] = v
		}
	}
	return th
}

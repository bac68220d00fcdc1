package main

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/score"
)

// explain is the report of one message with the reasons.
func (v *view) explain(res *winnow.Result) {
	e := res.Explain()
	for i := range e.Hits {
		v.hit(&e.Hits[i])
	}
	v.steps(e.Steps)
	fmt.Fprintf(v, "  %s\n", v.paint(bold, "thresholds"))
	for _, a := range e.Thresholds.Actions() {
		fmt.Fprintf(v, "    %7.2f  %s\n", e.Thresholds[a], clean(string(a)))
	}
	if e.Next != "" {
		fmt.Fprintf(v, "    %.2f points more would mean: %s\n", e.Points, e.Next)
	}
	if e.Below != "" {
		fmt.Fprintf(v, "    %.2f points less would mean: %s\n", e.Slack, e.Below)
	}
	if e.DNSDown {
		fmt.Fprintf(v, "    DNS is down: most questions got no answer\n")
	}
	for _, n := range e.Notes {
		fmt.Fprintf(v, "    %s: %s\n", clean(n.Check), clean(n.Text))
	}
	for _, c := range e.Decisive {
		fmt.Fprintf(v, "    without %s: %s (%.2f)\n", clean(c.Without), c.Action, c.Score)
	}
	if e.Learned != nil {
		v.learned(e.Learned)
	}
}

// learned is what was learned, by what speaks most for spam and for ham.
func (v *view) learned(w *winnow.LearnedWhy) {
	j := &w.Verdict
	fmt.Fprintf(v, "  %s of %d ham and %d spam: probability of spam %.3f\n", v.paint(bold, "what was learned"), j.Ham, j.Spam, j.Probability)
	for _, c := range w.Tokens {
		fmt.Fprintf(v, "    %+7.3f  %s %s\n", c.LogOdds, c.Kind, shorten(clean(c.Text), 60))
	}
	for _, c := range w.Grams {
		fmt.Fprintf(v, "    %+7.3f  %s %q\n", c.LogOdds, c.Kind, clean(c.Text))
	}
	for i, s := range w.Places {
		where := "header " + clean(s.Field)
		if p := w.Where[i]; s.Field == "" {
			if where = "part " + p.Part; p.Length > 0 {
				where += fmt.Sprintf(", bytes %d–%d", p.Offset, p.Offset+p.Length)
			}
		}
		fmt.Fprintf(v, "    %+7.3f  %s  %s\n", s.LogOdds, shorten(clean(s.Text), 70), v.paint(dim, where))
	}
}

// hit is one symbol with the places where it was seen.
func (v *view) hit(h *winnow.ExplainedHit) {
	v.symbol(&h.Scored, 0)
	if len(h.RemovedBy) > 0 {
		word := "weight removed by"
		if h.Hidden {
			word = "hidden by"
		}
		fmt.Fprintf(v, "             %s %s\n", word, strings.Join(h.RemovedBy, ", "))
	}
	for _, p := range h.Places {
		var where []string
		if p.Header != "" {
			where = append(where, "header "+clean(p.Header))
		}
		if p.Part != "" {
			where = append(where, "part "+p.Part)
		}
		if p.Length > 0 {
			where = append(where, fmt.Sprintf("bytes %d–%d", p.Offset, p.Offset+p.Length))
		}
		if p.Pattern != "" {
			where = append(where, "by "+clean(p.Pattern))
		}
		if p.Query != "" {
			where = append(where, fmt.Sprintf("DNS %s → %s", clean(p.Query), clean(p.Answer)))
		}
		fmt.Fprintf(v, "             %s\n", v.paint(dim, strings.Join(where, ", ")))
		if text := strings.Join(strings.Fields(p.Text), " "); text != "" {
			fmt.Fprintf(v, "               %s\n", shorten(clean(text), 100))
		}
	}
}

// steps is the sum, change by change; what changed nothing is left out.
func (v *view) steps(steps []score.Step) {
	fmt.Fprintf(v, "  %s\n", v.paint(bold, "the sum"))
	for _, s := range steps {
		if s.Delta == 0 && s.Reason != score.GroupCap {
			continue
		}
		why := ""
		if s.Reason != score.Hit {
			why = " (" + s.Reason.String()
			if s.By != "" {
				why += " " + s.By
			}
			why += ")"
		}
		fmt.Fprintf(v, "    %+7.2f  = %7.2f  %s%s\n", s.Delta, s.Sum, clean(s.Symbol), clean(why))
	}
}

package actions

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	th := Thresholds{Reject: 15, AddHeader: 6, Greylist: 4}
	for _, c := range []struct {
		name     string
		score    float64
		pre      []PreResult
		disabled []Action
		action   Action
		want     float64
		message  string
		by       string
	}{
		{name: "score alone", score: 7, action: AddHeader, want: 7},
		{name: "no number", score: math.NaN(), action: NoAction},
		{name: "pre-result without a score", score: 2, pre: []PreResult{{Action: Reject, Message: "no", Check: "x"}},
			action: Reject, want: 2, message: "no", by: "x"},
		{name: "its score is set, down too", score: 20, pre: []PreResult{{Action: AddHeader, Score: 6, HasScore: true, Check: "x"}},
			action: AddHeader, want: 6, by: "x"},
		{name: "no action lowers", score: 20, pre: []PreResult{{Action: NoAction, Score: 0, HasScore: true, Check: "x"}},
			action: NoAction, want: 0, by: "x"},
		{name: "no action does not lift", score: -3, pre: []PreResult{{Action: NoAction, Score: 0, HasScore: true, Check: "x"}},
			action: NoAction, want: -3, by: "x"},
		{name: "target is no number", score: 3, pre: []PreResult{{Action: Reject, Score: math.NaN(), HasScore: true, Check: "x"}},
			action: Reject, want: 3, by: "x"},
		{name: "the action's threshold", score: 30, pre: []PreResult{{Action: AddHeader, AtThreshold: true, Check: "x"}},
			action: AddHeader, want: 6, by: "x"},
		{name: "which it lacks", score: 30, pre: []PreResult{{Action: RewriteSubject, AtThreshold: true, Check: "x"}},
			action: RewriteSubject, want: 30, by: "x"},
		{name: "higher priority wins", pre: []PreResult{{Action: Reject, Priority: Low, Check: "a"}, {Action: NoAction, Priority: High, Check: "b"}},
			action: NoAction, by: "b"},
		{name: "equal priority: the first", pre: []PreResult{{Action: SoftReject, Check: "a"}, {Action: Reject, Check: "b"}},
			action: SoftReject, by: "a"},
		{name: "a minimum never beats a plain one", pre: []PreResult{{Action: Reject, Least: true, Priority: Critical, Check: "a"}, {Action: NoAction, Priority: Low, Check: "b"}},
			action: NoAction, by: "b"},
		{name: "minimum lifts action and score", score: 1, pre: []PreResult{{Action: AddHeader, Least: true, Message: "dmarc", Check: "a"}},
			action: AddHeader, want: 6, message: "dmarc", by: "a"},
		{name: "minimum that the score reaches anyway", score: 9, pre: []PreResult{{Action: AddHeader, Least: true, Message: "dmarc", Check: "a"}},
			action: AddHeader, want: 9},
		{name: "minimum below the score's action", score: 16, pre: []PreResult{{Action: AddHeader, Least: true, Check: "a"}},
			action: Reject, want: 16},
		{name: "minimum with a score of its own", score: 1, pre: []PreResult{{Action: AddHeader, Least: true, Score: 8, HasScore: true, Check: "a"}},
			action: AddHeader, want: 8, by: "a"},
		{name: "minimum without threshold", score: 7, pre: []PreResult{{Action: SoftReject, Least: true, Message: "later", Check: "a"}},
			action: SoftReject, want: 7, message: "later", by: "a"},
		{name: "minimum without threshold against reject", score: 15, pre: []PreResult{{Action: SoftReject, Least: true, Check: "a"}},
			action: Reject, want: 15},
		{name: "discard as a minimum", score: 15, pre: []PreResult{{Action: Discard, Least: true, Check: "a"}},
			action: Discard, want: 15, by: "a"},
		{name: "several minimums", score: 1, pre: []PreResult{{Action: AddHeader, Least: true, Check: "a", Priority: High}, {Action: Reject, Least: true, Check: "b"}},
			action: Reject, want: 15, by: "b"},
		{name: "no action as a minimum", score: 7, pre: []PreResult{{Action: NoAction, Least: true, Check: "a"}}, action: AddHeader, want: 7},
		{name: "disabled pre-result", score: 5, pre: []PreResult{{Action: SoftReject, Check: "a"}}, disabled: []Action{SoftReject},
			action: Greylist, want: 5},
		{name: "disabled minimum and threshold", score: 5, pre: []PreResult{{Action: Greylist, Least: true, Check: "a"}}, disabled: []Action{Greylist},
			action: NoAction, want: 5},
		{name: "custom", score: 5, pre: []PreResult{{Action: "page the admin", Check: "a"}}, action: "page the admin", want: 5, by: "a"},
		{name: "message kept back", pre: []PreResult{{Action: Reject, Message: "secret", NoMessage: true, Check: "a"}}, action: Reject, by: "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Choose(th, c.score, c.pre, c.disabled...)
			by := ""
			if v.By != nil {
				by = v.By.Check
			}
			if v.Action != c.action || v.Score != c.want || v.Message != c.message || by != c.by {
				t.Errorf("%q %v %q by %q, want %q %v %q by %q", v.Action, v.Score, v.Message, by, c.action, c.want, c.message, c.by)
			}
		})
	}
}

// TestChooseProperties draws scores and pre-results and checks what must hold
// of every verdict.
func TestChooseProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := []Action{NoAction, Greylist, AddHeader, RewriteSubject, Quarantine, SoftReject, Reject, Discard, "custom"}
	for range 20000 {
		th := Thresholds{}
		for _, a := range all[1:] {
			if r.IntN(2) == 0 {
				th[a] = float64(r.IntN(20) - 4)
			}
		}
		var pre []PreResult
		for range r.IntN(4) {
			pre = append(pre, PreResult{
				Action: all[r.IntN(len(all))], Priority: Priority(r.IntN(4)), Least: r.IntN(2) == 0,
				Score: float64(r.IntN(20)), HasScore: r.IntN(2) == 0,
			})
		}
		var disabled []Action
		if r.IntN(3) == 0 {
			disabled = append(disabled, all[1+r.IntN(len(all)-1)])
		}
		score := float64(r.IntN(30) - 8)
		before := slices.Clone(pre)
		v := Choose(th, score, pre, disabled...)
		if !slices.Equal(pre, before) {
			t.Fatal("the pre-results were changed")
		}
		if slices.Contains(disabled, v.Action) {
			t.Fatalf("disabled %q chosen", v.Action)
		}
		plain := false
		for _, p := range pre {
			live := !slices.Contains(disabled, p.Action)
			plain = plain || live && !p.Least
			if live && p.Least && (v.By == nil || v.By.Least) && v.Action.Severity() < p.Action.Severity() {
				t.Fatalf("%q is below the minimum %q", v.Action, p.Action)
			}
		}
		if plain != (v.By != nil && !v.By.Least) {
			t.Fatalf("plain pre-result: %v, decided by %+v", plain, v.By)
		}
		if !plain && (v.Score < score || v.Action.Severity() < th.ByScore(score, disabled...).Severity()) {
			t.Fatalf("minimums made %v into %q %v", score, v.Action, v.Score)
		}
	}
}

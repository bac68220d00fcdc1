package actions

import (
	"math"
	"testing"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]Action{
		"reject": Reject, "Add_Header": AddHeader, "add header": AddHeader, "rewrite_subject": RewriteSubject,
		"soft_reject": SoftReject, "accept": NoAction, "no action": NoAction, "no_action": NoAction,
		"greylist": Greylist, "quarantine": Quarantine, "discard": Discard, " reject ": Reject,
		"My_Action": "My_Action",
	} {
		if got := Parse(in); got != want {
			t.Errorf("Parse(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSeverityIsAnOrder(t *testing.T) {
	order := []Action{NoAction, Greylist, AddHeader, RewriteSubject, "custom", Quarantine, SoftReject, Reject, Discard}
	for i, a := range order {
		if a.Severity() != i {
			t.Errorf("severity of %q = %d, want %d", a, a.Severity(), i)
		}
	}
	if !Action("custom").Custom() || Reject.Custom() || Action("").Custom() {
		t.Error("Custom is wrong")
	}
}

func TestValidate(t *testing.T) {
	good := Thresholds{Reject: 4, AddHeader: 6, "custom": -3, Discard: 100}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Thresholds{{Reject: math.NaN()}, {Reject: math.Inf(1)}, {NoAction: 0}, {"": 3}} {
		if bad.Validate() == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}

func TestByScore(t *testing.T) {
	th := Thresholds{Reject: 15, AddHeader: 6, Greylist: 4}
	for _, c := range []struct {
		score    float64
		disabled []Action
		want     Action
	}{
		{-3, nil, NoAction}, {3.99, nil, NoAction}, {4, nil, Greylist}, {6, nil, AddHeader}, {14.9, nil, AddHeader},
		{15, nil, Reject}, {100, nil, Reject}, {5, []Action{Greylist}, NoAction}, {20, []Action{Reject}, AddHeader},
		{math.NaN(), nil, NoAction},
	} {
		if got := th.ByScore(c.score, c.disabled...); got != c.want {
			t.Errorf("score %v without %v: %q, want %q", c.score, c.disabled, got, c.want)
		}
	}
	for range 20 {
		if got := (Thresholds{Reject: 5, AddHeader: 5, "b": 5, "a": 5}).ByScore(5); got != Reject {
			t.Fatalf("equal thresholds: %q", got)
		}
		if got := (Thresholds{"b": 5, "a": 5}).ByScore(5); got != "a" {
			t.Fatalf("equal custom thresholds: %q", got)
		}
	}
}

func TestHighest(t *testing.T) {
	if got := (Thresholds{Reject: 11, AddHeader: 6}).Highest(); got != 11 {
		t.Error(got)
	}
	if got := (Thresholds{Reject: -11}).Highest(); got != 0 {
		t.Error(got)
	}
}

package steps

import "testing"

func TestBudget(t *testing.T) {
	b := For(100)
	all := Least + 100*PerByte
	if !b.Take(all-10) || b.Taken() != all-10 {
		t.Errorf("%d taken", b.Taken())
	}
	if !b.Take(10) || b.Take(1) || b.Taken() != all {
		t.Errorf("%d taken of %d", b.Taken(), all)
	}
	b = For(0)
	if b.Take(Least+1) || b.Take(1) {
		t.Error("steps were there after some were missing")
	}
	var none Budget
	if none.Take(1) {
		t.Error("the zero budget has steps")
	}
}

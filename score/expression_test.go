package score

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

func evalLetters(t *testing.T, expr string) float64 {
	t.Helper()
	e, err := ParseExpression(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	// A, C and E are 1, the others 0.
	return e.Eval(func(a *Atom) float64 { return truth(strings.Contains("ACE", a.Name)) })
}

func TestExpressionVectors(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "suites/vectors/expressions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID   string
			Case []any
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		expr := c.Case[0].(string)
		e, err := ParseExpression(expr)
		switch want := c.Case[1].(type) {
		case nil:
			if err == nil {
				t.Errorf("%s: %q parsed as %s", c.ID, expr, e)
			}
		case string:
			if err != nil || e.String() != want {
				t.Errorf("%s: %q = %v (%v), want %s", c.ID, expr, e, err, want)
			}
		case float64:
			if got := evalLetters(t, expr); got != want {
				t.Errorf("%s: %q = %v, want %v", c.ID, expr, got, want)
			}
		}
	}
}

func TestExpressionPolish(t *testing.T) {
	for in, want := range map[string]string{
		"A":                          "(A)",
		"((A))":                      "(A)",
		"A and not B or C":           "(C) (A) (B) ! & |",
		"A AND B":                    "(A) (B) &",
		"A && B || C":                "(C) (A) (B) & |",
		"not(A|B)":                   "(A) (B) | !",
		"A & B & C | D | E":          "(D) (E) (A) (B) (C) &(3) |(3)",
		"((A + B) > 1) & C":          "(C) (A) (B) + 1 > &",
		"A - B - C":                  "(A) (B) (C) - -",
		"A + 2 * B":                  "(A) 2 (B) * +",
		"2 < A":                      "2 (A) <",
		"A > -1.5":                   "(A) -1.5 >",
		"A > (2)":                    "(A) 2 >",
		"1 | 0 & 0":                  "(1) (0) (0) & |",
		"A == 2":                     "(A) 2 ==",
		"A = 2":                      "(A) 2 ==",
		"A != B":                     "(A) (B) !=",
		"A>=2&B<=3":                  "(A) 2 >= (B) 3 <= &",
		"~g-:policies & -g+:fuzzy":   "(~g-:policies) (-g+:fuzzy) &",
		"^-A | B":                    "(^-A) (B) |",
		"A[x, /y z/i ,w] & !B[/a]/]": "(A[x, /y z/i ,w]) (B[/a]/]) ! &",
		"ANDROID | ORDER | NOTE":     "(ANDROID) (ORDER) (NOTE) |(3)",
		"A\n\t& B":                   "(A) (B) &",
		"A/2 & B":                    "(A/2) (B) &",
		"A / 2":                      "(A) 2 /",
	} {
		e, err := ParseExpression(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		} else if e.String() != want {
			t.Errorf("%q = %s, want %s", in, e, want)
		}
	}
}

func TestExpressionErrors(t *testing.T) {
	for in, offset := range map[string]int{
		"": 0, "  ": 2, "A &": 3, "& A": 0, "A &| B": 3, "(A": 0, "((A)": 0, "A)": 1, "A B": 2, "A (B)": 2,
		"()": 1, "A & !": 5, "A[": 1, "A[x": 1, "A[]": 2, "A[x,,y]": 4, "A[/x]": 2, "A[/(/]": 2, "A[/x/Z]": 2,
		"~ A": 1, "g: & A": 2, "A ; B": 2, "A;": 1, "A + + B": 4, "A -B": 2, "A - ": 4, "] & A": 0,
		"A & B)": 5, "A = = B": 4, "(A & B C)": 7, "A[x] B": 5, "A | - B": 4,
	} {
		_, err := ParseExpression(in)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: error %v", in, err)
		} else if syntax.Offset != offset {
			t.Errorf("%q: %v, want offset %d", in, err, offset)
		}
	}
}

func TestExpressionBounds(t *testing.T) {
	for name, in := range map[string]string{
		"length": strings.Repeat(" ", maxExpressionLen) + "A",
		"depth":  strings.Repeat("(", 5000) + "A" + strings.Repeat(")", 5000),
		"nots":   strings.Repeat("!", 5000) + "A",
		"atoms":  strings.Repeat("A|", maxExpressionAtoms) + "A",
	} {
		if _, err := ParseExpression(in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ParseExpression(strings.Repeat("A - ", maxExpressionAtoms-1) + "A"); err != nil {
		t.Error(err)
	}
}

func TestExpressionEval(t *testing.T) {
	for in, want := range map[string]float64{
		"A & B | !C": 0, "A & (!B | C)": 1, "!!C": 1, "A - C - E": 1, "(A - C) - E": -1, "A + C * E": 2, "A + C >= 2 & E": 1,
		"A / 2 + C": 1.5, "A > 0.5": 1, "B < A": 1, "A <= 0": 0, "A == C": 1, "A != C": 0, "B & (A / B)": 0,
		"!(A + C - 2)": 1, "A * 3": 3, "(A | B) + (C | E)": 2, "E": 1, "B": 0,
	} {
		if got := evalLetters(t, in); got != want {
			t.Errorf("%q = %v, want %v", in, got, want)
		}
	}
	if got := evalLetters(t, "A / B"); !math.IsInf(got, 1) {
		t.Errorf("1/0 = %v", got)
	}
}

func TestAtoms(t *testing.T) {
	e, err := ParseExpression("~g-:policies & !(^-SYM[opt,/^re$/i] | g:x | g+:y)")
	if err != nil {
		t.Fatal(err)
	}
	want := []Atom{
		{Prefix: "~", Name: "policies", Kind: NegativeGroupAtom},
		{Prefix: "^-", Name: "SYM", Negated: true},
		{Name: "x", Kind: GroupAtom, Negated: true},
		{Name: "y", Kind: PositiveGroupAtom, Negated: true},
	}
	for i, a := range e.Atoms() {
		w := want[i]
		if a.Prefix != w.Prefix || a.Name != w.Name || a.Kind != w.Kind || a.Negated != w.Negated {
			t.Errorf("atom %d: %+v, want %+v", i, a, w)
		}
	}
	sym := e.Atoms()[1]
	for _, c := range []struct {
		have []string
		want bool
	}{
		{[]string{"opt", "RE"}, true}, {[]string{"x", "re", "opt"}, true}, {[]string{"opt"}, false},
		{[]string{"option", "re"}, false}, {nil, false},
	} {
		if sym.MatchOptions(c.have) != c.want {
			t.Errorf("options %q: %v", c.have, !c.want)
		}
	}
}

// FuzzExpression looks for texts that crash the parser, and checks that short
// circuits don't change results.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"A & (!B | C)", "A + B + C + D > 2", "SYM[a,/b/i] and not ~g-:x", "A - 1 / B * 2 >= -0.5", "((A)", "!!A != 3",
	} {
		f.Add(s, uint16(5))
	}
	f.Fuzz(func(t *testing.T, s string, bits uint16) {
		e, err := ParseExpression(s)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset > len(s) || syntax.Offset < 0 {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		value := func(a *Atom) float64 { return float64(bits >> (len(a.Text) % 16) & 1) }
		got, want := e.Eval(value), e.root.evalAll(e, value)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%q: %v, without short circuits %v", s, got, want)
		}
		if e.String() == "" {
			t.Fatal("no reverse Polish form")
		}
	})
}

// evalAll evaluates every operand.
func (n *node) evalAll(e *Expression, value func(*Atom) float64) float64 {
	var kids []float64
	for _, k := range n.kids {
		kids = append(kids, k.evalAll(e, value))
	}
	switch n.op {
	case opAtom:
		return value(&e.atoms[n.atom])
	case opNumber:
		return n.number
	case opNot:
		return truth(!isTrue(kids[0]))
	case opAnd, opOr:
		and, or := true, false
		for _, k := range kids {
			and, or = and && isTrue(k), or || isTrue(k)
		}
		return truth(n.op == opAnd && and || n.op == opOr && or)
	}
	acc := kids[0]
	for _, k := range kids[1:] {
		acc = n.op.apply(acc, k)
	}
	return acc
}

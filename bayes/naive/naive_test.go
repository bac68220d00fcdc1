package naive

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s: %.7f, want %.7f", what, got, want)
	}
}

// TestShares has values worked out by hand: of n mails with a token and N lessons
// of a class the share is (n+u)/(N+1), u being that of all classes together.
func TestShares(t *testing.T) {
	p, _, used := shares([][]int64{{10, 0}, {0, 0}}, []int64{10, 10})
	near(t, "in all mails of one class", p[0], 10.5/11)
	if used != 1 {
		t.Errorf("%d tokens were known", used)
	}
	p, _, _ = shares([][]int64{{10, 10}, {0, 5}}, []int64{10, 10})
	near(t, "two tokens", p[0], 21*10.75/(21*10.75+5.75))
	p, _, _ = shares([][]int64{{1000}, {10}}, []int64{1000, 10})
	near(t, "as usual in many as in few", p[0], .5)
	p, _, _ = shares([][]int64{{5}, {0}, {5}}, []int64{5, 5, 5})
	near(t, "three classes", p[1], 1.0/18)
	if p, _, used := shares([][]int64{{0, 0}, {0, 0}}, []int64{10000, 100}); used != 0 || p[0] != p[1] {
		t.Errorf("unknown tokens: %v, %d", p, used)
	}
}

// TestSharesOfMany: thousands of tokens neither overflow nor become no number,
// and the order of classes does not matter.
func TestSharesOfMany(t *testing.T) {
	a, b := make([]int64, 20000), make([]int64, 20000)
	for i := range a {
		a[i], b[i] = int64(i%7), int64(i%5)
	}
	p, margin, _ := shares([][]int64{a, b}, []int64{300, 20})
	q, other, _ := shares([][]int64{b, a}, []int64{20, 300})
	near(t, "sum", p[0]+p[1], 1)
	near(t, "other order", q[1], p[0])
	if margin <= 0 || math.Abs(margin-other) > 1e-6*margin {
		t.Errorf("margins %g and %g", margin, other)
	}
}

func tokens(words string) []uint64 {
	return Tokens(mail.Parse([]byte("From: anna@example.org\r\nSubject: gnu\r\n\r\n"+words+" http://www.example.com/\r\n"), mail.Envelope{}, mail.Limits{}))
}

func TestTokens(t *testing.T) {
	a, b := tokens("gnu gnu Okapi"), tokens("okapi gnu")
	if len(a) != len(b) || !slices.IsSorted(a) || !slices.Equal(a, b) {
		t.Errorf("%x and %x", a, b)
	}
	if len(tokens("gnu")) != len(a)-1 {
		t.Error("a word more is no token more")
	}
}

func TestClassifier(t *testing.T) {
	c, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{MinLearns: 3})
	if err != nil {
		t.Fatal(err)
	}
	const spam, ham = "cheap watches casino jackpot", "garden club meeting minutes"
	for i := range 3 {
		if v, err := c.Classify(t.Context(), tokens(spam)); err != nil || v.Class != "" || v.Shares != nil {
			t.Errorf("after %d lessons: %+v, %v", i, v, err)
		}
		for class, words := range map[string]string{Spam: spam, Ham: ham} {
			if _, err := c.Learn(t.Context(), fmt.Sprint(class, i), class, tokens(words)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for class, words := range map[string]string{Spam: spam, Ham: ham} {
		v, err := c.Classify(t.Context(), tokens(words))
		if err != nil || v.Class != class || v.Shares[class] < .9 {
			t.Errorf("%s: %+v, %v", class, v, err)
		}
	}
	for i := range 3 {
		if l, err := c.Unlearn(t.Context(), fmt.Sprint(Spam, i)); err != nil || l.Was != Spam {
			t.Errorf("%+v, %v", l, err)
		}
	}
	if v, _ := c.Classify(t.Context(), tokens(spam)); v.Lessons[Spam] != 0 || v.Class != "" {
		t.Errorf("after all was taken back: %+v", v)
	}
	if _, err := c.Learn(t.Context(), "x", "other", tokens(spam)); err == nil {
		t.Error("an unknown class was learned")
	}
	if _, err := c.Learn(t.Context(), "x", Spam, nil); err != ErrEmpty {
		t.Errorf("no tokens: %v", err)
	}
	for _, classes := range [][]string{{"a"}, {"a", "a"}, {"a", ""}} {
		if _, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{Classes: classes}); err == nil {
			t.Errorf("classes %q were taken", classes)
		}
	}
}

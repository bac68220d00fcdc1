package osb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
)

func message(t *testing.T, words string, n int) []osb.Token {
	t.Helper()
	return osb.Tokens(parse(t, []byte(fmt.Sprintf("Subject: number %d\r\n\r\n%s okapi%d\r\n", n, words, n))), osb.Rspamd416, osb.Seen{})
}

const (
	spamWords = "cheap watches replica discount luxury buy pills casino jackpot winner lottery prize"
	hamWords  = "minutes garden club meeting apple trees pond fence winter council permission shed"
)

func newClassifier(t *testing.T, o osb.Options) *osb.Classifier {
	t.Helper()
	c, err := osb.New(storage.NewMemory(storage.MemoryOptions{}), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func learn(t *testing.T, c *osb.Classifier, name, class string, tokens []osb.Token) storage.Learned {
	t.Helper()
	l, err := c.Learn(t.Context(), osb.Lesson{Message: name, Class: class, Tokens: tokens, Always: true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestClassifier(t *testing.T) {
	c := newClassifier(t, osb.Options{MinLearns: 3})
	judge := func(words string) osb.Verdict {
		t.Helper()
		v, err := c.Classify(t.Context(), message(t, words, 99))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i := range 3 {
		if v := judge(spamWords); v.State != osb.FewLessons || v.Probability != .5 || v.Class != "" {
			t.Errorf("after %d lessons: %+v", i, v)
		}
		learn(t, c, fmt.Sprint("s", i), osb.Spam, message(t, spamWords, i))
		learn(t, c, fmt.Sprint("h", i), osb.Ham, message(t, hamWords, i))
	}
	spam, ham := judge(spamWords), judge(hamWords)
	if spam.Class != osb.Spam || spam.Probability < .95 || ham.Class != osb.Ham || ham.Probability > .05 {
		t.Errorf("%+v\n%+v", spam, ham)
	}
	if share, option, ok := spam.Symbol(); !ok || share < .4 || !strings.HasSuffix(option, "%") {
		t.Error(share, option, ok)
	}
	if v := judge("zebra quagga tapir giraffe lemur ibex emu rhea kiwi heron stork crane finch"); v.State != osb.Unknown {
		t.Errorf("%+v", v)
	}
	if v := judge("hi"); v.State != osb.FewTokens {
		t.Errorf("%+v", v)
	}
}

// TestRelearn moves lessons and takes them back, so that nothing is left.
func TestRelearn(t *testing.T) {
	c := newClassifier(t, osb.Options{MinLearns: -1})
	tokens := message(t, spamWords, 1)
	if l := learn(t, c, "m", osb.Ham, tokens); !l.Changed || l.Was != "" {
		t.Errorf("%+v", l)
	}
	if l := learn(t, c, "m", osb.Ham, tokens); l.Changed || l.Was != osb.Ham {
		t.Errorf("again: %+v", l)
	}
	if l := learn(t, c, "m", osb.Spam, tokens); !l.Changed || l.Was != osb.Ham {
		t.Errorf("moved: %+v", l)
	}
	v, err := c.Classify(t.Context(), tokens)
	if err != nil || v.Lessons[osb.Spam] != 1 || v.Lessons[osb.Ham] != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if l, err := c.Unlearn(t.Context(), "m"); err != nil || l.Was != osb.Spam {
		t.Errorf("%+v, %v", l, err)
	}
	if v, _ := c.Classify(t.Context(), tokens); v.State != osb.Unknown || v.Lessons[osb.Spam] != 0 {
		t.Errorf("%+v", v)
	}
}

// TestDigestsTakeOneTrip: however many digests Rspamd may have noted a message under, a
// lesson asks for all of them at once.
func TestDigestsTakeOneTrip(t *testing.T) {
	store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
	c, err := osb.New(store, osb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := osb.Lesson{Message: "m", Class: osb.Spam, Tokens: message(t, spamWords, 1), Digests: []string{"a", "b", "c"}}
	if learned, err := c.Learn(t.Context(), l); err != nil || !learned.Changed {
		t.Errorf("%+v, %v", learned, err)
	}
	if got := store.Trips(); !slices.Equal(got, []string{"LessonAs", "Counts"}) {
		t.Errorf("%q beside what learns", got)
	}
}

func TestRefusedLessons(t *testing.T) {
	c := newClassifier(t, osb.Options{MinLearns: 3})
	try := func(name, class string, tokens []osb.Token) error {
		_, err := c.Learn(t.Context(), osb.Lesson{Message: name, Class: class, Tokens: tokens})
		return err
	}
	if err := try("x", "other", message(t, spamWords, 1)); err == nil {
		t.Error("a class that there is not was learned")
	}
	if err := try("x", osb.Spam, message(t, "hi", 1)[:3]); !errors.Is(err, osb.ErrShort) {
		t.Errorf("short: %v", err)
	}
	for i := range 6 {
		learn(t, c, fmt.Sprint("s", i), osb.Spam, message(t, spamWords, i))
		learn(t, c, fmt.Sprint("h", i), osb.Ham, message(t, hamWords, i))
	}
	if err := try("x", osb.Spam, message(t, spamWords, 7)); !errors.Is(err, osb.ErrKnown) {
		t.Errorf("known: %v", err)
	}
	if err := try("x", osb.Ham, message(t, spamWords, 7)); err != nil {
		t.Errorf("the other class: %v", err)
	}
}

func TestNamedClasses(t *testing.T) {
	c := newClassifier(t, osb.Options{MinLearns: 2, Classes: []string{"spam", "ham", "newsletter"}})
	const news = "subscribe weekly digest articles editors choice read online browser unsubscribe issue magazine"
	for i := range 4 {
		learn(t, c, fmt.Sprint("s", i), "spam", message(t, spamWords, i))
		learn(t, c, fmt.Sprint("h", i), "ham", message(t, hamWords, i))
		learn(t, c, fmt.Sprint("n", i), "newsletter", message(t, news, i))
	}
	for class, words := range map[string]string{"spam": spamWords, "ham": hamWords, "newsletter": news} {
		v, err := c.Classify(t.Context(), message(t, words, 9))
		sum := 0.0
		for _, s := range v.Shares {
			sum += s
		}
		if err != nil || v.Class != class || sum < .999 || sum > 1.001 {
			t.Errorf("%s: %+v, %v", class, v, err)
		}
		if _, _, ok := v.Symbol(); !ok {
			t.Errorf("%s: no symbol of %+v", class, v)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []osb.Options{
		{Dialect: 7}, {Classes: []string{"spam"}}, {Classes: []string{"a", "a"}}, {Classes: []string{"a", ""}}, {Strength: .5}, {Strength: -1},
	} {
		if _, err := osb.New(storage.NewMemory(storage.MemoryOptions{}), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

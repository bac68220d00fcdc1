package freemail

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
)

// TestFixtures uses domains of its own, so that the fixtures don't change
// when the built-in lists do.
func TestFixtures(t *testing.T) {
	checktest.Run(t, New(Options{
		Freemail:   []string{"free.example", "gratis.example", "fürlau.example"},
		Disposable: []string{"Gone.example.", ".gone.example", ".xn--mll-hoa.example"},
	}).Checks)
}

func TestBuiltinLists(t *testing.T) {
	for name, l := range map[string]list{"freemail": builtinFreemail(), "disposable": builtinDisposable()} {
		lines := strings.Split(strings.TrimSuffix(l.text, "\n"), "\n")
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("%s is not sorted or has a line twice", name)
		}
		for i, d := range lines {
			if d != clean(d) || !strings.Contains(d[1:], ".") {
				t.Errorf("%s: line %d is not a clean domain: %q", name, i+1, d)
			}
			if i%97 == 0 && !hasLine(l.text, d) {
				t.Errorf("%s: %q is not found", name, d)
			}
		}
		for _, d := range []string{"", "example.org", "example.com", "com", "\x00", "\xff.org"} {
			if l.has(d) {
				t.Errorf("%s has %q", name, d)
			}
		}
	}
	if !builtinFreemail().has("gmail.com") || builtinDisposable().has("gmail.com") {
		t.Error("gmail.com is free and not disposable")
	}
}

func TestHas(t *testing.T) {
	l := choose([]string{"b.example", ".c.example", "a.example", "b.example"}, builtinFreemail)
	for d, want := range map[string]bool{
		"a.example": true, "b.example": true, "x.b.example": false, "c.example": false,
		"x.c.example": true, "y.x.c.example": true, "xc.example": false, "example": false, "": false,
	} {
		if got := l.has(d); got != want {
			t.Errorf("has(%q) = %v", d, got)
		}
	}
	if choose([]string{}, builtinFreemail).has("gmail.com") {
		t.Error("an empty list matches")
	}
}

func TestOff(t *testing.T) {
	if New(Options{Off: true}).Checks != nil {
		t.Error("Off leaves something")
	}
}

func TestReadList(t *testing.T) {
	got, err := ReadList(strings.NewReader("# free\nA.example\n\n  b.example # b\n"))
	if err != nil || !slices.Equal(got, []string{"a.example", "b.example"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := ReadList(strings.NewReader("a.example\nx@b.example\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an address is no domain: %v", err)
	}
}

func BenchmarkHas(b *testing.B) {
	l := builtinDisposable()
	b.ReportAllocs()
	for b.Loop() {
		l.has("mail.news.example.org")
	}
}

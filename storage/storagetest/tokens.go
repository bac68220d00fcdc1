package storagetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

func tokenCases() []testCase[storage.Tokens] {
	return []testCase[storage.Tokens]{
		{"Learn", learn},
		{"Move", move},
		{"TakeBack", unlearn},
		{"Weights", weights},
		{"Messages", lessonOfMany},
		{"Order", countOrder},
		{"Large", largeLesson},
		{"Many", learnMany},
		{"ManyStops", learnManyStops},
		{"Tables", tokenTables},
		{"Names", tokenNames},
		{"Concurrent", learnConcurrent},
		{"ConcurrentMoves", moveConcurrent},
		{"Forgotten", forgotten},
	}
}

// teach learns a lesson of the table "t" and checks the answer.
func teach(t *testing.T, k storage.Tokens, message, class, was string, changed bool, ids ...uint64) {
	t.Helper()
	got, err := k.Learn(t.Context(), "t", storage.Lesson{Message: message, Class: class, IDs: ids})
	must(t, err)
	eq(t, fmt.Sprintf("learn %q as %q", message, class), got, storage.Learned{Was: was, Changed: changed})
}

// counted checks the lessons and the counts of ids in one class of a table.
func counted(t *testing.T, k storage.Tokens, table, class string, lessons int64, ids []uint64, want ...int64) {
	t.Helper()
	c, err := k.Counts(t.Context(), table, ids)
	must(t, err)
	got := c.Tokens[class]
	if got == nil {
		got = make([]int64, len(ids)) // no token has the class
	}
	if !slices.Equal(got, want) || c.Lessons[class] != lessons {
		t.Errorf("table %q, class %q: %d lessons, counts %v; want %d, %v", table, class, c.Lessons[class], got, lessons, want)
	}
}

func learn(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{1, 2, 3}
	counted(t, k, "t", "spam", 0, ids, 0, 0, 0)
	teach(t, k, "m1", "spam", "", true, 1, 2, 2, 1)
	teach(t, k, "m2", "spam", "", true, 2)
	teach(t, k, "m3", "ham", "", true, 3, 2)
	teach(t, k, "m4", "ham", "", true) // a message without tokens
	teach(t, k, "m1", "spam", "spam", false, 1, 2)
	teach(t, k, "m1", "spam", "spam", false, 7)
	counted(t, k, "t", "spam", 2, ids, 1, 2, 0)
	counted(t, k, "t", "ham", 2, ids, 0, 1, 1)
	counted(t, k, "t", "other", 0, ids, 0, 0, 0)
	for message, want := range map[string]string{"m1": "spam", "m3": "ham", "m4": "ham", "none": ""} {
		got, err := k.Lesson(t.Context(), "t", message)
		must(t, err)
		eq(t, "class of "+message, got, want)
	}
	c, err := k.Counts(t.Context(), "t", nil)
	must(t, err)
	eq(t, "lessons, asked for no token", c.Lessons["spam"], 2)
}

func move(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{1, 2, 3, 9}
	teach(t, k, "m1", "spam", "", true, 1, 2)
	teach(t, k, "m2", "spam", "", true, 2, 3)
	// The ids that were noted are moved, not those of the call.
	teach(t, k, "m1", "ham", "spam", true, 9)
	teach(t, k, "m1", "ham", "ham", false, 9)
	counted(t, k, "t", "spam", 1, ids, 0, 1, 1, 0)
	counted(t, k, "t", "ham", 1, ids, 1, 1, 0, 0)
	teach(t, k, "m1", "spam", "ham", true)
	counted(t, k, "t", "spam", 2, ids, 1, 2, 1, 0)
	counted(t, k, "t", "ham", 0, ids, 0, 0, 0, 0)
}

func unlearn(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{1, 2}
	teach(t, k, "m1", "", "", false, 1)
	teach(t, k, "m1", "spam", "", true, 1, 2)
	teach(t, k, "m2", "spam", "", true, 2)
	teach(t, k, "m1", "", "spam", true)
	teach(t, k, "m1", "", "", false)
	counted(t, k, "t", "spam", 1, ids, 0, 1)
	class, err := k.Lesson(t.Context(), "t", "m1")
	must(t, err)
	eq(t, "class of a message that was taken back", class, "")
	teach(t, k, "m1", "ham", "", true, 1)
	counted(t, k, "t", "ham", 1, ids, 1, 0)
}

func weights(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{1, 2}
	for _, l := range []storage.Lesson{
		{Message: "m1", Class: "spam", IDs: []uint64{1, 2, 1}, Weight: 5},
		{Message: "m2", Class: "spam", IDs: []uint64{2}, Weight: 1},
	} {
		_, err := k.Learn(t.Context(), "t", l)
		must(t, err)
	}
	counted(t, k, "t", "spam", 2, ids, 5, 6)
	// The weight that was noted is moved too.
	_, err := k.Learn(t.Context(), "t", storage.Lesson{Message: "m1", Class: "ham", Weight: 2})
	must(t, err)
	counted(t, k, "t", "spam", 1, ids, 0, 1)
	counted(t, k, "t", "ham", 1, ids, 5, 5)
	teach(t, k, "m1", "", "ham", true)
	counted(t, k, "t", "ham", 0, ids, 0, 0)
	if _, err := k.Learn(t.Context(), "t", storage.Lesson{Message: "m3", Class: "ham", IDs: ids, Weight: -1}); err == nil {
		t.Error("a negative weight is no error")
	}
	counted(t, k, "t", "ham", 0, ids, 0, 0)
}

// lessonOfMany holds that a lesson that stands for many messages counts as many,
// also where it is moved and taken back, and that others keep counting as one.
func lessonOfMany(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{1, 2}
	many := storage.Lesson{Message: "many", Class: "spam", IDs: []uint64{1}, Weight: 3, Messages: 1_000_000}
	for again := range 2 {
		got, err := k.Learn(t.Context(), "t", many)
		must(t, err)
		eq(t, "answer", got.Changed, again == 0)
	}
	teach(t, k, "one", "spam", "", true, 1, 2)
	counted(t, k, "t", "spam", 1_000_001, ids, 4, 1)
	many.Class, many.Messages, many.Weight = "ham", 5, 1 // what was noted counts
	_, err := k.Learn(t.Context(), "t", many)
	must(t, err)
	counted(t, k, "t", "spam", 1, ids, 1, 1)
	counted(t, k, "t", "ham", 1_000_000, ids, 3, 0)
	teach(t, k, "many", "", "ham", true)
	counted(t, k, "t", "ham", 0, ids, 0, 0)
	for _, n := range []int64{-1, math.MaxInt64} {
		if _, err := k.Learn(t.Context(), "t", storage.Lesson{Message: "m", Class: "ham", Messages: n}); err == nil {
			t.Errorf("a lesson of %d messages is no error", n)
		}
	}
	counted(t, k, "t", "ham", 0, ids, 0, 0)
}

func countOrder(t *testing.T, _ Store, k storage.Tokens) {
	ids := []uint64{math.MaxUint64, 0, 1 << 63, 1, 1<<63 - 1, 0x0d0a, 0xff00ff00}
	for i, id := range ids {
		for n := range i + 1 {
			teach(t, k, fmt.Sprintf("%d-%d", i, n), "spam", "", true, id)
		}
	}
	counted(t, k, "t", "spam", 28, ids, 1, 2, 3, 4, 5, 6, 7)
	counted(t, k, "t", "spam", 28, []uint64{1, 77, 0, 1, math.MaxUint64}, 4, 0, 2, 4, 1)
}

func largeLesson(t *testing.T, _ Store, k storage.Tokens) {
	ids, want, none := make([]uint64, 5000), make([]int64, 5000), make([]int64, 5000)
	for i := range ids {
		ids[i], want[i] = uint64(i)*0x9e3779b97f4a7c15, 1
	}
	teach(t, k, "m", "spam", "", true, ids...)
	counted(t, k, "t", "spam", 1, ids, want...)
	teach(t, k, "m", "ham", "spam", true)
	counted(t, k, "t", "spam", 0, ids, none...)
	counted(t, k, "t", "ham", 1, ids, want...)
}

func learnMany(t *testing.T, _ Store, k storage.Tokens) {
	var ls []storage.Lesson
	for i := range 1200 {
		ls = append(ls, storage.Lesson{Message: fmt.Sprint(i), Class: "spam", IDs: []uint64{1, uint64(i + 2)}})
	}
	ls = append(ls,
		storage.Lesson{Message: "0", Class: "ham"},
		storage.Lesson{Message: "1", Class: ""},
		storage.Lesson{Message: "2", Class: "spam"},
		storage.Lesson{Message: "0", Class: "spam"},
		storage.Lesson{Message: "0", Class: "ham"},
	)
	got, err := k.LearnMany(t.Context(), "t", ls)
	must(t, err)
	eq(t, "answers", len(got), len(ls))
	for i, l := range got[:1200] {
		eq(t, fmt.Sprintf("lesson %d", i), l, storage.Learned{Changed: true})
	}
	want := []storage.Learned{{Was: "spam", Changed: true}, {Was: "spam", Changed: true}, {Was: "spam"}, {Was: "ham", Changed: true}, {Was: "spam", Changed: true}}
	if !slices.Equal(got[1200:], want) {
		t.Errorf("the last lessons: %+v, want %+v", got[1200:], want)
	}
	counted(t, k, "t", "spam", 1198, []uint64{1, 2, 3, 4, 1201}, 1198, 0, 0, 1, 1)
	counted(t, k, "t", "ham", 1, []uint64{1, 2, 3}, 1, 1, 0)
	again, err := k.LearnMany(t.Context(), "t", ls[2:1200])
	must(t, err)
	for i, l := range again {
		eq(t, fmt.Sprintf("lesson %d again", i), l, storage.Learned{Was: "spam"})
	}
	none, err := k.LearnMany(t.Context(), "t", nil)
	must(t, err)
	eq(t, "answers to no lesson", len(none), 0)
}

// learnManyStops holds that exactly the lessons that have answers were learned.
func learnManyStops(t *testing.T, _ Store, k storage.Tokens) {
	ls := []storage.Lesson{
		{Message: "a", Class: "spam", IDs: []uint64{1}}, {Message: "b", Class: "spam", IDs: []uint64{1}},
		{Message: "", Class: "spam", IDs: []uint64{1}}, {Message: "c", Class: "spam", IDs: []uint64{1}},
	}
	got, err := k.LearnMany(t.Context(), "t", ls)
	if !errors.Is(err, storage.ErrBadKey) || len(got) > 2 {
		t.Fatalf("%d answers, %v, want ErrBadKey and at most 2", len(got), err)
	}
	counted(t, k, "t", "spam", int64(len(got)), []uint64{1}, int64(len(got)))
}

func tokenTables(t *testing.T, s Store, k storage.Tokens) {
	tables := append(s.oddKeys(), "t", "t:t", "t2")
	for i, table := range tables {
		for n := range i + 1 {
			_, err := k.Learn(t.Context(), table, storage.Lesson{Message: fmt.Sprint(n), Class: "spam", IDs: []uint64{1}})
			must(t, err)
		}
	}
	must(t, k.DropTable(t.Context(), "t"))
	must(t, k.DropTable(t.Context(), "never there"))
	for i, table := range tables {
		n := int64(i + 1)
		if table == "t" {
			n = 0
		}
		counted(t, k, table, "spam", n, []uint64{1}, n)
	}
	class, err := k.Lesson(t.Context(), "t", "0")
	must(t, err)
	eq(t, "class of a lesson of a dropped table", class, "")
	teach(t, k, "0", "spam", "", true, 1)
	counted(t, k, "t", "spam", 1, []uint64{1}, 1)
}

func tokenNames(t *testing.T, s Store, k storage.Tokens) {
	for i, name := range s.oddKeys() {
		teach(t, k, name, name, "", true, 1, uint64(i))
		teach(t, k, name, name, name, false, 1)
	}
	for i, name := range s.oddKeys() {
		counted(t, k, "t", name, 1, []uint64{uint64(i), 99}, 1, 0)
	}
	for _, name := range badKeys() {
		_, counts := k.Counts(t.Context(), name, nil)
		_, table := k.Learn(t.Context(), name, storage.Lesson{Message: "m", Class: "c"})
		_, message := k.Learn(t.Context(), "t", storage.Lesson{Message: name, Class: "c"})
		_, lesson := k.Lesson(t.Context(), name, "m")
		_, lesson2 := k.Lesson(t.Context(), "t", name)
		allAre(t, storage.ErrBadKey, counts, table, message, lesson, lesson2, k.DropTable(t.Context(), name))
	}
	_, class := k.Learn(t.Context(), "t", storage.Lesson{Message: "m", Class: badKeys()[1]})
	allAre(t, storage.ErrBadKey, class)
}

package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

func recentCases() []testCase[storage.Recent] {
	return []testCase[storage.Recent]{
		{"Push", push},
		{"Copies", itemCopies},
		{"Large", largeItems},
		{"Names", listNames},
		{"Concurrent", pushConcurrent},
	}
}

// items checks what is on the list "l".
func items(t *testing.T, r storage.Recent, skip, n int, want ...string) {
	t.Helper()
	got, err := r.Items(t.Context(), "l", skip, n)
	must(t, err)
	var have []string
	for _, item := range got {
		have = append(have, string(item))
	}
	if !slices.Equal(have, want) {
		t.Errorf("%d items after %d: %q, want %q", n, skip, have, want)
	}
}

func push(t *testing.T, _ Store, r storage.Recent) {
	items(t, r, 0, 10)
	for i, item := range []string{"a", "", "\x00\xff\r\n", "d"} {
		must(t, r.Push(t.Context(), "l", []byte(item), 0))
		items(t, r, 0, 1, item)
		items(t, r, i+1, 9)
	}
	items(t, r, 0, 10, "d", "\x00\xff\r\n", "", "a")
	items(t, r, 1, 2, "\x00\xff\r\n", "")
	items(t, r, 0, 0)
	items(t, r, -1, 1, "d")
	items(t, r, math.MinInt, 1, "d")
	items(t, r, math.MaxInt, math.MaxInt)
	items(t, r, 0, -1)
	must(t, r.Push(t.Context(), "l", []byte("e"), 3))
	items(t, r, 0, 10, "e", "d", "\x00\xff\r\n")
	must(t, r.Push(t.Context(), "l", []byte("f"), 5))
	items(t, r, 0, 10, "f", "e", "d", "\x00\xff\r\n")
	must(t, r.Push(t.Context(), "l", []byte("g"), 1))
	items(t, r, 0, 10, "g")
	must(t, r.Push(t.Context(), "l", []byte("g"), 2))
	items(t, r, 0, 10, "g", "g")
}

func itemCopies(t *testing.T, _ Store, r storage.Recent) {
	item := []byte("abc")
	must(t, r.Push(t.Context(), "l", item, 0))
	item[0] = 'X'
	got, err := r.Items(t.Context(), "l", 0, 1)
	must(t, err)
	items(t, r, 0, 1, "abc")
	got[0][1] = 'Y'
	items(t, r, 0, 1, "abc")
}

func largeItems(t *testing.T, _ Store, r storage.Recent) {
	large := string(bytes.Repeat([]byte{0xfe}, storage.MaxValue))
	for range 3 {
		must(t, r.Push(t.Context(), "l", []byte(large), 2))
	}
	items(t, r, 0, 3, large, large)
}

func listNames(t *testing.T, s Store, r storage.Recent) {
	for _, name := range s.oddKeys() {
		must(t, r.Push(t.Context(), name, []byte(name), 0))
	}
	for _, name := range s.oddKeys() {
		got, err := r.Items(t.Context(), name, 0, 9)
		must(t, err)
		if len(got) != 1 || string(got[0]) != name {
			t.Errorf("list %q: %q", name, got)
		}
	}
	for _, name := range badKeys() {
		_, get := r.Items(t.Context(), name, 0, 1)
		allAre(t, storage.ErrBadKey, r.Push(t.Context(), name, nil, 0), get)
	}
}

func pushConcurrent(t *testing.T, _ Store, r storage.Recent) {
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 10 {
				if err := r.Push(t.Context(), "l", fmt.Append(nil, w, "-", i), 100); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := r.Items(t.Context(), "l", 0, 1000)
	must(t, err)
	seen := map[string]bool{}
	for _, item := range got {
		seen[string(item)] = true
	}
	eq(t, "items", len(got), 100)
	eq(t, "different items", len(seen), 100)
}

func rankedCases() []testCase[storage.Ranked] {
	return []testCase[storage.Ranked]{
		{"Rank", rank},
		{"Keep", rankKeep},
		{"Scores", rankScores},
		{"TTL", rankTTL},
		{"Names", rankNames},
		{"Concurrent", rankConcurrent},
		{"RankMany", rankMany},
		{"Add", rankAdd},
	}
}

// ranked checks the order of members of the set "s".
func ranked(t *testing.T, r storage.Ranked, skip, n int, want ...storage.Member) {
	t.Helper()
	rankedYet(t, r, skip, n, func() {}, want...)
}

// rankedYet is ranked for a set with a TTL.
func rankedYet(t *testing.T, r storage.Ranked, skip, n int, inTime func(), want ...storage.Member) {
	t.Helper()
	got, err := r.Members(t.Context(), "s", skip, n)
	must(t, err)
	inTime()
	if !slices.Equal(got, want) {
		t.Errorf("%d members after %d: %v, want %v", n, skip, got, want)
	}
}

func rank(t *testing.T, _ Store, r storage.Ranked) {
	ranked(t, r, 0, 10)
	for _, m := range []storage.Member{{Name: "b", Score: 2}, {Name: "c", Score: 1e9}, {Name: "a", Score: -0.5}} {
		must(t, r.Rank(t.Context(), "s", m.Name, m.Score, 0, 0))
	}
	ranked(t, r, 0, 10, storage.Member{Name: "c", Score: 1e9}, storage.Member{Name: "b", Score: 2}, storage.Member{Name: "a", Score: -0.5})
	ranked(t, r, 1, 1, storage.Member{Name: "b", Score: 2})
	ranked(t, r, 3, 1)
	ranked(t, r, 0, 0)
	ranked(t, r, 0, -1)
	ranked(t, r, -1, 1, storage.Member{Name: "c", Score: 1e9})
	ranked(t, r, math.MinInt, 1, storage.Member{Name: "c", Score: 1e9})
	ranked(t, r, math.MaxInt, math.MaxInt)
	must(t, r.Rank(t.Context(), "s", "c", 1, 0, 0))
	ranked(t, r, 0, 10, storage.Member{Name: "b", Score: 2}, storage.Member{Name: "c", Score: 1}, storage.Member{Name: "a", Score: -0.5})
	score, err := r.RankOf(t.Context(), "s", "c")
	must(t, err)
	eq(t, "score of c", score, 1)
	must(t, r.Unrank(t.Context(), "s", "a", "none", "b"))
	must(t, r.Unrank(t.Context(), "s"))
	must(t, r.Unrank(t.Context(), "none", "a"))
	ranked(t, r, 0, 10, storage.Member{Name: "c", Score: 1})
	for _, of := range [][2]string{{"s", "a"}, {"none", "c"}} {
		if got, err := r.RankOf(t.Context(), of[0], of[1]); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("RankOf(%q, %q) = %v, %v, want ErrNotFound", of[0], of[1], got, err)
		}
	}
}

func rankKeep(t *testing.T, _ Store, r storage.Ranked) {
	for i := range 6 {
		must(t, r.Rank(t.Context(), "s", fmt.Sprint(i), float64(i), 4, 0))
	}
	ranked(t, r, 2, 9, storage.Member{Name: "3", Score: 3}, storage.Member{Name: "2", Score: 2})
	must(t, r.Rank(t.Context(), "s", "low", 0, 4, 0)) // drops itself
	must(t, r.Rank(t.Context(), "s", "1", 2, 4, 0))   // below "2", which has as much
	ranked(t, r, 2, 9, storage.Member{Name: "3", Score: 3}, storage.Member{Name: "2", Score: 2})
	must(t, r.Rank(t.Context(), "s", "20", 2, 4, 0))
	ranked(t, r, 2, 9, storage.Member{Name: "3", Score: 3}, storage.Member{Name: "20", Score: 2})
	must(t, r.Rank(t.Context(), "s", "2", 2, 5, 0))
	must(t, r.Rank(t.Context(), "s", "2", 9, 2, 0))
	ranked(t, r, 0, 9, storage.Member{Name: "2", Score: 9}, storage.Member{Name: "5", Score: 5})
}

func rankScores(t *testing.T, _ Store, r storage.Ranked) {
	scores := []float64{0, 1.7e9 + 0.123, -1e300, math.MaxInt64, 1.0 / 3, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1)}
	for i, score := range scores {
		must(t, r.Rank(t.Context(), "s", fmt.Sprint(i), score, 0, 0))
	}
	for i, score := range scores {
		got, err := r.RankOf(t.Context(), "s", fmt.Sprint(i))
		must(t, err)
		eq(t, "score", got, score)
	}
	allAre(t, storage.ErrNotNumber, r.Rank(t.Context(), "s", "nan", math.NaN(), 0, 0))
	top, err := r.Members(t.Context(), "s", 0, 1)
	must(t, err)
	eq(t, "the highest", top[0], storage.Member{Name: "6", Score: math.Inf(1)})
}

func rankTTL(t *testing.T, s Store, r storage.Ranked) {
	first := s.lives(4 * s.Tick)
	must(t, r.Rank(t.Context(), "s", "a", 1, 0, 4*s.Tick))
	s.Pass(3 * s.Tick)
	second := s.lives(4 * s.Tick)
	must(t, r.Rank(t.Context(), "s", "b", 2, 0, 4*s.Tick))
	first()
	s.Pass(3 * s.Tick)
	rankedYet(t, r, 0, 9, second, storage.Member{Name: "b", Score: 2}, storage.Member{Name: "a", Score: 1})
	s.Pass(2 * s.Tick)
	ranked(t, r, 0, 9)
	third := s.lives(s.Tick)
	must(t, r.Rank(t.Context(), "s", "c", 3, 0, s.Tick))
	must(t, r.Rank(t.Context(), "s", "d", 4, 0, 0))
	third()
	s.Pass(2 * s.Tick)
	ranked(t, r, 0, 9, storage.Member{Name: "d", Score: 4}, storage.Member{Name: "c", Score: 3})
}

func rankNames(t *testing.T, s Store, r storage.Ranked) {
	for i, name := range s.oddKeys() {
		must(t, r.Rank(t.Context(), name, name, float64(i), 0, 0))
	}
	for i, name := range s.oddKeys() {
		got, err := r.Members(t.Context(), name, 0, 9)
		must(t, err)
		if want := (storage.Member{Name: name, Score: float64(i)}); len(got) != 1 || got[0] != want {
			t.Errorf("set %q: %v", name, got)
		}
	}
	for _, name := range badKeys() {
		_, of := r.RankOf(t.Context(), name, "m")
		_, of2 := r.RankOf(t.Context(), "s", name)
		_, members := r.Members(t.Context(), name, 0, 1)
		allAre(t, storage.ErrBadKey, of, of2, members,
			r.Rank(t.Context(), name, "m", 1, 0, 0), r.Rank(t.Context(), "s", name, 1, 0, 0),
			r.Unrank(t.Context(), name, "m"), r.Unrank(t.Context(), "s", name))
	}
}

func rankConcurrent(t *testing.T, _ Store, r storage.Ranked) {
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 10 {
				if err := r.Rank(t.Context(), "s", fmt.Sprint(w*10+i), float64(w*10+i), 50, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := r.Members(t.Context(), "s", 0, 1000)
	must(t, err)
	eq(t, "members", len(got), 50)
	for i, m := range got {
		eq(t, "member", m, storage.Member{Name: fmt.Sprint(159 - i), Score: float64(159 - i)})
	}
}

// rankMany is as many calls of Rank, and RanksOf as many of RankOf.
func rankMany(t *testing.T, s Store, r storage.Ranked) {
	ctx := t.Context()
	must(t, storage.RankMany(ctx, r, nil))
	var rs []storage.Ranking
	var of []storage.MemberOf
	for i := range 600 {
		set := "s"
		if i%3 == 2 {
			set = "other"
		}
		rs = append(rs, storage.Ranking{Set: set, Member: fmt.Sprint(i), Score: float64(i)})
		of = append(of, storage.MemberOf{Set: set, Member: fmt.Sprint(i)})
	}
	must(t, storage.RankMany(ctx, r, rs))
	got, err := storage.RanksOf(ctx, r, append(of, storage.MemberOf{Set: "s", Member: "none"}, storage.MemberOf{Set: "none", Member: "1"}))
	must(t, err)
	if len(got) != 602 || got[600] != (storage.Member{}) || got[601] != (storage.Member{}) {
		t.Fatalf("%d members, at the end %v", len(got), got[len(got)-2:])
	}
	for i, m := range got[:600] {
		eq(t, "member", m, storage.Member{Name: fmt.Sprint(i), Score: float64(i)})
	}
	must(t, storage.RankMany(ctx, r, []storage.Ranking{
		{Set: "s", Member: "600", Score: 600, Keep: 2}, {Set: "s", Member: "597", Score: -1, Keep: 3}, {Set: "other", Member: "1", TTL: -1},
	}))
	ranked(t, r, 0, 9, storage.Member{Name: "600", Score: 600}, storage.Member{Name: "598", Score: 598}, storage.Member{Name: "597", Score: -1})
	rest, err := r.Members(ctx, "other", 0, 9)
	must(t, err)
	eq(t, "members of a set that is removed", len(rest), 0)
	err = storage.RankMany(ctx, r, []storage.Ranking{{Set: "s", Member: "1000", Score: 1000}, {Set: "s", Member: "nan", Score: math.NaN()}, {Set: "", Member: "x"}})
	allAre(t, storage.ErrNotNumber, err, storage.RankMany(ctx, r, []storage.Ranking{{Set: "s", Member: "x", Score: math.Inf(1), Add: true}}))
	_, none := storage.RanksOf(ctx, r, []storage.MemberOf{{Set: "s", Member: "600"}, {Set: "s"}})
	allAre(t, storage.ErrBadKey, none, storage.RankMany(ctx, r, []storage.Ranking{{Set: "s"}}))
}

// rankAdd adds to scores; what it adds to stays.
func rankAdd(t *testing.T, s Store, r storage.Ranked) {
	add := func(member string, score float64, keep int) {
		t.Helper()
		must(t, storage.RankMany(t.Context(), r, []storage.Ranking{{Set: "s", Member: member, Score: score, Add: true, Keep: keep}}))
	}
	for _, m := range []string{"a", "b", "a", "c", "a", "b"} {
		add(m, 1, 3)
	}
	ranked(t, r, 0, 9, storage.Member{Name: "a", Score: 3}, storage.Member{Name: "b", Score: 2}, storage.Member{Name: "c", Score: 1})
	add("d", 0.5, 3)
	ranked(t, r, 0, 9, storage.Member{Name: "a", Score: 3}, storage.Member{Name: "b", Score: 2}, storage.Member{Name: "d", Score: 0.5})
	add("d", 4, 3)
	add("b", -1.5, 0)
	ranked(t, r, 0, 9, storage.Member{Name: "d", Score: 4.5}, storage.Member{Name: "a", Score: 3}, storage.Member{Name: "b", Score: 0.5})
	add("e", 1, 1)
	ranked(t, r, 0, 9, storage.Member{Name: "e", Score: 1})
	live := s.lives(2 * s.Tick)
	must(t, storage.RankMany(t.Context(), r, []storage.Ranking{{Set: "s", Member: "e", Score: 1, Add: true, TTL: 2 * s.Tick}}))
	rankedYet(t, r, 0, 9, live, storage.Member{Name: "e", Score: 2})
	s.Pass(4 * s.Tick)
	ranked(t, r, 0, 9)
	add("e", 7, 0)
	ranked(t, r, 0, 9, storage.Member{Name: "e", Score: 7})
}

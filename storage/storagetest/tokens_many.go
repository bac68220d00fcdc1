package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

// learnConcurrent: all learn the same lessons, and each counts once.
func learnConcurrent(t *testing.T, _ Store, k storage.Tokens) {
	const workers, lessons = 16, 20
	var changed atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range lessons {
				n := (i + w) % lessons
				l := storage.Lesson{Message: fmt.Sprint(n), Class: "spam", IDs: []uint64{1, uint64(n + 2)}}
				got, err := k.Learn(t.Context(), "t", l)
				if err != nil {
					t.Error(err)
					return
				}
				if got.Changed {
					changed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	eq(t, "lessons that changed something", changed.Load(), lessons)
	counted(t, k, "t", "spam", lessons, []uint64{1, 2, lessons + 1}, lessons, 1, 1)
}

// moveConcurrent: however learners move and take back the same lessons, the
// counts are those of the lessons in the end.
func moveConcurrent(t *testing.T, _ Store, k storage.Tokens) {
	const workers, messages, rounds = 8, 4, 15
	classes := []string{"spam", "ham", "spam", "ham", ""}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				n := (i + w) % messages
				l := storage.Lesson{Message: fmt.Sprint(n), Class: classes[(i*3+w)%len(classes)], IDs: []uint64{1, uint64(n + 2)}, Weight: 2}
				if _, err := k.Learn(t.Context(), "t", l); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	ids := []uint64{1, 2, 3, 4, 5}
	want := map[string][]int64{"spam": make([]int64, 5), "ham": make([]int64, 5), "": make([]int64, 5)}
	for n := range messages {
		class, err := k.Lesson(t.Context(), "t", fmt.Sprint(n))
		must(t, err)
		want[class][0] += 2
		want[class][n+1] += 2
	}
	counted(t, k, "t", "spam", want["spam"][0]/2, ids, want["spam"]...)
	counted(t, k, "t", "ham", want["ham"][0]/2, ids, want["ham"]...)
}

func forgotten(t *testing.T, s Store, _ storage.Tokens) {
	if s.Lessons == nil {
		t.Skip("the store's number of lessons can't be set")
	}
	const remembers, learned = 10, 40
	k := s.Lessons(t, remembers).(storage.Tokens)
	for i := range learned {
		teach(t, k, fmt.Sprint(i), "spam", "", true, 1)
	}
	counted(t, k, "t", "spam", learned, []uint64{1}, learned)
	for i := range learned {
		class, err := k.Lesson(t.Context(), "t", fmt.Sprint(i))
		must(t, err)
		if i == 0 && class != "" || i >= learned-remembers && class != "spam" {
			t.Errorf("class of lesson %d of %d: %q", i, learned, class)
		}
	}
	got, err := k.Learn(t.Context(), "t", storage.Lesson{Message: "0"})
	if err != nil && !errors.Is(err, storage.ErrForgotten) || got.Changed {
		t.Errorf("to take back a forgotten lesson: %+v, %v", got, err)
	}
	counted(t, k, "t", "spam", learned, []uint64{1}, learned)
	teach(t, k, fmt.Sprint(learned-1), "", "spam", true)
	counted(t, k, "t", "spam", learned-1, []uint64{1}, learned-1)
}

package neural

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
	"github.com/winnowmail/winnow/storage/redis"
)

// vectors gives a net what it needs.
func (s *site) vectors(from int) {
	s.Helper()
	for i, class := range slices.Repeat([]bayes.Class{bayes.Ham, bayes.Spam}, 20) {
		v := &Vector{Symbols: []string{"IS_" + string(class)}, Numbers: []byte{byte(i)}}
		if err := s.Add(s.Context(), v, class, fmt.Sprint(from+i)); err != nil {
			s.Fatal(err)
		}
	}
}

// TestTwoMachinesOneRedis share vectors and a net, which outlives the server's death.
func TestTwoMachinesOneRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	now := time.Now()
	var sites [2]*site
	for i := range sites {
		sites[i] = newSite(t, redistest.Open(t, redis.Options{Addrs: []string{server.Addr}}), &now)
	}
	a, b := sites[0], sites[1]
	a.vectors(0)
	errs := make(chan error, 2)
	for _, s := range sites {
		go func() { errs <- s.Train(t.Context()) }()
	}
	for range sites {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	v := &Vector{Symbols: []string{"IS_spam"}}
	for _, s := range sites {
		if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != 1 || s.Score(v) != a.Score(v) || s.Score(v) < 1 {
			t.Errorf("%+v, score %v, %v", s.Status(), s.Score(v), err)
		}
	}
	server.Kill()
	if b.Score(v) != a.Score(v) {
		t.Error("without a server there is no net")
	}
	server.Restart()
	redistest.Await(t, "the store is back", func() bool { return b.Train(t.Context()) == nil })
	if st := b.Status()[0]; st.Version != 1 {
		t.Errorf("%+v", st)
	}
}

// TestFile has a net after the file was opened again.
func TestFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	now := time.Now()
	score := 0.0
	for i := range 2 {
		store, err := bolt.Open(file, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, store, &now)
		if i == 0 {
			s.vectors(0)
		}
		if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != 1 {
			t.Errorf("%+v, %v", s.Status(), err)
		}
		got := s.Score(&Vector{Symbols: []string{"IS_ham"}})
		if i == 1 && got != score || got > -1 {
			t.Errorf("score %v, before %v", got, score)
		}
		score = got
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilled: a net that was trained is asked after kill -9, and vectors are not lost.
func TestKilled(t *testing.T) {
	now := begin()
	store := statetest.Crash(t, func(store storage.Store) {
		s := newSite(t, store, now)
		s.vectors(0)
		if err := s.Train(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.scan(0, "RED BLUE MILD")
		s.scan(1, "GREEN")
	})
	s := newSite(t, store, now)
	if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != 1 {
		t.Fatalf("%+v, %v", s.Status(), err)
	}
	if got := s.Score(&Vector{Symbols: []string{"IS_ham"}}); got > -1 {
		t.Errorf("score %v", got)
	}
	if got := s.counts(); got != "1 1" {
		t.Errorf("vectors %s, want 1 1", got)
	}
}

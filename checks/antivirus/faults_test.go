package antivirus

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestStoreFails: with a store that is dead or slow clamd is asked each time, after
// the store's budget at most; what was kept is found when it is back.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget = 300 * time.Millisecond
		d := &daemon{say: findings}
		store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
		s := newScanner(Rule{Name: "Clam", Servers: []string{"clamd:3310"}}.withDefaults(), d.piped)
		defer s.pool.close()
		for i, step := range []struct {
			state statetest.State
			asked int32
			took  time.Duration
		}{
			{statetest.Up, 1, 0}, {statetest.Up, 1, 0}, {statetest.Dead, 2, 0}, {statetest.Up, 2, 0}, {statetest.Slow, 3, budget}, {statetest.Up, 3, 0},
		} {
			store.Be(step.state)
			begun := time.Now()
			got := said(run(t, s.check(), storage.Timed(store, budget), attach+"virus-a"))
			if took := time.Since(begun); got != "CLAM_VIRUS(Win.Test.A-1)" || d.asked.Load() != step.asked || took != step.took {
				t.Errorf("step %d: %s, asked %d times, after %v; want %d, %v", i, got, d.asked.Load(), took, step.asked, step.took)
			}
		}
	})
}

// TestTwoMachines: what one has had scanned the other knows from their common Redis.
func TestTwoMachines(t *testing.T) {
	server := redistest.Start(t)
	for i, want := range []int32{1, 0} {
		d := &daemon{say: findings}
		c := rule(t, Rule{Name: "Clam", Servers: []string{d.listen(t, "unix")}}).check()
		store := storage.Full(redistest.Open(t, redis.Options{Addrs: []string{server.Addr}}))
		if got := said(run(t, c, store, attach+"virus-a")); got != "CLAM_VIRUS(Win.Test.A-1)" || d.asked.Load() != want {
			t.Errorf("machine %d: %s, asked %d times", i, got, d.asked.Load())
		}
	}
}

// TestKilled: what was kept is found after kill -9.
func TestKilled(t *testing.T) {
	d := &daemon{say: findings}
	c := rule(t, Rule{Name: "Clam", Servers: []string{d.listen(t, "unix")}}).check()
	store := statetest.Crash(t, func(store storage.Store) { run(t, c, store, attach+"virus-a") })
	if got := said(run(t, c, store, attach+"virus-a")); got != "CLAM_VIRUS(Win.Test.A-1)" || d.asked.Load() != 0 {
		t.Errorf("%s, asked %d times", got, d.asked.Load())
	}
}

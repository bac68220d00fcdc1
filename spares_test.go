package winnow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever a scan starts at once runs at once; a few goroutines stay for later
// ones, for a second and until the Scanner is closed.
func TestSpares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		s := newSpares(life)
		for range 2 {
			gate, running := make(chan struct{}), make(chan struct{}, 100)
			for range 100 {
				s.run(func() { running <- struct{}{}; <-gate })
			}
			synctest.Wait()
			if n := len(running); n != 100 {
				t.Errorf("%d of 100 run", n)
			}
			close(gate)
			synctest.Wait()
			if n := s.sleeping(); n != maxSpares {
				t.Errorf("%d are kept", n)
			}
		}
		time.Sleep(maxIdle)
		synctest.Wait()
		if n := s.sleeping(); n != 0 {
			t.Errorf("%d are left after a second", n)
		}
		s.run(func() {})
		synctest.Wait()
		end()
		s.wait()
		if n := s.sleeping(); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

func (s *spares) sleeping() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.idle)
}

// Work that one goroutine can do is done by one, however many are idle: the
// others end.
func TestSparesTakeTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		s := newSpares(life)
		gate := make(chan struct{})
		for range 10 {
			s.run(func() { <-gate })
		}
		close(gate)
		for range 8 {
			synctest.Wait()
			s.run(func() {})
			time.Sleep(maxIdle / 4)
		}
		synctest.Wait()
		if n := s.sleeping(); n != 1 {
			t.Errorf("%d are kept for the work of one", n)
		}
		end()
		s.wait()
	})
}

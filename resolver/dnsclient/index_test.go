package dnsclient

import (
	"math/rand/v2"
	"testing"
)

// TestIndex: it holds what a map holds, also where keys lead to the same slots.
func TestIndex(t *testing.T) {
	for _, spread := range []uint64{1 << 63, 1 << 10, 40} {
		r := rand.New(rand.NewPCG(1, spread))
		x, want := newIndex(), map[uint64]place{}
		for n := range 40_000 {
			k := r.Uint64N(spread)
			if r.IntN(3) == 0 {
				x.remove(k)
				delete(want, k)
			} else {
				x.set(k, place(n))
				want[k] = place(n)
			}
			probe := r.Uint64N(spread)
			for _, k := range []uint64{k, probe, probe + 1<<40} {
				got, ok := x.get(k)
				if p, known := want[k]; ok != known || ok && got != p {
					t.Fatalf("spread %d, step %d: %d is at %d, %v; want %d, %v", spread, n, k, got, ok, p, known)
				}
			}
		}
		if x.taken != len(want) || 4*x.taken > 3*len(x.slots) {
			t.Errorf("spread %d: %d of %d slots for %d", spread, x.taken, len(x.slots), len(want))
		}
		for k, p := range want {
			if got, ok := x.get(k); !ok || got != p {
				t.Errorf("spread %d: %d is at %d, %v", spread, k, got, ok)
			}
		}
	}
}

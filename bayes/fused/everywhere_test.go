package fused

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"testing"
)

// TestMemory holds what a model takes, whatever it learns.
func TestMemory(t *testing.T) {
	for bits, most := range map[int]uint64{DefaultBits: 12 << 20, UserBits: 22 << 20} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := newModel(t, Options{Bits: bits})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("a model of 2^%d slots takes %d bytes, want at most %d", bits, got, most)
		}
		e, _, _ := m.Learn(Lesson{Features: m.Features(message(1, true), nil, ""), Spam: true})
		runtime.ReadMemStats(&before)
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<16 {
			t.Errorf("a lesson takes %d bytes", got)
		}
	}
}

// TestSameEverywhere holds the bytes of tables after a thousand events, lessons
// and reversals, which have to be the same on every machine: those that share a
// journal compare them. Run it for another one with
//
//	GOARCH=arm64 go test -exec qemu-aarch64-static -run TestSameEverywhere ./bayes/fused
func TestSameEverywhere(t *testing.T) {
	m := newModel(t, Options{Bits: 14})
	state := uint64(1)
	draw := func(n uint64) uint64 {
		state = mix(state + golden)
		return state % n
	}
	view := func(n int) (v View) {
		for range n {
			v.Slots = append(v.Slots, uint32(draw(1<<14)))
			v.Prior = append(v.Prior, int8(draw(9))-4)
		}
		return v.sorted()
	}
	var last Event
	for n := range 1000 {
		e := Event{Features: Features{Tokens: view(300), Grams: view(500)}, Spam: n%2 == 0, Count: n%3 > 0}
		e.TokenStep = float32(int(draw(2001))-1000) / 30000
		e.GramStep = float32(int(draw(2001))-1000) / 40000
		for i := range always {
			e.Weights[i] = float32(draw(1000)) / 1500
		}
		if n%10 == 9 {
			e = last.Reverse()
		}
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
		last = e
	}
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if got, want := hex.EncodeToString(sum[:]), "05954c6b45eb808c468e3e3f38fa0e68550c7c581ca50a3d67e0d567607f557f"; got != want {
		t.Errorf("tables of %d bytes, SHA-256 %s, want %s", len(b), got, want)
	}
}

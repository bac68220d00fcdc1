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
	for windows, want := range map[bool]string{
		false: "05954c6b45eb808c468e3e3f38fa0e68550c7c581ca50a3d67e0d567607f557f",
		true:  "1fb436ceb11cc7616f23eb747e07982dc5d1bb404722e764a0fc205ad35481c1",
	} {
		b, err := afterEvents(t, windows).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("windows %v: tables of %d bytes, SHA-256 %s, want %s", windows, len(b), got, want)
		}
	}
}

// afterEvents is a Model after a thousand events.
func afterEvents(t *testing.T, windows bool) *Model {
	t.Helper()
	m := newModel(t, Options{Bits: 14, Windows: windows})
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
		for range windowsOf(windows, n) {
			e.Features.Windows = append(e.Features.Windows, view(200))
			e.WindowSteps = append(e.WindowSteps, float32(int(draw(2001))-1000)/50000)
			e.Weights[always] = float32(draw(1000)) / 1500
		}
		if n%10 == 9 {
			e = last.Reverse()
		}
		if err := m.Apply(e); err != nil {
			t.Fatal(err)
		}
		last = e
	}
	return m
}

// windowsOf is how many windows the n-th message has.
func windowsOf(windows bool, n int) int {
	if !windows {
		return 0
	}
	return n % 4 // none has a message without text
}

package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// hooked calls before each call what is set for it.
type hooked struct {
	KV
	set     func() error
	getMany func()
	swap    func(kv KV, key string, old, value []byte) (bool, error)
}

func (h *hooked) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if h.set != nil {
		if err := h.set(); err != nil {
			return err
		}
	}
	return h.KV.Set(ctx, key, value, ttl)
}

func (h *hooked) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if f := h.getMany; f != nil {
		h.getMany = nil
		f()
	}
	return h.KV.GetMany(ctx, keys)
}

func (h *hooked) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if f := h.swap; f != nil {
		h.swap = nil
		return f(h.KV, key, old, value)
	}
	return h.KV.CompareAndSwap(ctx, key, old, value, ttl)
}

func memory() *Memory { return NewMemory(MemoryOptions{}) }

func written(t *testing.T, kv KV, s Snapshot, want uint64) {
	t.Helper()
	if version, err := WriteSnapshot(t.Context(), kv, "s", s); err != nil || version != want {
		t.Fatalf("WriteSnapshot: version %d, %v, want %d", version, err, want)
	}
}

func inForce(t *testing.T, kv KV, version, mark uint64, data []byte) {
	t.Helper()
	got, err := ReadSnapshot(t.Context(), kv, "s")
	if err != nil || got.Version != version || got.Mark != mark || !bytes.Equal(got.Data, data) {
		t.Errorf("version %d, mark %d, %d bytes, %v; want %d, %d, %d", got.Version, got.Mark, len(got.Data), err, version, mark, len(data))
	}
}

func swept(t *testing.T, kv KV, before time.Time, want int) {
	t.Helper()
	if n, err := SweepSnapshots(t.Context(), kv, "s", before); err != nil || n != want {
		t.Errorf("SweepSnapshots = %d, %v, want %d", n, err, want)
	}
}

// filled is data of n bytes that tells its pieces apart.
func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>16 + i)
	}
	return b
}

func TestSnapshotSizes(t *testing.T) {
	kv := memory()
	if _, err := ReadSnapshot(t.Context(), kv, "s"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a snapshot that was never written: %v", err)
	}
	for i, n := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, pieceSize * pieceBatch, 5<<20 + 3} {
		s := Snapshot{Data: filled(n), Mark: uint64(i), Time: time.UnixMilli(int64(1000 + i))}
		written(t, kv, s, uint64(i+1))
		inForce(t, kv, uint64(i+1), uint64(i), s.Data)
		if got, err := ReadSnapshot(t.Context(), kv, "s"); err != nil || !got.Time.Equal(s.Time) {
			t.Errorf("time %v, %v", got.Time, err)
		}
	}
}

func TestSnapshotNames(t *testing.T) {
	kv := memory()
	names := []string{"a", "a:head", "a:p:", "1:a", "\x00", "11:a"}
	for _, name := range names {
		if _, err := WriteSnapshot(t.Context(), kv, name, Snapshot{Data: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if _, err := SweepSnapshots(t.Context(), kv, name, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if got, err := ReadSnapshot(t.Context(), kv, name); err != nil || string(got.Data) != name || got.Version != 1 {
			t.Errorf("%q: version %d, %q, %v", name, got.Version, got.Data, err)
		}
	}
	if _, err := WriteSnapshot(t.Context(), kv, "", Snapshot{}); !errors.Is(err, ErrBadKey) {
		t.Errorf("without a name: %v", err)
	}
}

// TestSnapshotAbandoned: what was half written is never seen, and goes when it
// is old.
func TestSnapshotAbandoned(t *testing.T) {
	m, at := memory(), time.UnixMilli(1_000_000)
	written(t, m, Snapshot{Data: filled(pieceSize * 2), Time: at}, 1)
	sets, down := 0, errors.New("down")
	kv := &hooked{KV: m, set: func() error {
		if sets++; sets > 3 {
			return down
		}
		return nil
	}}
	if _, err := WriteSnapshot(t.Context(), kv, "s", Snapshot{Data: filled(pieceSize * 9), Time: at.Add(time.Minute)}); !errors.Is(err, down) {
		t.Fatal(err)
	}
	inForce(t, m, 1, 0, filled(pieceSize*2))
	swept(t, m, at.Add(time.Minute), 0)
	swept(t, m, at.Add(time.Minute+time.Millisecond), 3)
	inForce(t, m, 1, 0, filled(pieceSize*2))
	written(t, m, Snapshot{Data: filled(3), Time: at.Add(2 * time.Minute)}, 2)
	swept(t, m, at.Add(time.Hour), 2)
	inForce(t, m, 2, 0, filled(3))
	if n := m.Stats().Keys; n != 2 {
		t.Errorf("%d keys are left, want the head and a piece", n)
	}
}

// TestSnapshotLateWriter: a writer whose pieces a sweep took does not come in
// force; one that begins after the sweep does, whatever its clock says.
func TestSnapshotLateWriter(t *testing.T) {
	m, at := memory(), time.UnixMilli(1_000_000)
	sets := 0
	kv := &hooked{KV: m, set: func() error {
		if sets++; sets == 3 {
			swept(t, m, at.Add(time.Second), 2)
		}
		return nil
	}}
	if _, err := WriteSnapshot(t.Context(), kv, "s", Snapshot{Data: filled(pieceSize * 4), Time: at}); !errors.Is(err, ErrSuperseded) {
		t.Fatalf("%v", err)
	}
	if _, err := ReadSnapshot(t.Context(), m, "s"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	written(t, m, Snapshot{Data: filled(5), Time: at}, 1)
	inForce(t, m, 1, 0, filled(5))
	// A sweep that leaves a writer's pieces alone does not disturb it either.
	kv.set = func() error { swept(t, m, at.Add(time.Minute), 0); return nil }
	written(t, kv, Snapshot{Data: filled(6), Time: at.Add(time.Hour)}, 2)
	inForce(t, m, 2, 0, filled(6))
	// Nor does the same sweep disturb a writer whose clock is slow.
	kv.set = func() error { swept(t, m, at.Add(time.Minute), 1); return nil }
	written(t, kv, Snapshot{Data: filled(7), Time: at}, 3)
	inForce(t, m, 3, 0, filled(7))
}

// TestSnapshotVanishes: a reader whose version is swept reads the next one.
func TestSnapshotVanishes(t *testing.T) {
	m, at := memory(), time.UnixMilli(1_000_000)
	written(t, m, Snapshot{Data: filled(pieceSize * 3), Time: at}, 1)
	kv := &hooked{KV: m, getMany: func() {
		written(t, m, Snapshot{Data: filled(pieceSize * 2), Time: at.Add(time.Second)}, 2)
		swept(t, m, at.Add(time.Hour), 3)
	}}
	inForce(t, kv, 2, 0, filled(pieceSize*2))
}

func TestSnapshotDamaged(t *testing.T) {
	for name, harm := range map[string]func(kv KV, key string) error{
		"a piece is lost":      func(kv KV, key string) error { return kv.Delete(t.Context(), key) },
		"a piece is too long":  func(kv KV, key string) error { return kv.Set(t.Context(), key, make([]byte, pieceSize+1), 0) },
		"a piece is too short": func(kv KV, key string) error { return kv.Set(t.Context(), key, make([]byte, 3), 0) },
		"a piece is changed":   func(kv KV, key string) error { return kv.Set(t.Context(), key, make([]byte, pieceSize), 0) },
		"the head is changed":  func(kv KV, _ string) error { return kv.Set(t.Context(), headKey("s"), []byte("x"), 0) },
	} {
		m := memory()
		written(t, m, Snapshot{Data: filled(pieceSize * 2)}, 1)
		keys, _, err := m.Scan(t.Context(), piecePrefix("s"), "", 0)
		if err != nil || len(keys) != 2 {
			t.Fatalf("%q, %v", keys, err)
		}
		if err := harm(m, keys[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSnapshot(t.Context(), m, "s"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSnapshotSwapUnknown: whatever the store says of a swap, the version that
// is in force is told to be.
func TestSnapshotSwapUnknown(t *testing.T) {
	lost := errors.New("connection lost")
	for name, c := range map[string]struct {
		swap func(kv KV, key string, old, value []byte) (bool, error)
		err  error
	}{
		"done, answer lost": {func(kv KV, key string, old, value []byte) (bool, error) {
			if _, err := kv.CompareAndSwap(t.Context(), key, old, value, 0); err != nil {
				t.Error(err)
			}
			return false, lost
		}, nil},
		"done, and repeated": {func(kv KV, key string, old, value []byte) (bool, error) {
			_, err := kv.CompareAndSwap(t.Context(), key, old, value, 0)
			return false, err
		}, nil},
		"not done": {func(KV, string, []byte, []byte) (bool, error) { return false, lost }, lost},
	} {
		m := memory()
		written(t, m, Snapshot{Data: filled(1)}, 1)
		version, err := WriteSnapshot(t.Context(), &hooked{KV: m, swap: c.swap}, "s", Snapshot{Data: filled(2)})
		if !errors.Is(err, c.err) || c.err == nil && version != 2 {
			t.Errorf("%s: version %d, %v", name, version, err)
		}
		if c.err == nil {
			inForce(t, m, 2, 0, filled(2))
		} else {
			inForce(t, m, 1, 0, filled(1))
		}
	}
}

func TestSnapshotMark(t *testing.T) {
	m := memory()
	written(t, m, Snapshot{Data: filled(1), Mark: 7}, 1)
	if _, err := WriteSnapshot(t.Context(), m, "s", Snapshot{Data: filled(2), Mark: 6}); !errors.Is(err, ErrSuperseded) {
		t.Errorf("%v", err)
	}
	written(t, m, Snapshot{Data: filled(3), Mark: 7}, 2)
	inForce(t, m, 2, 7, filled(3))
}

// TestSnapshotConcurrent: of writers at the same time each either comes in
// force with a version of its own or is superseded, and readers see whole
// snapshots all the time.
func TestSnapshotConcurrent(t *testing.T) {
	m := memory()
	text := func(w, i int) []byte {
		return []byte(strings.Repeat(fmt.Sprintf("%d-%d;", w, i), pieceSize/2))
	}
	written(t, m, Snapshot{Data: text(0, 0)}, 1)
	var mu sync.Mutex
	won := map[uint64][]byte{1: text(0, 0)}
	var writers, readers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 10 {
				data := text(w, i)
				version, err := WriteSnapshot(t.Context(), m, "s", Snapshot{Data: data})
				if errors.Is(err, ErrSuperseded) {
					continue
				}
				mu.Lock()
				if err != nil || won[version] != nil {
					t.Errorf("version %d came in force twice, %v", version, err)
				}
				won[version] = data
				mu.Unlock()
				// The time is that of what is in force: it stays.
				if _, err := SweepSnapshots(t.Context(), m, "s", time.Now().Add(-time.Hour)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	read := map[uint64][]byte{}
	for range 2 {
		readers.Go(func() {
			for range 50 {
				s, err := ReadSnapshot(t.Context(), m, "s")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				read[s.Version] = s.Data
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	readers.Wait()
	for version, data := range read {
		if !bytes.Equal(data, won[version]) {
			t.Errorf("version %d was read as what nobody wrote", version)
		}
	}
	last := uint64(len(won))
	inForce(t, m, last, 0, won[last])
	swept(t, m, time.Now().Add(time.Hour), int(m.Stats().Keys)-1-(len(won[last])+pieceSize-1)/pieceSize)
	inForce(t, m, last, 0, won[last])
}

func FuzzHead(f *testing.F) {
	f.Add(head{version: 3, mark: 9, length: 1 << 40, horizon: 5, id: newSnapshotID(77)}.bytes())
	f.Add([]byte(headMagic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHead(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%v", err)
			}
			return
		}
		if !bytes.Equal(h.bytes(), b) {
			t.Errorf("%x came back as %x", b, h.bytes())
		}
	})
}

func FuzzPieceID(f *testing.F) {
	prefix := piecePrefix("s")
	f.Add(pieceKey("s", newSnapshotID(77), 3)[len(prefix):])
	f.Add("00:")
	f.Fuzz(func(t *testing.T, rest string) {
		id, ok := pieceID(rest)
		if ok && !strings.HasPrefix(prefix+strings.ToLower(rest), strings.TrimSuffix(pieceKey("s", id, 0), "0")) {
			t.Errorf("%q was read as %x", rest, id)
		}
	})
}

func BenchmarkSnapshot(b *testing.B) {
	data := filled(8 << 20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		m := memory()
		if _, err := WriteSnapshot(b.Context(), m, "s", Snapshot{Data: data}); err != nil {
			b.Fatal(err)
		}
		if _, err := ReadSnapshot(b.Context(), m, "s"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSnapshotReplaced: what is replaced goes at once, a reader who was at it reads
// the new one, and what is in force is told without being read.
func TestSnapshotReplaced(t *testing.T) {
	m := memory()
	if _, err := StatSnapshot(t.Context(), m, "s"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	for i := range 4 {
		if v, err := ReplaceSnapshot(t.Context(), m, "s", Snapshot{Data: filled(pieceSize*3 + i), Mark: uint64(i)}); err != nil || v != uint64(i+1) {
			t.Fatalf("version %d, %v", v, err)
		}
		if n := m.Stats().Keys; n != 1+3+int64(min(i, 1)) {
			t.Errorf("%d keys after %d snapshots", n, i+1)
		}
	}
	if s, err := StatSnapshot(t.Context(), m, "s"); err != nil || s.Mark != 3 || s.Version != 4 || s.Data != nil || s.Time.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := ReplaceSnapshot(t.Context(), m, "s", Snapshot{Mark: 2}); !errors.Is(err, ErrSuperseded) {
		t.Errorf("%v", err)
	}
	once := true
	kv := &hooked{KV: m, getMany: func() {
		if once {
			once = false
			if _, err := ReplaceSnapshot(t.Context(), m, "s", Snapshot{Data: filled(7), Mark: 4}); err != nil {
				t.Error(err)
			}
		}
	}}
	inForce(t, kv, 5, 4, filled(7))
}

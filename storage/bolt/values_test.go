package bolt

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// FuzzValues reads arbitrary bytes as each value that the file holds. What is
// accepted must come out the same when it is written again.
func FuzzValues(f *testing.F) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	f.Add(appendEntry(now, "id", []byte("data")))
	f.Add(appendLesson("message", storage.LessonStep{To: "spam", Weight: 2, IDs: []uint64{1, 300, math.MaxUint64}}))
	f.Add(appendBucket(appendStamp(nil, stamp{5, 4}), storage.Bucket{Level: 2, RateFactor: 1, BurstFactor: 1, Time: now}))
	f.Add(appendBucket(appendStamp(nil, stamp{5, 4}), storage.Bucket{Level: 2, RateFactor: 1, BurstFactor: 1, Time: now, Filled: now, Label: "10 1 user ann"}))
	f.Add(appendStamp(nil, stamp{}))
	f.Add([]byte{3, 5})
	f.Add(fixed(math.Float64bits(-1.5)))
	f.Add([]byte("1: FLOCK  ADVISORY  WRITE 4242 fe:00:1234 0 EOF\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if e, err := parseEntry(1, raw); err == nil {
			again, err := parseEntry(1, appendEntry(e.Time, e.ID, e.Data))
			if err != nil || again.ID != e.ID || !bytes.Equal(again.Data, e.Data) || !again.Time.Equal(e.Time) {
				t.Errorf("entry %x came out as %+v, %v", raw, again, err)
			}
		}
		if l, err := parseLesson(raw); err == nil {
			if !slices.IsSorted(l.IDs) || len(slices.Compact(slices.Clone(l.IDs))) != len(l.IDs) {
				t.Errorf("lesson %x has the ids %v", raw, l.IDs)
			}
			again, err := parseLesson(appendLesson(l.Message, storage.LessonStep{To: l.Class, Weight: l.Weight, IDs: l.IDs}))
			if err != nil || again.Message != l.Message || again.Class != l.Class || again.Weight != l.Weight || !slices.Equal(again.IDs, l.IDs) {
				t.Errorf("lesson %x came out as %+v, %v", raw, again, err)
			}
		}
		if b, st, err := parseBucket(raw); err == nil {
			if out := appendBucket(appendStamp(nil, st), b); st != (stamp{}) && !bytes.Equal(out, raw) {
				t.Errorf("bucket %x came out as %x", raw, out)
			}
		}
		_, _ = parseClass(raw)
		if score, err := parseScore(raw); err == nil {
			if got := unordered(ordered(score)); got != score {
				t.Errorf("score %v came out as %v", score, got)
			}
		}
	})
}

func TestOrderedScores(t *testing.T) {
	scores := []float64{math.Inf(-1), -1e300, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1e300, math.Inf(1)}
	for i, f := range scores {
		if got := unordered(ordered(f)); got != f {
			t.Errorf("%v came out as %v", f, got)
		}
		if i > 0 && bytes.Compare(ordered(scores[i-1]), ordered(f)) >= 0 {
			t.Errorf("%v is not before %v", scores[i-1], f)
		}
	}
	if !bytes.Equal(ordered(math.Copysign(0, -1)), ordered(0)) {
		t.Error("-0 and 0 differ")
	}
}

func TestPieces(t *testing.T) {
	s := opened(t, Options{})
	for i, size := range []int{1, maxPiece, maxPiece + 1, 3 * maxPiece, 40 * 1000, uncut, uncut + 1, 1 << 20} {
		value := []byte(strings.Repeat("x", size-1) + "y")
		got, err := write(t.Context(), s, 0, func(t *tx) ([]byte, error) {
			b := t.root(inLists)
			for _, seq := range []uint64{uint64(i), uint64(i) + 1} {
				if err := t.putPieces(b, seq, value); err != nil {
					return nil, err
				}
			}
			got := bytes.Clone(pieces(b, uint64(i)))
			if err := t.delPieces(b, uint64(i)); err != nil {
				return nil, err
			}
			if left := pieces(b, uint64(i)); left != nil {
				return left, nil
			}
			if next := pieces(b, uint64(i)+1); !bytes.Equal(next, value) {
				return next, nil
			}
			return got, t.delPieces(b, uint64(i)+1)
		})
		if err != nil || !bytes.Equal(got, value) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
}

// TestDamagedValues holds that a value that can't be read is an error of those
// who ask for it, and that it can be got rid of.
func TestDamagedValues(t *testing.T) {
	s := opened(t, Options{})
	ctx := t.Context()
	now := time.Now()
	seen := []storage.Observation{{Series: "s", Value: 1, Windows: []storage.Window{{Name: "w", Span: time.Hour}}}}
	if err := s.Observe(ctx, seen, now); err != nil {
		t.Fatal(err)
	}
	if err := s.Rank(ctx, "set", "m", 1, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, "log", "id", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Learn(ctx, "t", storage.Lesson{Message: "m", Class: "ham", IDs: []uint64{1}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		buckets []string
		key     string
		use     func() error
	}{
		{"key", []string{inKV}, "k", func() error { _, err := s.Get(ctx, "k"); return err }},
		{"key", []string{inKV}, "k", func() error { _, err := s.Increment(ctx, "k", 1, 0); return err }},
		{"bucket", []string{inBuckets}, "b", func() error { _, err := s.Take(ctx, "b", storage.Draw{Burst: 5, N: 1}, now); return err }},
		{"bucket", []string{inBuckets}, "b", func() error { _, err := s.Take(ctx, "b", storage.Draw{Burst: 5}, now); return err }},
		{"series", []string{inSeries}, "s", func() error {
			_, err := s.Observed(ctx, []storage.SeriesOf{{Name: "s", Windows: []string{"w"}}})
			return err
		}},
		{"series", []string{inSeries}, "s", func() error { return s.Observe(ctx, seen, now) }},
		{"set", []string{inSets, "set"}, "s", func() error { _, err := s.RankOf(ctx, "set", "m"); return err }},
		{"set", []string{inSets, "set"}, "s", func() error { return s.Rank(ctx, "set", "m", 1, 0, 0) }},
		{"entry", []string{inLogs, "log", "entries"}, string(fixed(1)), func() error { _, err := s.ReadLog(ctx, "log", 1, 5); return err }},
		{"entry", []string{inLogs, "log", "entries"}, string(fixed(1)), func() error { _, err := s.TrimLog(ctx, "log", storage.Trim{Before: now}); return err }},
		{"size of a log", []string{inLogs, "log"}, "bytes", func() error { _, err := s.LogState(ctx, "log"); return err }},
		{"size of a log", []string{inLogs, "log"}, "bytes", func() error { _, err := s.Append(ctx, "log", "", nil); return err }},
		{"class", []string{inTokens, "t", "classes"}, "ham", func() error { _, err := s.Counts(ctx, "t", []uint64{1}); return err }},
		{"class", []string{inTokens, "t", "classes"}, "ham", func() error {
			_, err := s.Learn(ctx, "t", storage.Lesson{Message: "n", Class: "ham"})
			return err
		}},
		{"lesson", []string{inTokens, "t", "lessons"}, string(pieceKey(1, 0)), func() error { _, err := s.Lesson(ctx, "t", "m"); return err }},
		{"lesson", []string{inTokens, "t", "lessons"}, string(pieceKey(1, 0)), func() error { _, err := s.Learn(ctx, "t", storage.Lesson{Message: "m"}); return err }},
	} {
		spoil(t, s, c.buckets, []byte(c.key), []byte{7})
		if err := c.use(); err == nil || !strings.Contains(err.Error(), s.path) || !strings.Contains(err.Error(), ErrDamaged.Error()) {
			t.Errorf("%s: %v, want ErrDamaged with the file's name", c.name, err)
		}
		if err := s.Set(ctx, "beside", nil, 0); err != nil {
			t.Errorf("%s: another write: %v", c.name, err)
		}
	}
	for name, remove := range map[string]func() error{
		"Delete": func() error { return s.Delete(ctx, "k") }, "Forget": func() error { return s.Forget(ctx, "b") },
		"DropTable": func() error { return s.DropTable(ctx, "t") },
	} {
		if err := remove(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st := s.Stats(); st.Failed != 16 || !st.Up {
		t.Errorf("Stats() = %+v, want 16 failures", st)
	}
}

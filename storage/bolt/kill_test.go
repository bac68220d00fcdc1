package bolt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

// How often the process is killed, and how many of its goroutines write.
const (
	kills   = 20
	workers = 8
)

// What worker w does in its round i: a lesson, an entry and a count.
func roundName(w, i int) string { return fmt.Sprintf("%d-%d", w, i) }

func roundIDs(w, i int) []uint64 {
	r := rand.New(rand.NewPCG(uint64(w), uint64(i)))
	ids := make([]uint64, 40)
	for j := range ids {
		ids[j] = r.Uint64N(500) << 50
	}
	return ids
}

func roundLesson(w, i int) storage.Lesson {
	return storage.Lesson{Message: roundName(w, i), Class: []string{"ham", "spam"}[i%2], IDs: roundIDs(w, i)}
}

// learnOn is the process that is killed: each worker goes on from its round in
// arg, and prints what was acknowledged: "worker what round result".
func learnOn(path, arg string) error {
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	failed := make(chan error)
	for w, from := range strings.Fields(arg) {
		i := 0
		if _, err := fmt.Sscan(from, &i); err != nil {
			return err
		}
		go func() {
			for ; ; i++ {
				if _, err := s.Learn(ctx, "t", roundLesson(w, i)); err != nil {
					failed <- err
				}
				fmt.Println(w, "learned", i, 0)
				seq, err := s.Append(ctx, "log", roundName(w, i), []byte(roundName(w, i)))
				if err != nil {
					failed <- err
				}
				fmt.Println(w, "appended", i, seq)
				n, err := s.Increment(ctx, fmt.Sprint("n", w), 1, 0)
				if err != nil {
					failed <- err
				}
				fmt.Println(w, "counted", i, n)
			}
		}()
	}
	return <-failed
}

// A worker is what a worker was told; counted is what its count must be.
type worker struct {
	learned, appended int // rounds
	counted           int64
	seqs              []uint64
}

// TestKilled kills a process that writes, again and again. What it had been
// told is there when the file is opened again, and what it repeats because it
// had no answer counts once.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	told := make([]worker, workers)
	r := rand.New(rand.NewPCG(1, 2))
	for range kills {
		var from []string
		for _, w := range told {
			from = append(from, fmt.Sprint(min(w.learned, w.appended)))
		}
		c := startChild(t, "learn", path, strings.Join(from, " "))
		for range 1 + r.IntN(100) {
			hear(t, told, c.line(t))
		}
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for c.lines.Scan() { // said, but not heard yet
			hear(t, told, c.lines.Text())
		}
		_ = c.cmd.Wait()
		recount(t, path, told)
	}
	checkKilled(t, path, told)
}

func hear(t *testing.T, told []worker, line string) {
	t.Helper()
	var w, i int
	var what string
	var n int64
	if _, err := fmt.Sscan(line, &w, &what, &i, &n); err != nil {
		t.Fatalf("the child says %q", line)
	}
	switch what {
	case "learned":
		told[w].learned = i + 1
	case "appended":
		if old := told[w].seqs; i < len(old) && old[i] != uint64(n) {
			t.Errorf("entry %s got the numbers %d and %d", roundName(w, i), old[i], n)
		}
		told[w].seqs = append(told[w].seqs[:i], uint64(n))
		told[w].appended = i + 1
	case "counted":
		if told[w].counted++; told[w].counted != n {
			t.Errorf("worker %d counted %d, want %d", w, n, told[w].counted)
		}
	}
}

// recount checks the counts of a file after a kill: each is what was told, or
// one more for the call that had no answer.
func recount(t *testing.T, path string, told []worker) {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for w := range told {
		n, err := s.Increment(t.Context(), fmt.Sprint("n", w), 0, 0)
		if err != nil || n != told[w].counted && n != told[w].counted+1 {
			t.Errorf("worker %d has counted %d, %v, and was told %d", w, n, err, told[w].counted)
		}
		told[w].counted = n
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkKilled repeats what may not have been done and compares the file with
// what it must hold.
func checkKilled(t *testing.T, path string, told []worker) {
	s := reopened(t, path, Options{})
	sound(t, s)
	lessons, entries, tokens := map[string]int64{}, map[string]uint64{}, map[string]map[uint64]int64{"ham": {}, "spam": {}}
	for w := range told {
		for i := range min(told[w].learned, told[w].appended) + 1 {
			l := roundLesson(w, i)
			done, err := s.Learn(t.Context(), "t", l)
			if err != nil || done.Changed && i < told[w].learned {
				t.Errorf("lesson %s was told to be learned: %+v, %v", l.Message, done, err)
			}
			lessons[l.Class]++
			for _, id := range dedupe(l.IDs) {
				tokens[l.Class][id]++
			}
			seq, err := s.Append(t.Context(), "log", roundName(w, i), []byte(roundName(w, i)))
			if err != nil || i < told[w].appended && seq != told[w].seqs[i] {
				t.Errorf("entry %s has the number %d, %v", roundName(w, i), seq, err)
			}
			entries[roundName(w, i)] = seq
		}
	}
	all, err := s.ReadLog(t.Context(), "log", 1, len(entries)+10)
	if err != nil || len(all) != len(entries) {
		t.Errorf("the log has %d entries, want %d, %v", len(all), len(entries), err)
	}
	for i, e := range all {
		if e.Seq != uint64(i)+1 || entries[e.ID] != e.Seq || string(e.Data) != e.ID {
			t.Errorf("entry %d is %d, %s, %q", i, e.Seq, e.ID, e.Data)
		}
	}
	var ids []uint64
	for id := range uint64(500) {
		ids = append(ids, id<<50)
	}
	got, err := s.Counts(t.Context(), "t", ids)
	if err != nil {
		t.Fatal(err)
	}
	for class, counts := range tokens {
		if got.Lessons[class] != lessons[class] {
			t.Errorf("%d lessons in %s, want %d", got.Lessons[class], class, lessons[class])
		}
		for i, id := range ids {
			if got.Tokens[class][i] != counts[id] {
				t.Errorf("token %d has %d in %s, want %d", id, got.Tokens[class][i], class, counts[id])
			}
		}
	}
	t.Logf("%d kills, %d lessons, %d entries", kills, lessons["ham"]+lessons["spam"], len(all))
}

func dedupe(ids []uint64) []uint64 { return storage.Lesson{IDs: ids}.Step(nil).IDs }

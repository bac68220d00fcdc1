package bayes

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage/bolt"
)

const (
	// childState names the file in which a child process learns until it is killed.
	childState = "WINNOW_TEST_LEARN"
	// childMany has it learn childBatch lessons at once.
	childMany  = "WINNOW_TEST_LEARN_MANY"
	childBatch = 7
	// killedBits make a snapshot ten values long.
	killedBits = 16
)

func TestMain(m *testing.M) {
	if file := os.Getenv(childState); file != "" {
		if err := learnForEver(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if addr := os.Getenv(childRedis); addr != "" {
		if err := learnAndTell(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// learnForEver prints the number of each lesson that was acknowledged.
func learnForEver(file string) error {
	ctx := context.Background()
	store, err := bolt.Open(file, bolt.Options{})
	if err != nil {
		return err
	}
	l, err := Open(ctx, Options{Store: store, SnapshotEvery: 10, Poll: -1, bits: killedBits})
	if err != nil {
		return err
	}
	size := 1
	if os.Getenv(childMany) != "" {
		size = childBatch
	}
	for n := int(l.Stats().Events); ; n += size {
		var list []Lesson
		for i := n; i < n+size; i++ {
			one := lesson(l, i, classOf(i))
			one.Source = Kept
			if one.Class == Spam {
				one.Source = Trap
			}
			list = append(list, one)
		}
		if size > 1 {
			_, err = l.LearnMany(ctx, list)
		} else {
			_, err = l.Learn(ctx, list[0])
		}
		if err != nil {
			return err
		}
		for i, one := range list {
			l.Keep(Seen{Message: one.Message, Time: time.Now(), Features: one.Features})
			if i == len(list)-1 {
				err = l.Flush(ctx)
			}
		}
		if err != nil {
			return err
		}
		for i := range list {
			fmt.Println(n + i)
		}
	}
}

// TestKilled kills a process in the middle of learning, again and again: each
// lesson that it acknowledged is there, once, and so is what it kept of scans. WINNOW_KILLS says how often, 5 times
// without it; half of the processes learn one by one, half many at once.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	kills := 5
	if v := os.Getenv("WINNOW_KILLS"); v != "" {
		if _, err := fmt.Sscan(v, &kills); err != nil {
			t.Fatal("WINNOW_KILLS:", err)
		}
	}
	file := filepath.Join(t.TempDir(), "learn.db")
	acknowledged := map[int]bool{}
	for round := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childState+"="+file, childMany+"="+[]string{"", "1"}[round%2])
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil || cmd.Start() != nil {
			t.Fatal("the process does not start", err)
		}
		lines := bufio.NewScanner(out)
		for i := 0; lines.Scan(); i++ {
			var n int
			if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
				t.Fatal(err)
			}
			acknowledged[n] = true
			if i == 7+3*round%40 {
				_ = cmd.Process.Kill() // Lines that were written before are read to the end.
			}
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("round %d: %v: %s", round, err, &stderr)
		}
	}
	store, err := bolt.Open(file, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	l := open(t, Options{Store: store, bits: killedBits})
	for n := range acknowledged {
		if note, _, err := l.noted(t.Context(), lesson(l, n, "").Message); err != nil || note.class != classOf(n) {
			t.Errorf("lesson %d is noted as %q: %v", n, note.class, err)
		}
		seen, err := l.Recall(t.Context(), lesson(l, n, "").Message)
		if err != nil || len(seen.Features.Grams.Slots) == 0 {
			t.Errorf("scan %d: %v", n, err)
		}
	}
	// What was under way at a kill may be there or not.
	if events := int(l.Stats().Events); events < len(acknowledged) || events > len(acknowledged)+kills*childBatch {
		t.Errorf("%d events of %d acknowledged lessons and %d kills", events, len(acknowledged), kills)
	}
	again := open(t, Options{Store: store, bits: killedBits})
	if !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Error("the tables differ from one start to the next")
	}
}

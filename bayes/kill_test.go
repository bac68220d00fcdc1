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

	"github.com/winnowmail/winnow/storage/bolt"
)

// childState names the file in which a child process learns until it is killed.
const childState = "WINNOW_TEST_LEARN"

func TestMain(m *testing.M) {
	if file := os.Getenv(childState); file != "" {
		if err := learnForEver(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
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
	l, err := Open(ctx, Options{Store: store, SnapshotEvery: 10, Poll: -1})
	if err != nil {
		return err
	}
	for n := int(l.Stats().Events); ; n++ {
		lesson := lesson(l, n, classOf(n))
		lesson.Source = Kept
		if classOf(n) == Spam {
			lesson.Source = Trap
		}
		if _, err := l.Learn(ctx, lesson); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestKilled kills a process in the middle of learning, again and again: each
// lesson that it acknowledged is there, once.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	file := filepath.Join(t.TempDir(), "learn.db")
	acknowledged := map[int]bool{}
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childState+"="+file)
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
			if i == 7+3*round {
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
	l := open(t, Options{Store: store})
	for n := range acknowledged {
		if note, _, err := l.noted(t.Context(), lesson(l, n, "").Message); err != nil || note.class != classOf(n) {
			t.Errorf("lesson %d is noted as %q: %v", n, note.class, err)
		}
	}
	if events := l.Stats().Events; events < uint64(len(acknowledged)) || events > uint64(len(acknowledged)+8) {
		t.Errorf("%d events of %d acknowledged lessons and 8 kills", events, len(acknowledged))
	}
	again := open(t, Options{Store: store})
	if !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Error("the tables differ from one start to the next")
	}
}

package statetest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
)

// Bolt opens a bolt store in a directory and closes it when the test ends.
func Bolt(t testing.TB, dir string) storage.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(dir, "state.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Crash runs do in another process over a bolt store, kills the process as soon
// as do has returned, and opens what it left. In that process Crash does not
// return; do is the only part of the test that runs there.
func Crash(t *testing.T, do func(storage.Store)) storage.Store {
	t.Helper()
	const variable, done = "WINNOW_STATETEST_DIR", "what was done is acknowledged"
	if dir := os.Getenv(variable); dir != "" {
		do(Bolt(t, dir))
		fmt.Println(done)
		select {} // until it is killed
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=3m")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if said = append(said, lines.Text()); said[len(said)-1] == done {
			break
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(said) == 0 || said[len(said)-1] != done {
		t.Fatalf("the process ended by itself: %s", strings.Join(said, "\n"))
	}
	return Bolt(t, dir)
}

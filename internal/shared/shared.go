// Package shared finds test data that is not part of the project: conformance
// suites and recorded replies, in a directory "shared" beside the repository
// or above it. Tests that use it skip visibly where it is absent.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the file or directory path of the shared data, or skips the
// test. The environment variable WINNOW_SHARED names the data's directory.
// What is behind a link is named by its real place: a walk does not follow a
// link at its root.
func Path(t testing.TB, path string) string {
	t.Helper()
	dirs := []string{os.Getenv("WINNOW_SHARED")}
	if dirs[0] == "" {
		dirs = above(t)
	}
	for _, dir := range dirs {
		p, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(path)))
		if err == nil {
			return p
		}
	}
	t.Skipf("no shared/%s beside the repository; WINNOW_SHARED names another place", path)
	return ""
}

// above lists the directories named shared in the working directory and all
// above it, the nearest first.
func above(t testing.TB) []string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for {
		dirs = append(dirs, filepath.Join(dir, "shared"))
		if dir == filepath.Dir(dir) {
			return dirs
		}
		dir = filepath.Dir(dir)
	}
}

package shared

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPath(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "shared", "suites", "a.json")
	below := filepath.Join(root, "repo", "mail")
	for _, dir := range []string{filepath.Dir(file), below} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	t.Setenv("WINNOW_SHARED", "")
	if got := Path(t, "suites/a.json"); filepath.Base(got) != "a.json" {
		t.Errorf("found %s", got)
	}
	t.Setenv("WINNOW_SHARED", filepath.Join(root, "shared", "suites"))
	if got := Path(t, "a.json"); got != file {
		t.Errorf("WINNOW_SHARED gave %s", got)
	}
	t.Run("behind a link", func(t *testing.T) {
		link := filepath.Join(root, "linked")
		if err := os.Symlink(filepath.Join(root, "shared"), link); err != nil {
			t.Skip(err)
		}
		t.Setenv("WINNOW_SHARED", link)
		walked := 0
		err := filepath.WalkDir(Path(t, "."), func(string, os.DirEntry, error) error { walked++; return nil })
		if err != nil || walked < 3 {
			t.Errorf("%d entries walked (%v), want the folder, suites and a.json", walked, err)
		}
	})
	t.Run("absent", func(t *testing.T) {
		defer func() {
			if !t.Skipped() {
				t.Error("not skipped")
			}
		}()
		Path(t, "no such file")
	})
}

package main

import (
	"bytes"
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestScaffoldCompiles(t *testing.T) {
	files, err := scaffold("zzexample")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	for name, data := range files {
		if strings.HasSuffix(name, ".go") {
			if formatted, err := format.Source(data); err != nil || !bytes.Equal(formatted, data) {
				t.Errorf("%s is not gofmt'ed (%v)", name, err)
			}
		}
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, "checks", "zzexample", name)] = file
	}
	if len(files) != 4 {
		t.Errorf("%d files", len(files))
	}
	data, _ := json.Marshal(map[string]any{"Replace": overlay})
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-o", os.DevNull, "-overlay", list, "./checks/zzexample")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as test.sh has compiled the rest
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the new family does not compile: %v\n%s", err, out)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, args := range [][]string{nil, {"a", "b"}, {"Bad-Name"}, {"../x"}, {"good"}} {
		var out, errs bytes.Buffer
		if run(args, &out, &errs) == 0 || errs.Len() == 0 {
			t.Errorf("%q was taken", args)
		}
	}
	if err := os.WriteFile("go.mod", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if run([]string{"good"}, &out, &errs) != 0 {
		t.Error(errs.String())
	}
	if _, err := os.Stat("checks/good/testdata/good_hit.txtar"); err != nil {
		t.Error(err)
	}
	if run([]string{"good"}, &out, &errs) == 0 {
		t.Error("an existing family was overwritten")
	}
}

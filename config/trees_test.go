package config_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/shared"
)

// TestTrees compares sections of whole trees, laid over the files of Debian's
// package rspamd, with what Rspamd 3.4 makes of them.
func TestTrees(t *testing.T) {
	dir := shared.Path(t, "config/trees")
	if _, err := os.Stat("/etc/rspamd/rspamd.conf"); err != nil {
		t.Skip("no /etc/rspamd: install the package rspamd")
	}
	cases, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, tree := range cases {
		t.Run(filepath.Base(tree), func(t *testing.T) { treeCase(t, dir, tree) })
	}
}

func treeCase(t *testing.T, dir, tree string) {
	conf := laid(t, dir, tree)
	got, err := config.Load(config.Options{Dir: conf, Vars: map[string]string{"DBDIR": "@DBDIR@"}})
	if _, rerr := os.Stat(filepath.Join(tree, "expect.err")); rerr == nil {
		if err == nil {
			t.Error("the tree is not refused")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	readJSON(t, filepath.Join(tree, "expect.json"), &want)
	for name, section := range want {
		path := []string{name}
		if group, ok := strings.CutPrefix(name, "group:"); ok {
			path = []string{"group", group}
		}
		var b bytes.Buffer
		if err := ucl.WriteJSON(&b, got.Root.Get(path...)); err != nil {
			t.Fatal(err)
		}
		var ours any
		text := strings.NewReplacer(conf, "@CONFDIR@", "/run/rspamd", "@RUNDIR@", "/var/log/rspamd", "@LOGDIR@", "/usr/share/rspamd", "@SHAREDIR@").Replace(b.String())
		if err := json.Unmarshal([]byte(text), &ours); err != nil {
			t.Fatal(err)
		}
		differ(t, name, section, ours)
	}
}

// differ reports leaves that are not equal; null and absent are.
func differ(t *testing.T, path string, want, got any) {
	if path == "options.check_all_filters" {
		return
	}
	w, isMap := want.(map[string]any)
	g, _ := got.(map[string]any)
	if !isMap {
		if f, ok := want.(float64); ok {
			if h, ok := got.(float64); ok && math.Abs(f-h) < 1e-6 {
				return
			}
		}
		if list, ok := want.([]any); ok && len(list) == 0 && reflect.ValueOf(got).Kind() == reflect.Map && len(g) == 0 {
			return
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
		return
	}
	for key := range w {
		differ(t, path+"."+key, w[key], g[key])
	}
	for key := range g {
		if _, ok := w[key]; !ok && g[key] != nil && !reflect.DeepEqual(g[key], map[string]any{}) {
			t.Errorf("%s.%s is %v, want nothing", path, key, g[key])
		}
	}
}

// TestStates compares the modules that the trees enable.
func TestStates(t *testing.T) {
	dir := shared.Path(t, "config/trees")
	if _, err := os.Stat("/etc/rspamd/rspamd.conf"); err != nil {
		t.Skip("no /etc/rspamd: install the package rspamd")
	}
	cases, _ := filepath.Glob(filepath.Join(dir, "*", "modules.txt"))
	for _, file := range cases {
		tree := filepath.Dir(file)
		conf := laid(t, dir, tree)
		got, err := config.Load(config.Options{Dir: conf, Vars: map[string]string{"DBDIR": conf + "/none"}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(strings.TrimPrefix(string(text), "enabled: "), "\n")
		want := strings.Split(line, ", ")
		if states := got.Modules(func(string) bool { return false }); !slices.Equal(states.Enabled, want) {
			t.Errorf("%s: enabled are\n%v, want\n%v", filepath.Base(tree), states.Enabled, want)
		}
	}
}

// laid makes a tree of Debian's files and the layers of a case.
func laid(t *testing.T, dir, tree string) string {
	conf := t.TempDir()
	for _, layer := range []struct{ from, to string }{
		{"/etc/rspamd", ""}, {filepath.Join(dir, "../base-local.d"), "local.d"},
		{filepath.Join(tree, "local.d"), "local.d"}, {filepath.Join(tree, "override.d"), "override.d"}, {filepath.Join(tree, "conf"), ""},
	} {
		overlay(t, layer.from, filepath.Join(conf, layer.to))
	}
	return conf
}

// overlay copies what is in from, if it is there, over to.
func overlay(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			if path == from {
				return filepath.SkipAll
			}
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

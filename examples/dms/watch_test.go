package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Files that are written to are read when nobody writes any more, those that are
// broken once, and those that come and go as others.
func TestWatchedFiles(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"local.d/actions.conf": "reject = 11;", "custom-commands.conf": "", "override.d/x": ""})
	c := &config{profile: "dms", dns: "none"}
	c.files.tree.dir, c.env.use = dir, true
	t.Setenv("ENABLE_RSPAMD", "1")
	w := &c.files.watch
	if w.changed() {
		t.Error("changed before anything was read")
	}
	setup, err := c.files.read(c)
	if err != nil {
		t.Fatal(err)
	}
	c.files.setup = setup
	looks := func(what, want string) {
		t.Helper()
		got := ""
		for range len(want) {
			if w.changed() {
				got += "!"
			} else {
				got += "."
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	read := func(wrong bool) {
		t.Helper()
		if err := c.files.reread(t.Context(), c); (err != nil) != wrong {
			t.Errorf("read again: %v", err)
		}
	}
	name := func(s string) string { return filepath.Join(dir, s) }
	write := func(file, text string) { writeFiles(t, dir, map[string]string{file: text}) }
	looks("as it was read", "...")
	write("local.d/actions.conf", "reject = 1")
	looks("half of a file", ".")
	write("local.d/actions.conf", "reject = 12;\n")
	looks("the whole of it", ".!!")
	read(false)
	looks("it was read", "...")
	write("new", "reject = 13;\n") // as long as the one before
	if err := os.Rename(name("new"), name("local.d/actions.conf")); err != nil {
		t.Fatal(err)
	}
	looks("renamed over", ".!")
	read(false)
	write("local.d/actions.conf", "reject = lots; {")
	looks("broken", ".!")
	read(true)
	looks("broken as it was", "....")
	write("override.d/options.inc", "task_timeout = 5s;") // the reading ended before it
	looks("another one while it is broken", ".!")
	read(true)
	looks("that one was read or not", "...")
	write("local.d/actions.conf", "reject = 14;")
	looks("mended", ".!")
	read(false)
	if c.files.setup.Options.Timeout.Seconds() != 5 {
		t.Errorf("%+v", c.files.setup.Options)
	}
	if err := os.Remove(name("override.d/options.inc")); err != nil {
		t.Fatal(err)
	}
	looks("removed", ".!")
	read(false)
	write("custom-commands.conf", "set-option-for-module greylist timeout 4min\n")
	looks("the commands", ".!")
	read(false)
	looks("done", "...")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	looks("all is gone", ".!")
	read(true)
	looks("still gone", "...")
}

// A daemon that watches its files obeys what is written there, says once that it
// can't, and keeps its clients.
// Files that families read by themselves are looked after: rule files, also those that
// come and go, and key files.
func TestWatchedFilesOfFamilies(t *testing.T) {
	dir := t.TempDir()
	name := func(s string) string { return filepath.Join(dir, s) }
	writeFiles(t, dir, map[string]string{
		"conf/local.d/spamassassin.conf": "ruleset = \"" + name("rules/*.cf") + "\";",
		"conf/local.d/dkim_signing.conf": "domain { example.org { path = \"" + name("example.key") + "\"; selector = \"mail\"; } }",
		"rules/a.cf":                     "header A Subject =~ /a/\nscore A 1\n",
	})
	c := &config{profile: "rspamd", dns: "none"}
	c.files.tree.dir = name("conf")
	look := func(what string, want bool) {
		t.Helper()
		setup, err := c.files.read(c)
		if err != nil {
			t.Fatal(err)
		}
		c.files.setup = setup
		w := &c.files.watch
		w.changed()
		if w.changed() {
			t.Errorf("%s: changed as it was read", what)
		}
		writeFiles(t, dir, map[string]string{what: "header B Subject =~ /longer than the one before/\nscore B 1\n"})
		if first, second := w.changed(), w.changed(); first || second != want {
			t.Errorf("%s: %v, then %v, want %v", what, first, second, want)
		}
	}
	look("rules/a.cf", true)
	look("rules/b.cf", true)
	look("rules/b.pre", false)
	look("example.key", true)
	if err := os.Remove(name("rules/b.cf")); err != nil {
		t.Fatal(err)
	}
	w := &c.files.watch
	if w.changed(); !w.changed() {
		t.Error("a rule file that is gone is not seen")
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"local.d/actions.conf": "reject = 11;"})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd, lines := spawn(ctx, t, "-config", dir, "-watch", "10ms", "-controller", "127.0.0.1:0", "-dns", "none")
	_, address, _ := strings.Cut(until(t, lines, "listening"), "controller=")
	address, _, _ = strings.Cut(address, " ")
	for _, step := range []struct {
		text, log string
		want      float64
	}{
		{"reject = 20;", "actions.reject is 20, which was 11", 20},
		{"reject = {", "not reloaded: what was in force stays", 20},
		{"reject = 21;", "have changed", 0}, // and nothing of the broken file before that
		{"", "actions.reject is 21, which was 20", 21},
	} {
		if step.text != "" {
			writeFiles(t, dir, map[string]string{"new": step.text})
			if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "local.d/actions.conf")); err != nil {
				t.Fatal(err)
			}
		}
		if step.want == 0 {
			if lines.Scan(); !strings.Contains(lines.Text(), step.log) {
				t.Errorf("the next line is %s", lines.Text())
			}
			continue
		}
		until(t, lines, step.log)
		if strings.Contains(step.log, "which") {
			until(t, lines, "reloaded")
		}
		if v := check(t, "http://"+address, "Subject: x\r\n\r\n"); v.Required != step.want {
			t.Errorf("after %q: %+v", step.text, v)
		}
		if lines.Scan(); !strings.Contains(lines.Text(), "scanned") {
			t.Errorf("the next line is %s", lines.Text())
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

// runCommand runs a subcommand and wants its exit code.
func runCommand(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := commands()[args[0]].run(t.Context(), args[1:], &out, &errs); code != want {
		t.Errorf("%q: exit code %d, want %d: %s", args, code, want, &errs)
	}
	return out.String(), errs.String()
}

// put writes files below a directory.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func tree(t *testing.T) string {
	dir := t.TempDir()
	put(t, dir, map[string]string{
		"rspamd.conf": `actions { reject = 15; .include(try=true,priority=10) "$LOCAL_CONFDIR/override.d/actions.conf"` + "\n}\n" +
			`group "x" { symbols { "X" { weight = 1 } } }` + "\n" +
			`dkim_signing { domain { .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/domains.conf"` + "\n} }\n",
		"override.d/actions.conf": "reject = 11;\n",
		"local.d/domains.conf":    "example.org { path = \"/keys/rsa.txt\"; selector = \"mail\"; }\n",
	})
	return dir
}

func TestConfigdump(t *testing.T) {
	dir := tree(t)
	out, _ := runCommand(t, 0, "configdump", "-config", dir, "dkim_signing")
	if !strings.Contains(out, "        path = \"/keys/rsa.txt\";\n") || !strings.HasPrefix(out, "*** Section dkim_signing ***\n") {
		t.Errorf("got %s", out)
	}
	if again, _ := runCommand(t, 0, "configdump", "dkim_signing", "-c", dir+"/rspamd.conf"); again != out {
		t.Errorf("with flags behind the section %s", again)
	}
	if _, errs := runCommand(t, 1, "configdump", "-config", dir, "--", "-j"); !strings.Contains(errs, "there is no section -j") {
		t.Errorf("behind -- -j is a flag: %s", errs)
	}
	out, _ = runCommand(t, 0, "configdump", "-j", "--config", dir, "actions")
	var actions map[string]float64
	if err := json.Unmarshal([]byte(out), &actions); err != nil || actions["reject"] != 11 {
		t.Errorf("got %s, %v", out, err)
	}
	out, _ = runCommand(t, 0, "configdump", "-where", "-config", dir, "actions")
	if want := "reject = 11; # " + dir + "/override.d/actions.conf:1:1, over " + dir + "/rspamd.conf:1:11 (15)\n"; !strings.Contains(out, want) {
		t.Errorf("got %s, want %s", out, want)
	}
	out, _ = runCommand(t, 0, "configdump", "-config", dir, "--modules-state")
	if !strings.Contains(out, "Modules disabled (no Redis): greylist") {
		t.Errorf("got %s", out)
	}
	out, _ = runCommand(t, 0, "configdump", "-j", "-var", "DBDIR=/db", "-ucl", filepath.Join(dir, "local.d/domains.conf"))
	if !strings.HasPrefix(out, "{\n    \"example.org\": {\n") {
		t.Errorf("got %s", out)
	}
	_, errs := runCommand(t, 1, "configdump", "-config", dir, "dkin")
	if !strings.Contains(errs, "there is no section dkin; there are actions, dkim") {
		t.Errorf("got %s", errs)
	}
	runCommand(t, 1, "configdump", "-config", filepath.Join(dir, "none"))
	runCommand(t, 2, "configdump", "-ucl", "x", "section")
	runCommand(t, 2, "configdump", "-var", "x")
	runCommand(t, 0, "configdump", "-help")
	runCommand(t, 2, "configdump", "-show-help", "-j")
	out, _ = runCommand(t, 0, "configdump", "-show-help", "greylist")
	if !strings.Contains(out, "greylist {\n") || !strings.Contains(out, "\n    timeout = 5min;\n") || strings.Contains(out, "\nrbl {") {
		t.Errorf("the help of greylist is %s", out)
	}
	if _, errs = runCommand(t, 1, "configdump", "-show-help", "grelist"); !strings.Contains(errs, "there is no help for the section grelist") {
		t.Errorf("an unknown section: %s", errs)
	}
}

// Without a directory what docker-mailserver's environment comes to is printed.
func TestConfigdumpOfEnvironment(t *testing.T) {
	t.Setenv("RSPAMD_GREYLISTING", "1")
	out, _ := runCommand(t, 0, "configdump", "actions", "greylist", "redis")
	for _, want := range []string{"reject = 11;", "add_header = 6;", "enabled = true;", `servers = "127.0.0.1:6379";`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
}

// Modules that are on and have no store are told, unless the daemon is given one.
func TestConfigtestWithoutStore(t *testing.T) {
	dir := t.TempDir()
	if _, errs := runCommand(t, 0, "configtest", "-strict", "-config", dir); errs != "modules without a store do nothing: bayes, greylist, history_redis, replies; the section redis can name a server, or -state a store\n" {
		t.Errorf("got %s", errs)
	}
	put(t, dir, map[string]string{"local.d/greylist.conf": "timeout = 4min;"})
	_, errs := runCommand(t, 1, "configtest", "-strict", "-config", dir)
	if !strings.Contains(errs, "local.d/greylist.conf:1:1: greylist has no store") || !strings.Contains(errs, "modules without a store do nothing: bayes, history_redis, replies;") {
		t.Errorf("got %s", errs)
	}
	if _, errs = runCommand(t, 0, "configtest", "-strict", "-state", "bolt:/nowhere", "-config", dir); errs != "" && !strings.Contains(errs, "rule files") {
		t.Errorf("got %s", errs)
	}
}

func TestConfigtest(t *testing.T) {
	dir := tree(t)
	if out, _ := runCommand(t, 0, "configtest", "-config", dir); out != "syntax OK\n" {
		t.Errorf("got %s", out)
	}
	put(t, dir, map[string]string{"override.d/actions.conf": "rejekt = 3;"})
	if _, errs := runCommand(t, 0, "configtest", "-q", "-config", dir); !strings.Contains(errs, "override.d/actions.conf:1:1: actions has the unknown key rejekt") {
		t.Errorf("got %s", errs)
	}
	runCommand(t, 1, "configtest", "-strict", "-config", dir)
	put(t, dir, map[string]string{"override.d/actions.conf": "reject = 3;\n}"})
	if _, errs := runCommand(t, 1, "configtest", "-config", dir); !strings.Contains(errs, dir+"/override.d/actions.conf:2:1: } closes nothing") {
		t.Errorf("got %s", errs)
	}
	runCommand(t, 2, "configtest", "more")
}

// Lines of rule files that have no effect are counted, and listed on demand.
func TestConfigtestRules(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{
		"local.d/spamassassin.conf": `rules = "` + dir + `/rules.cf";`,
		"local.d/multimap.conf":     `PATTERNS { type = "regexp_rules"; map = "` + dir + `/patterns.map"; }`,
		"rules.cf":                  "body A /a/\nbody B /(/\nscore A 1\n",
		"patterns.map":              "# rules\nbody C /c/\nuridnsbl D bl.example.org. A\n",
	})
	if _, errs := runCommand(t, 0, "configtest", "-config", dir); !strings.Contains(errs, "rule files: 2 lines have no effect") {
		t.Errorf("got %s", errs)
	}
	_, errs := runCommand(t, 0, "configtest", "-rules", "-config", dir)
	for _, want := range []string{"rules.cf:2: ", "body B /(/", "PATTERNS:3: uridnsbl asks DNS lists"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %s in %s", want, errs)
		}
	}
}

func TestCustomCommands(t *testing.T) {
	for name, c := range map[string]struct {
		commands, before, after, warning string
	}{
		"switch":       {"disable-module f\nenable-module f", "old = 1;\n", "# documentation: https://rspamd.com/doc/modules/f.html\n\nenabled = true;\n\n", ""},
		"append":       {"set-option-for-module f max 5 # why", "", "max = 5 # why;\n", ""},
		"every line":   {"set-option-for-module f max 7", "max = 1;\nb { max_x 2; }\n# max\n", "max = 7;\nb { max = 7;\n# max = 7;\n", "a bracket behind max"},
		"unassigned":   {"set-option-for-module f max 7", "max 1;\n", "max 1;\nmax = 7;\n", ""},
		"no last end":  {"set-option-for-module f b 7", "a { }", "a { }b = 7;\n", "does not end"},
		"literal":      {"set-option-for-module f a x&y\\1|z", "a = 1;\n", "a = x&y\\1|z;\n", "no special meaning"},
		"expression":   {"set-option-for-module f a.b 1", "axb = 1;\n", "axb = 1;\na.b = 1;\n", "not as a regular expression"},
		"line":         {"add-line f.conf  a  \"$b\"  c", "x\n", "x\na \"$b\"  c\n", ""},
		"missing":      {"set-option-for-module f max\nadd-line\ndisable-module", "x\n", "x\n", "add-line lacks an argument"},
		"crlf":         {"# c\r\nset-option-for-module f a 1\r\n", "", "a = 1;\n", "carriage returns"},
		"unknown":      {"frob f\nset-option-for-module f a 1", "", "a = 1;\n", "Command 'frob' is invalid"},
		"out of place": {"add-line ../f.conf x\nset-option-for-module f a 1", "", "a = 1;\n", "is not below"},
	} {
		dir := t.TempDir()
		if c.before != "" {
			put(t, dir, map[string]string{"f.conf": c.before})
		}
		put(t, dir, map[string]string{"../commands": c.commands})
		_, errs := runCommand(t, 0, "apply-custom-commands", filepath.Join(dir, "../commands"), dir)
		if got := read(t, filepath.Join(dir, "f.conf")); got != c.after {
			t.Errorf("%s: got %q, want %q", name, got, c.after)
		}
		if c.warning == "" && errs != "" || !strings.Contains(errs, c.warning) {
			t.Errorf("%s: warnings %q, want %q", name, errs, c.warning)
		}
	}
	dir := t.TempDir()
	put(t, dir, map[string]string{"commands": "set-common-option a 1\nset-option-for-proxy b \"x  y\"\nset-option-for-controller c 3\n"})
	runCommand(t, 0, "apply-custom-commands", filepath.Join(dir, "commands"), dir)
	for file, want := range map[string]string{"options.inc": "a = 1;\n", "worker-proxy.inc": "b = \"x y\";\n", "worker-controller.inc": "c = 3;\n"} {
		if got := read(t, filepath.Join(dir, file)); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
	runCommand(t, 1, "apply-custom-commands", filepath.Join(dir, "none"), dir)
	runCommand(t, 2, "apply-custom-commands", dir)
}

// TestCustomCommandsSuite compares with the files that docker-mailserver's own
// script leaves behind.
func TestCustomCommandsSuite(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(shared.Path(t, "config/custom-commands"), "*"))
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range cases {
		dir := t.TempDir()
		put(t, dir, files(t, filepath.Join(c, "before")))
		_, errs := runCommand(t, 0, "apply-custom-commands", filepath.Join(c, "commands.conf"), dir)
		got, want := files(t, dir), files(t, filepath.Join(c, "after"))
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %s is %q, want %q", filepath.Base(c), name, got[name], want[name])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d files, want %d", filepath.Base(c), len(got), len(want))
		}
		for line := range strings.Lines(read(t, filepath.Join(c, "warnings"))) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "OURS") && !strings.Contains(errs, line) {
				t.Errorf("%s: warnings %q lack %q", filepath.Base(c), errs, line)
			}
		}
	}
}

// files are the texts of a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if e.Name() != ".empty" {
			all[e.Name()] = read(t, filepath.Join(dir, e.Name()))
		}
	}
	return all
}

// FuzzCustomCommands applies any commands: none leaves the directory.
func FuzzCustomCommands(f *testing.F) {
	f.Add("set-option-for-module m a 1\nadd-line m.conf b\ndisable-module m\n")
	f.Add("add-line ../x y\nset-option-for-module ../m a 1\nenable-module /etc/x\n")
	f.Add("set-common-option [a-z]+( \\&|\r\nset-option-for-proxy x \"y z\"")
	f.Fuzz(func(t *testing.T, text string) {
		above := t.TempDir()
		dir := filepath.Join(above, "override.d")
		put(t, dir, map[string]string{"m.conf": "a = 2;\nb { a = 3; }"})
		customCommands(dir, io.Discard).Apply("commands", []byte(text)) // a name that the file system refuses is an error
		entries, err := os.ReadDir(above)
		if err != nil || len(entries) != 1 {
			t.Fatalf("left the directory: %v %v", entries, err)
		}
	})
}

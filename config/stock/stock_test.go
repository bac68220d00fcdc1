package stock_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/dms"
	"github.com/winnowmail/winnow/config/stock"
	"github.com/winnowmail/winnow/config/ucl"
)

// load reads what an operator's files and texts make of the stock tree.
func load(t *testing.T, dir string, texts ...stock.Texts) *config.Tree {
	t.Helper()
	below := stock.Tree()
	for _, more := range texts {
		for name, text := range more {
			below[name] = text
		}
	}
	tree, err := config.Load(config.Options{Dir: dir, Files: stock.Files{Dir: dir, Below: below}})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mailserver(t *testing.T, env map[string]string) stock.Texts {
	t.Helper()
	return stock.Mailserver(dms.Read(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, os.ReadFile))
}

func text(v *ucl.Value) string {
	s, err := v.AsString()
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return s
}

// Files of the two directories mean what they mean over Rspamd's own tree.
func TestDirectoriesAlone(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "local.d/actions.conf", "reject = 12;\nadd_header = 5;\n")
	put(t, dir, "override.d/actions.conf", "add_header = 7;\n")
	put(t, dir, "local.d/greylist.conf", "timeout = 10min;\n")
	put(t, dir, "override.d/mx_check.conf", "enabled = true;\n")
	put(t, dir, "local.d/policies_group.conf", "symbols { R_SPF_FAIL { weight = 3; } }\n")
	tree := load(t, dir)
	for path, want := range map[string]string{
		"actions reject": "12", "actions add_header": "7", "greylist timeout": "600", "mx_check enabled": "true",
		"group policies symbols R_SPF_FAIL weight": "3",
	} {
		if got := text(tree.Root.Get(strings.Fields(path)...)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if len(tree.Warnings) > 0 {
		t.Errorf("warnings: %v", tree.Warnings)
	}
}

// Each module whose state is known has a section with its two files.
func TestEveryModuleHasItsFiles(t *testing.T) {
	dir := t.TempDir()
	s := load(t, dir).Modules(nil)
	for _, name := range slices.Concat(s.Enabled, s.Explicitly, s.Unconfigured, s.NoRedis) {
		if slices.Contains([]string{"bayes_expiry", "clustering", "dynamic_conf", "emails", "fuzzy_collect", "ip_score", "maps_stats"}, name) {
			continue // Rspamd's tree has no file for them, or moves what it says
		}
		put(t, dir, "override.d/"+name+".conf", "enabled = false;\n")
	}
	s = load(t, dir).Modules(nil)
	if on := slices.Concat(s.Enabled, s.NoRedis); !slices.Equal(on, []string{"bayes_expiry", "emails"}) {
		t.Errorf("not switched off: %v", on)
	}
}

func TestMailserver(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "override.d/antivirus.conf", "enabled = false;\n")
	env := map[string]string{"ENABLE_RSPAMD": "1", "RSPAMD_GREYLISTING": "1", "RSPAMD_NEURAL": "1", "ENABLE_CLAMAV": "1", "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE": "4"}
	tree := load(t, dir, mailserver(t, env))
	for path, want := range map[string]string{
		"actions reject": "11", "actions greylist": "4", "greylist enabled": "true", "antivirus enabled": "false",
		"antivirus ClamAV message": `${SCANNER} FOUND VIRUS "${VIRUS}"`, "redis servers": "127.0.0.1:6379",
		"neural rules NEURAL_WEEK train max_trains": "1000", "settings authenticated authenticated": "true",
		"group hfilter symbols HFILTER_HOSTNAME_UNKNOWN weight": "4", "group neural symbols NEURAL_DAYS_HAM weight": "-1.5",
		"milter_headers extended_spam_headers": "true", "options soft_reject_on_timeout": "true",
	} {
		if got := text(tree.Root.Get(strings.Fields(path)...)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	states := tree.Modules(nil)
	for _, name := range []string{"greylist", "neural", "history_redis", "replies", "ratelimit", "hfilter"} {
		if !slices.Contains(states.Enabled, name) {
			t.Errorf("%s is not enabled: %v", name, states)
		}
	}
	if !slices.Contains(states.Explicitly, "reputation") {
		t.Errorf("reputation is not off: %v", states)
	}
	if off := mailserver(t, nil); off != nil {
		t.Errorf("off, and yet %v", off)
	}
}

// Commands change what a volume says without changing its files.
func TestCustomized(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "override.d/greylist.conf", "enabled = true;\ntimeout = 5min;\n")
	put(t, dir, "override.d/rbl.conf", "enabled = true;\n")
	if over, err := stock.Customized(dir, t.Errorf); over != nil || err != nil {
		t.Errorf("without commands: %v %v", over, err)
	}
	put(t, dir, "custom-commands.conf", "disable-module multimap\nset-option-for-module greylist timeout 1min\n"+
		"set-option-for-module greylist expire 2h\nadd-line actions.conf reject = 20;\nnonsense x\n")
	var warnings []string
	over, err := stock.Customized(dir, func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) })
	if err != nil || len(over) != 3 || len(warnings) != 1 {
		t.Fatalf("%q %q %v", over, warnings, err)
	}
	tree, err := config.Load(config.Options{Dir: dir, Files: stock.Files{Dir: dir, Over: over, Below: stock.Tree()}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"multimap enabled": "false", "greylist timeout": "60", "greylist expire": "7200", "greylist enabled": "true", "rbl enabled": "true", "actions reject": "20",
	} {
		if got := text(tree.Root.Get(strings.Fields(path)...)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.conf", "file")
	put(t, dir, "b.conf", "file")
	f := stock.Files{Dir: dir, Over: stock.Texts{"a.conf": "over"}, Below: stock.Texts{"b.conf": "below", "c.conf": "below", "d/e.conf": "below"}}
	for name, want := range map[string]string{"a.conf": "over", "b.conf": "file", "c.conf": "below", "d/../d/e.conf": "below"} {
		file, err := f.Open(dir + "/./" + name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data := make([]byte, 10)
		n, _ := file.Read(data)
		if info, err := file.Stat(); string(data[:n]) != want || err != nil || info.IsDir() || info.Size() != int64(n) {
			t.Errorf("%s: %q, want %q (%v)", name, data[:n], want, err)
		}
		file.Close()
	}
	if _, err := f.Open("/c.conf"); !os.IsNotExist(err) {
		t.Errorf("outside the directory: %v", err)
	}
	names, err := f.Glob(filepath.Join(dir, "*.conf"))
	if err != nil || len(names) != 3 {
		t.Errorf("%v %v", names, err)
	}
}

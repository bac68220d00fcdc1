package ucl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/shared"
)

// chosen are the cases of the suite in which this reader does otherwise than
// the recorded libucl, with what it makes of them; docs/configuration.md says
// why.
var chosen = map[string]string{
	"007-size-suffixes":        `"m": 1536`,
	"009-numbers":              `"trail": "10x"`,
	"011-implicit-array":       `"arr": [1, 2, 3]`,
	"020-include-append-merge": `"arr": [1, 2, 3]`,
	"023-include-glob":         `"list": ["m1", "m10", "m2"]`,
	"025-include-path":         `"from": "d1"`,
	"029-inherit":              `"repl": {"b": 2`,
	"040-bom":                  `{"a": 1`,
}

// TestSuite compares with what Rspamd 3.4 makes of small files.
func TestSuite(t *testing.T) {
	dir := shared.Path(t, "config/ucl")
	files, err := filepath.Glob(filepath.Join(dir, "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	t.Chdir(dir)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".conf")
		t.Run(name, func(t *testing.T) { suiteCase(t, file, name) })
	}
}

func suiteCase(t *testing.T, file, name string) {
	doc, err := ucl.ParseFile(file, ucl.Options{
		Files: ucl.OS{},
		Vars:  map[string]string{"CONFDIR": "/etc/rspamd", "LOCAL_CONFDIR": "/etc/rspamd", "DBDIR": "/var/lib/rspamd", "RUNDIR": "/run/rspamd", "LOGDIR": "/var/log/rspamd"},
		Template: map[string]any{"env": map[string]string{
			"UCLTEST_SET": "from-env", "UCLTEST_NUM": "12",
		}},
	})
	want, rerr := os.ReadFile(strings.TrimSuffix(file, ".conf") + ".json")
	if rerr != nil {
		refused(t, file, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := ucl.WriteJSON(&got, doc.Root); err != nil {
		t.Fatal(err)
	}
	equal := sameJSON(t, want, got.Bytes())
	if choice, ok := chosen[name]; ok {
		flat := regexp.MustCompile(`\s+`).ReplaceAllString(got.String(), "")
		if equal || !strings.Contains(flat, strings.ReplaceAll(choice, " ", "")) {
			t.Errorf("want a difference with %s, got %s", choice, &got)
		}
	} else if !equal {
		t.Errorf("got %s\nwant %s", &got, want)
	}
}

// refused checks that the text is refused, in the recorded line and for the
// recorded reason.
func refused(t *testing.T, file string, err error) {
	want, rerr := os.ReadFile(strings.TrimSuffix(file, ".conf") + ".err")
	if rerr != nil {
		t.Fatal(rerr)
	}
	var e *ucl.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a refusal: %s", err, want)
	}
	lines := strings.Split(string(want), "\n")
	if n, err := strconv.Atoi(strings.TrimPrefix(lines[0], "line ")); err == nil && !regexp.MustCompile(`(line |:)`+strconv.Itoa(n)+`\b`).MatchString(e.Error()) {
		t.Errorf("the message %q does not name line %d", e, n)
	}
	if kind := strings.TrimPrefix(lines[1], "kind "); kind != string(e.Kind) {
		t.Errorf("the reason is %s, recorded is %s: %v", e.Kind, kind, e)
	}
}

// sameJSON compares two JSON texts; numbers to six places.
func sameJSON(t *testing.T, a, b []byte) bool {
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal("recorded: ", err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal("ours: ", err)
	}
	return same(x, y)
}

func same(x, y any) bool {
	switch x := x.(type) {
	case map[string]any:
		m, ok := y.(map[string]any)
		if !ok || len(m) != len(x) {
			return false
		}
		for k, v := range x {
			if w, ok := m[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		l, ok := y.([]any)
		if !ok || len(l) != len(x) {
			return false
		}
		for i := range x {
			if !same(x[i], l[i]) {
				return false
			}
		}
		return true
	case float64:
		f, ok := y.(float64)
		return ok && math.Abs(f-x) <= 1.1e-6
	}
	return reflect.DeepEqual(x, y)
}

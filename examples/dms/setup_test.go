package main

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

// effective are the settings of an environment as JSON has them.
func effective(t *testing.T, e *environment) map[string]any {
	t.Helper()
	text, err := json.Marshal(e.settings())
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEnvironment(t *testing.T) {
	files := map[string]string{"/run/secret": "12M\r\n"}
	readFile := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	quiet := "ENABLE_RSPAMD=1 ENABLE_AMAVIS=0 ENABLE_OPENDKIM=0 ENABLE_OPENDMARC=0 ENABLE_POLICYD_SPF=0 "
	for name, c := range map[string]struct {
		env  string
		path string // keys of the settings
		want any
		warn string // of the only warning
	}{
		"off":            {"RSPAMD_LEARN=1", "sieve learn_on_move", false, ""},
		"wrong switch":   {"ENABLE_RSPAMD=true", "enabled", false, "The value of 'ENABLE_RSPAMD' (= 'true') is not 0 or 1, but was expected to be"},
		"file":           {quiet + "CLAMAV_MESSAGE_SIZE_LIMIT__FILE=/run/secret", "antivirus max_size", 12e6, ""},
		"file and value": {quiet + "CLAMAV_MESSAGE_SIZE_LIMIT__FILE=/run/secret CLAMAV_MESSAGE_SIZE_LIMIT=1K", "antivirus max_size", 1e3, "Ignoring 'CLAMAV_MESSAGE_SIZE_LIMIT__FILE'"},
		"no file":        {quiet + "SPAM_SUBJECT__FILE=/run/none", "sieve subject_prefix", "", "Ignoring 'SPAM_SUBJECT__FILE'"},
		"wrong size":     {quiet + "CLAMAV_MESSAGE_SIZE_LIMIT=big", "antivirus max_size", 25e6, "'CLAMAV_MESSAGE_SIZE_LIMIT' is no size"},
		"huge size":      {quiet + "CLAMAV_MESSAGE_SIZE_LIMIT=9999999999999T", "antivirus max_size", 25e6, "is no size such as 25M: '9999999999999T'"},
		"score":          {quiet + "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE=8", "weights HFILTER_HOSTNAME_UNKNOWN", 8., ""},
		"wrong score":    {quiet + "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE=7.5", "weights HFILTER_HOSTNAME_UNKNOWN", 6., "is not an integer"},
		"greylisting":    {quiet + "RSPAMD_GREYLISTING=1 ENABLE_POSTGREY=1", "greylist_enabled", true, "Running Postgrey & Rspamd at the same time is discouraged"},
		"own redis":      {quiet + "ENABLE_RSPAMD_REDIS=0", "redis_servers", nil, ""},
		"neural":         {quiet + "RSPAMD_NEURAL=1", "neural_rules", []any{"NEURAL_DAYS_200", "NEURAL_HALF_DAY_50", "NEURAL_WEEK_1000"}, ""},
		"authenticated":  {quiet + "RSPAMD_CHECK_AUTHENTICATED=1", "settings", map[string]any{}, ""},
		"unrecognised":   {quiet + "MOVE_SPAM_TO_JUNK=0", "sieve junk", false, "'MOVE_SPAM_TO_JUNK=0' and 'SPAM_SUBJECT' is empty"},
	} {
		e := readEnvironment(strings.Fields(c.env), readFile)
		var got any = effective(t, e)
		for _, key := range strings.Fields(c.path) {
			got = got.(map[string]any)[key]
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s is %v, want %v", name, c.path, got, c.want)
		}
		if all := strings.Join(e.warnings, "\n"); c.warn == "" && all != "" || len(e.warnings) > 1 || !strings.Contains(all, c.warn) {
			t.Errorf("%s: warnings %q, want %q", name, all, c.warn)
		}
	}
}

func TestSetup(t *testing.T) {
	for name := range switches() {
		t.Setenv(name, "")
	}
	t.Setenv("ENABLE_RSPAMD", "1")
	t.Setenv("RSPAMD_GREYLISTING", "1")
	t.Setenv("ENABLE_CLAMAV", "1")
	t.Setenv("RSPAMD_HFILTER", "0")
	out, errs := runCommand(t, 0, "setup")
	for _, want := range []string{" -state redis://127.0.0.1:6379 -greylist -clamav unix:/var/run/clamav/clamd.ctl\n", "a weight of 2.5", "smtpd_milters = $rspamd_milter"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s lacks %s", out, want)
		}
	}
	if strings.Count(errs, "at the same time is discouraged") != 4 {
		t.Errorf("warnings: %s", errs)
	}
	if out, _ := runCommand(t, 0, "setup", "-json"); !json.Valid([]byte(out)) {
		t.Errorf("no JSON: %s", out)
	}
	runCommand(t, 2, "setup", "more")
	t.Setenv("ENABLE_RSPAMD", "0")
	if out, _ := runCommand(t, 0, "setup"); !strings.Contains(out, "is off") {
		t.Errorf("got %s", out)
	}
}

// TestSetupSuite compares with what docker-mailserver's scripts make of
// environments.
func TestSetupSuite(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(shared.Path(t, "config/env"), "*.json"))
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range cases {
		var c struct {
			Env, Files map[string]string
			Expect     map[string]any
		}
		if err := json.Unmarshal([]byte(read(t, file)), &c); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for name, value := range c.Env {
			lines = append(lines, name+"="+value)
		}
		e := readEnvironment(lines, func(name string) ([]byte, error) {
			text, ok := c.Files[strings.TrimPrefix(name, "@DIR@/")]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		})
		got := effective(t, e)
		for key, want := range c.Expect {
			if key == "warnings" {
				for _, w := range want.([]any) {
					if !slices.ContainsFunc(e.warnings, func(s string) bool { return strings.Contains(s, w.(string)) }) {
						t.Errorf("%s: the warning %q is missing: %q", filepath.Base(file), w, e.warnings)
					}
				}
			} else if !reflect.DeepEqual(got[key], want) {
				t.Errorf("%s: %s is %v, want %v", filepath.Base(file), key, got[key], want)
			}
		}
	}
}

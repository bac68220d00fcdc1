package dms

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

// read reads an environment; files are by path.
func read(env, files map[string]string) Settings {
	return Read(
		func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, errors.New("no such file")
		})
}

// clean is an environment without services that do the same work.
func clean(more map[string]string) map[string]string {
	env := map[string]string{"ENABLE_RSPAMD": "1", "ENABLE_AMAVIS": "0", "ENABLE_OPENDKIM": "0", "ENABLE_OPENDMARC": "0", "ENABLE_POLICYD_SPF": "0"}
	for k, v := range more {
		env[k] = v
	}
	return env
}

func TestDefaults(t *testing.T) {
	if s := read(nil, nil); s.Enabled || s.Filter != nil || !s.Sieve.Junk || len(s.Warnings) != 0 {
		t.Errorf("nothing set: %+v", s)
	}
	s := read(clean(nil), nil)
	if len(s.Warnings) != 0 || s.HostnameUnknown != 6 || s.CheckAuthenticated || *s.Redis != RedisServer || s.Antivirus != (Antivirus{MaxSize: 25_000_000}) ||
		!slices.Contains(s.Modules.On, "replies") || !slices.Contains(s.Modules.Off, "greylist") || s.Actions["reject"] != 11 {
		t.Errorf("on: %+v %+v", s, s.Filter)
	}
	if s := read(map[string]string{"ENABLE_RSPAMD": "1", "ENABLE_POSTGREY": "1", "RSPAMD_GREYLISTING": "1"}, nil); len(s.Warnings) != 5 || !strings.Contains(s.Warnings[4], "Postgrey") {
		t.Errorf("beside others: %q", s.Warnings)
	}
}

func TestVariables(t *testing.T) {
	on := func(s Settings, module string) bool { return slices.Contains(s.Modules.On, module) }
	for name, c := range map[string]struct {
		env  map[string]string
		want func(Settings) bool
		warn string
	}{
		"greylisting":           {map[string]string{"RSPAMD_GREYLISTING": "1"}, func(s Settings) bool { return s.Greylist && on(s, "greylist") }, ""},
		"no Redis":              {map[string]string{"RSPAMD_GREYLISTING": "1", "ENABLE_RSPAMD_REDIS": "0"}, func(s Settings) bool { return !on(s, "greylist") && !on(s, "replies") && s.Redis == nil }, ""},
		"neural":                {map[string]string{"RSPAMD_NEURAL": "1"}, func(s Settings) bool { return on(s, "neural") && len(s.Neural) == 3 }, ""},
		"learning":              {map[string]string{"RSPAMD_LEARN": "1"}, func(s Settings) bool { return s.Sieve.LearnOnMove }, ""},
		"antivirus":             {map[string]string{"ENABLE_CLAMAV": "1", "CLAMAV_MESSAGE_SIZE_LIMIT": "100K"}, func(s Settings) bool { return on(s, "antivirus") && s.Antivirus.MaxSize == 100_000 }, ""},
		"gigabytes":             {map[string]string{"CLAMAV_MESSAGE_SIZE_LIMIT": "2G"}, func(s Settings) bool { return s.Antivirus.MaxSize == 2_000_000_000 }, ""},
		"plain bytes":           {map[string]string{"CLAMAV_MESSAGE_SIZE_LIMIT": "12345"}, func(s Settings) bool { return s.Antivirus.MaxSize == 12345 }, ""},
		"no size":               {map[string]string{"CLAMAV_MESSAGE_SIZE_LIMIT": "M"}, func(s Settings) bool { return s.Antivirus.MaxSize == 25_000_000 }, "CLAMAV_MESSAGE_SIZE_LIMIT"},
		"a size too large":      {map[string]string{"CLAMAV_MESSAGE_SIZE_LIMIT": "9999999T"}, func(s Settings) bool { return s.Antivirus.MaxSize == 25_000_000 }, "CLAMAV_MESSAGE_SIZE_LIMIT"},
		"a score":               {map[string]string{"RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE": "-3"}, func(s Settings) bool { return s.Weights["HFILTER_HOSTNAME_UNKNOWN"] == -3 }, ""},
		"no integer":            {map[string]string{"RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE": "2.5"}, func(s Settings) bool { return s.HostnameUnknown == 6 }, "is not an integer ('2.5')"},
		"hfilter as stock":      {map[string]string{"RSPAMD_HFILTER": "0", "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE": "9"}, func(s Settings) bool { return s.HostnameUnknown == StockHostnameUnknown && on(s, "hfilter") }, ""},
		"users":                 {map[string]string{"RSPAMD_CHECK_AUTHENTICATED": "1"}, func(s Settings) bool { return s.CheckAuthenticated && len(s.Rules) == 0 }, ""},
		"users by nonsense":     {map[string]string{"RSPAMD_CHECK_AUTHENTICATED": "yes"}, func(s Settings) bool { return s.CheckAuthenticated }, "(= 'yes') is not 0 or 1"},
		"nonsense is off":       {map[string]string{"RSPAMD_GREYLISTING": "on"}, func(s Settings) bool { return !s.Greylist }, "'RSPAMD_GREYLISTING'"},
		"the filter itself":     {map[string]string{"ENABLE_RSPAMD": "yes"}, func(s Settings) bool { return !s.Enabled }, "'ENABLE_RSPAMD'"},
		"spam is not marked":    {map[string]string{"MOVE_SPAM_TO_JUNK": "0"}, func(s Settings) bool { return !s.Sieve.Junk }, "'SPAM_SUBJECT' is empty"},
		"spam has a prefix":     {map[string]string{"MOVE_SPAM_TO_JUNK": "0", "SPAM_SUBJECT": "[spam] "}, func(s Settings) bool { return s.Sieve.SubjectPrefix == "[spam] " }, ""},
		"a name of old":         {map[string]string{"SA_SPAM_SUBJECT": "old ", "SPAM_SUBJECT": "new "}, func(s Settings) bool { return s.Sieve.SubjectPrefix == "new " }, "renamed"},
		"an empty variable":     {map[string]string{"RSPAMD_HFILTER": ""}, func(s Settings) bool { return s.HostnameUnknown == 6 }, ""},
		"a file":                {map[string]string{"SPAM_SUBJECT__FILE": "/subject"}, func(s Settings) bool { return s.Sieve.SubjectPrefix == "from a file " }, ""},
		"a file and a variable": {map[string]string{"SPAM_SUBJECT__FILE": "/subject", "SPAM_SUBJECT": "own "}, func(s Settings) bool { return s.Sieve.SubjectPrefix == "own " }, "'SPAM_SUBJECT__FILE' is ignored"},
		"a file that is gone":   {map[string]string{"SPAM_SUBJECT__FILE": "/gone"}, func(s Settings) bool { return s.Sieve.SubjectPrefix == "" }, "no such file"},
	} {
		s := read(clean(c.env), map[string]string{"/subject": "from a file \r\n"})
		if !c.want(s) {
			t.Errorf("%s: %+v %+v", name, s, s.Filter)
		}
		if got := strings.Join(s.Warnings, "\n"); c.warn == "" && got != "" || !strings.Contains(got, c.warn) || strings.Contains(got, "\n") {
			t.Errorf("%s: warnings %q, want %q", name, s.Warnings, c.warn)
		}
	}
}

// TestSuite compares with what docker-mailserver's own files come to.
func TestSuite(t *testing.T) {
	dir := shared.Path(t, "config/env")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Env, Files map[string]string
			Expect     map[string]any
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		named := map[string]string{}
		for name, text := range c.Files {
			named["@DIR@/"+name] = text
		}
		text, err := json.Marshal(read(c.Env, named))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for key, want := range c.Expect {
			if key == "warnings" {
				for _, w := range want.([]any) {
					if !slices.ContainsFunc(got[key].([]any), func(g any) bool { return strings.Contains(g.(string), w.(string)) }) {
						t.Errorf("%s: %q is not among %q", filepath.Base(file), w, got[key])
					}
				}
			} else if !reflect.DeepEqual(got[key], want) {
				t.Errorf("%s: %s is %v, want %v", filepath.Base(file), key, got[key], want)
			}
		}
	}
}

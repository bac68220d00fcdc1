package mail

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

// suiteCases reads a vector file of the shared conformance suites, which
// stand beside the repository and are not part of it.
func suiteCases[T any](t *testing.T, name string) []T {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, "suites/vectors/"+name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []T }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

// checkRate fails the test when fewer than percent of n cases passed.
func checkRate(t *testing.T, passed, n int, percent float64) {
	t.Helper()
	t.Logf("%d of %d", passed, n)
	if float64(passed) < percent/100*float64(n) {
		t.Errorf("%d of %d is less than %v%%", passed, n, percent)
	}
}

func TestSuiteURLParse(t *testing.T) {
	type vector struct {
		ID, URL string
		Parses  bool
		Fields  map[string]any // a port is a number
	}
	cases, passed := suiteCases[vector](t, "url-parse.json"), 0
	for _, c := range cases {
		u, ok := ParseURL(c.URL)
		got := map[string]string{
			"host": u.Host, "path": u.Path, "query": u.Query, "fragment": u.Fragment, "user": u.User, "tld": u.TLD,
			"password": u.Password, "protocol": u.Scheme, "port": strconv.Itoa(u.Port),
		}
		good := ok == c.Parses
		for k, want := range c.Fields {
			good = good && got[k] == fmt.Sprint(want)
		}
		if good {
			passed++
		} else {
			t.Logf("%s: %q: %v %v, want %v %v", c.ID, c.URL, ok, got, c.Parses, c.Fields)
		}
	}
	checkRate(t, passed, len(cases), 95)
}

func TestSuiteURLHost(t *testing.T) {
	type vector struct {
		ID, Text, Host string
		User           *string
	}
	cases, passed := suiteCases[vector](t, "url-host.json"), 0
	for _, c := range cases {
		var u URL
		FindURLs(c.Text, func(found URL) bool { u = found; return false })
		if u.Unicode == c.Host && (c.User == nil || *c.User == u.User) {
			passed++
		} else {
			t.Logf("%s: %q: %q %q, want %q", c.ID, c.Text, u.Unicode, u.User, c.Host)
		}
	}
	checkRate(t, passed, len(cases), 95)
}

func TestSuiteNormalPath(t *testing.T) {
	type vector struct{ ID, Input, Expect string }
	cases, passed := suiteCases[vector](t, "path-normalize.json"), 0
	for _, c := range cases {
		if got := normalPath(c.Input); got == c.Expect {
			passed++
		} else {
			t.Logf("%s: %q: %q, want %q", c.ID, c.Input, got, c.Expect)
		}
	}
	checkRate(t, passed, len(cases), 95)
}

func TestSuiteURLExtract(t *testing.T) {
	type vector struct {
		ID, Text string
		Expect   []any
		Note     string
	}
	cases, passed := suiteCases[vector](t, "url-extract.json"), 0
	for _, c := range cases {
		var got, want []string
		FindURLs(c.Text, func(u URL) bool {
			if c.Note == "" || u.Scheme != "mailto" {
				got = append(got, u.Raw)
			}
			return true
		})
		for _, e := range c.Expect {
			switch e := e.(type) {
			case string:
				want = append(want, e)
			case map[string]any:
				want = append(want, e["url"].(string))
			}
		}
		if slices.Equal(got, want) {
			passed++
		} else {
			t.Logf("%s: %q: %q, want %q", c.ID, c.Text, got, want)
		}
	}
	checkRate(t, passed, len(cases), 98)
}

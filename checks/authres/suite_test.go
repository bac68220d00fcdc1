package authres

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
)

func load[T any](t *testing.T, name string) (cases []T) {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	file := struct{ Cases *[]T }{&cases}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return cases
}

type parseCase struct {
	ID, Op, Input string
	ServID        *string `json:"authserv_id"`
	Results       []struct {
		Method, Result string
		Fields         map[string]string
	}
	Expect [][2]string
	Nil    bool
}

func TestSuiteAuthres(t *testing.T) {
	cases, right := load[parseCase](t, "suites/vectors/authres.json"), 0
	for _, c := range cases {
		if why := c.run(); why != "" {
			t.Errorf("%s %q: %s", c.ID, c.Input, why)
			continue
		}
		right++
	}
	t.Logf("authres: %d of %d", right, len(cases))
}

func (c parseCase) run() (why string) {
	switch c.Op {
	case "parse":
		h, err := Parse(c.Input)
		if err != nil {
			return err.Error()
		}
		return c.compare(h)
	case "parse-element":
		r, err := ParseResult(c.Input)
		if c.Nil != (err != nil) {
			return "error " + errText(err)
		}
		return c.expect(0, []Result{r})
	case "parse-aar":
		i, h, err := ParseInstance(c.Input)
		if err != nil {
			return err.Error()
		}
		return c.expect(i, h.Results)
	}
	return "unknown operation"
}

func errText(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

// compare holds what go-msgauth and mox found against h. go-msgauth names
// fields as its struct types do.
func (c parseCase) compare(h Header) string {
	if c.ServID == nil {
		if len(h.Results) == 0 {
			return "no results"
		}
		return ""
	}
	if h.ServID != *c.ServID || len(h.Results) != len(c.Results) {
		return "got " + h.String()
	}
	names := map[string]string{"From": "smtp.mailfrom", "Auth": "smtp.auth", "Reason": "reason"}
	for i, want := range c.Results {
		r := h.Results[i]
		if strings.ReplaceAll(r.Method, "-", "") != strings.ToLower(want.Method) || string(r.Value) != want.Result {
			return "got " + h.String()
		}
		if key := want.Fields["HeaderKey"]; key != "" {
			want.Fields = map[string]string{"header." + key: want.Fields["HeaderValue"]}
		}
		for name, value := range want.Fields {
			if n := names[name]; n != "" {
				name = n
			}
			ptype, prop, _ := strings.Cut(name, ".")
			got := r.Property(ptype, prop)
			if name == "reason" {
				got = r.Reason
			}
			if got != value {
				return name + " is " + got
			}
		}
	}
	return ""
}

// expect holds the Lua assertions of Rspamd's tests against results.
func (c parseCase) expect(instance int, rs []Result) string {
	for _, e := range c.Expect {
		var got string
		path := strings.TrimPrefix(strings.TrimPrefix(e[0], "r."), "r")
		switch index, name, ok := strings.Cut(strings.TrimPrefix(path, "ar["), "]."); {
		case path == "i":
			got = strconv.Itoa(instance)
		case e[0] == "#r.ar":
			got = strconv.Itoa(len(rs))
		case ok:
			if n, err := strconv.Atoi(index); err == nil && n <= len(rs) && rs[n-1].Method == name {
				got = string(rs[n-1].Value)
			}
		case strings.HasPrefix(path, `["`):
			ptype, prop, _ := strings.Cut(strings.Trim(path, `[]"`), ".")
			got = rs[0].Property(ptype, prop)
		default:
			if rs[0].Method == path {
				got = string(rs[0].Value)
			}
		}
		if got != e[1] {
			return e[0] + " is " + strconv.Quote(got)
		}
	}
	return ""
}

func TestSuiteMerge(t *testing.T) {
	type mergeCase struct {
		ID, Title string
		ServID    string   `json:"authserv_id"`
		Headers   []string `json:"authentication_results_headers"`
		Expect    []string `json:"expect_methods"`
	}
	cases, right := load[mergeCase](t, "suites/vectors/aar-merge.json"), 0
	own := Result{Method: "arc", Value: "none", Properties: []Property{{Type: "smtp", Name: "remote-ip", Value: "127.0.0.1"}}}
	for _, c := range cases {
		var got []string
		for _, r := range Merge(c.ServID, c.Headers, own).Results {
			got = append(got, strings.Join(r.words(), " "))
		}
		if !slices.Equal(got, c.Expect) {
			t.Errorf("%s %s: got\n%q, want\n%q", c.ID, c.Title, got, c.Expect)
			continue
		}
		right++
	}
	t.Logf("aar-merge: %d of %d", right, len(cases))
}

package mail

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/transfer"
)

// quota logs the failures of a suite and fails below the wanted share.
func quota(t *testing.T, name string, good, all int, want float64) {
	t.Helper()
	t.Logf("%s: %d of %d", name, good, all)
	if float64(good) < want*float64(all) {
		t.Errorf("%s: %d of %d is below %.0f %%", name, good, all, want*100)
	}
}

// value reads one header value through the splitter.
func value(s string) *Field {
	m := Parse([]byte("X-Value: "+strings.TrimRight(s, "\r\n")+"\r\n\r\n"), Envelope{}, Limits{})
	return m.Header().Get("X-Value")
}

func TestSuiteRFC2047(t *testing.T) {
	cases := loadVectors[struct{ ID, Input, Expect string }](t, "rfc2047")
	good := 0
	for _, c := range cases {
		if got := value(c.Input).Text(); strings.TrimSpace(got) == strings.TrimSpace(c.Expect) {
			good++
		} else {
			t.Logf("%s %q: got %q, want %q", c.ID, c.Input, got, c.Expect)
		}
	}
	quota(t, "rfc2047", good, len(cases), 0.95)
}

func TestSuiteContentType(t *testing.T) {
	type expect struct {
		CType    string      `json:"c_type"`
		CSubtype *string     `json:"c_subtype"`
		Attrs    [][2]string `json:"attributes"`
	}
	cases := loadVectors[struct {
		ID, Input string
		Expect    *expect
	}](t, "rfc2231-content-type")
	good := 0
	for _, c := range cases {
		ct, ok := ParseContentType(c.Input)
		if c.Expect == nil {
			if !ok {
				good++
			} else {
				t.Logf("%s %q: got %+v, want none", c.ID, c.Input, ct)
			}
			continue
		}
		want := map[string]string{}
		for _, a := range c.Expect.Attrs {
			if !strings.HasSuffix(a[0], "-language") {
				want[a[0]] = a[1]
			}
		}
		sub := ""
		if c.Expect.CSubtype != nil {
			sub = *c.Expect.CSubtype
		}
		same := ok && ct.Type == c.Expect.CType && ct.Subtype == sub && len(ct.Params) == len(want)
		for _, p := range ct.Params {
			same = same && want[p.Name] == p.Value
		}
		if same {
			good++
		} else {
			t.Logf("%s %q: got %+v, want %+v", c.ID, c.Input, ct, *c.Expect)
		}
	}
	quota(t, "rfc2231", good, len(cases), 0.95)
}

func TestSuiteQuotedPrintable(t *testing.T) {
	cases := loadVectors[struct {
		ID   string
		Case [3]string
	}](t, "qp")
	good := 0
	for _, c := range cases {
		a, _ := transfer.QuotedPrintable([]byte(c.Case[0]))
		b, _ := transfer.QuotedPrintable([]byte(c.Case[1]))
		if string(b) == c.Case[0] || string(a) == c.Case[1] {
			good++
		} else {
			t.Logf("%s: got %q, want %q", c.ID, b, c.Case[0])
		}
	}
	quota(t, "qp", good, len(cases), 0.95)
}

func TestSuiteMessageID(t *testing.T) {
	cases := loadVectors[struct {
		ID, Input string
		Expect    []string
	}](t, "message-id")
	good := 0
	for _, c := range cases {
		if got := ParseMessageIDs(c.Input); strings.Join(got, " ") == strings.Join(c.Expect, " ") {
			good++
		} else {
			t.Logf("%s %q: got %q, want %q", c.ID, c.Input, got, c.Expect)
		}
	}
	quota(t, "message-id", good, len(cases), 0.95)
}

func TestSuiteFolding(t *testing.T) {
	cases := loadVectors[struct {
		ID   string
		Case []json.RawMessage
	}](t, "header-folding")
	good := 0
	for _, c := range cases {
		var in []string
		var want string
		if json.Unmarshal(c.Case[0], &in) != nil || json.Unmarshal(c.Case[1], &want) != nil {
			t.Fatalf("%s: cannot read the case", c.ID)
		}
		stop := ""
		if len(in) > 2 {
			stop = in[2]
		}
		if got := FoldHeader(in[0], in[1], stop); got == want {
			good++
		} else {
			t.Logf("%s: got %q, want %q", c.ID, got, want)
		}
	}
	quota(t, "header-folding", good, len(cases), 0.95)
}

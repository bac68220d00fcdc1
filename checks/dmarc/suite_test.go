package dmarc

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver/zone"
)

func load[T any](t *testing.T, name string) (cases []T) {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, "suites/dmarc/"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	file := struct{ Cases *[]T }{&cases}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return cases
}

// suiteZone is a zone in the form of Node's answers, by name and type, with the
// failures under "errors".
type suiteZone map[string]map[string]json.RawMessage

func (z suiteZone) parse(t *testing.T) *zone.Zone {
	t.Helper()
	var records []shared.Record
	for name, types := range z {
		for kind, raw := range types {
			var errs map[string]string
			var values []json.RawMessage
			switch {
			case kind == "errors" && json.Unmarshal(raw, &errs) == nil:
				for kind, failure := range errs {
					records = append(records, shared.Record{Name: name, Type: kind, Error: failure})
				}
			case json.Unmarshal(raw, &values) == nil:
				for _, value := range values {
					records = append(records, shared.Record{Name: name, Type: kind, Value: value})
				}
			default:
				t.Fatalf("%s: can't read %s %s", name, kind, raw)
			}
		}
	}
	return shared.Zone(t, records)
}

type evalCase struct {
	ID, Title  string
	Zone       suiteZone
	HeaderFrom json.RawMessage   `json:"header_from"`
	DKIMPass   []json.RawMessage `json:"dkim_pass"`
	SPFPass    []json.RawMessage `json:"spf_pass"`
	SPF        *struct{ Result, Domain string }
	DKIM       []struct{ Domain, Result string }
	Expect     map[string]any
}

// from reads one address or several.
func (c evalCase) from(t *testing.T) (from []string) {
	t.Helper()
	if err := json.Unmarshal(c.HeaderFrom, &from); err == nil {
		return from
	}
	from = []string{""}
	if err := json.Unmarshal(c.HeaderFrom, &from[0]); err != nil {
		t.Fatal(err)
	}
	return from
}

// identity reads a domain, alone or in an object.
func identity(raw json.RawMessage) (domain string, unsigned int64) {
	var o struct {
		Domain     string
		UnderSized int64
	}
	if json.Unmarshal(raw, &domain) == nil {
		return domain, 0
	}
	_ = json.Unmarshal(raw, &o)
	return o.Domain, o.UnderSized
}

func (c evalCase) params(t *testing.T) Params {
	p := Params{From: c.from(t), Discovery: TreeWalk}
	for _, raw := range c.DKIMPass {
		domain, unsigned := identity(raw)
		p.DKIM = append(p.DKIM, dkim.Signature{Domain: domain, Status: "pass", Unsigned: unsigned})
	}
	for _, s := range c.DKIM {
		p.DKIM = append(p.DKIM, dkim.Signature{Domain: s.Domain, Status: dkim.Status(s.Result)})
	}
	for _, raw := range c.SPFPass {
		p.SPF.Domain, _ = identity(raw)
		p.SPF.Status = "pass"
	}
	return p
}

func TestSuiteEval(t *testing.T) {
	cases, right := load[evalCase](t, "dmarc-eval"), 0
	for _, c := range cases {
		p := c.params(t)
		if c.SPF != nil {
			p.SPF.Status, p.SPF.Domain = spf.Status(c.SPF.Result), c.SPF.Domain
		}
		dns := c.Zone.parse(t)
		r := Evaluate(t.Context(), dns, p)
		var wrong []string
		for key, want := range c.Expect {
			res, got := r, ""
			switch variant, rest, _ := strings.Cut(key, "."); variant {
			case "aligned", "strict", "relaxed":
				key = rest
			case "unaligned":
				key, p.DKIM = rest, nil
				res = Evaluate(t.Context(), dns, p)
			}
			got = res.field(key)
			if !matches(got, want) {
				wrong = append(wrong, fmt.Sprintf("%s is %q, want %v", key, got, want))
			}
		}
		if len(wrong) > 0 {
			t.Errorf("%s %s: %s\n%+v", c.ID, c.Title, strings.Join(wrong, "; "), r)
			continue
		}
		right++
	}
	t.Logf("dmarc-eval: %d of %d", right, len(cases))
}

func matches(got string, want any) bool {
	if list, ok := want.([]any); ok {
		return slices.Contains(list, any(got))
	}
	return got == fmt.Sprint(want)
}

// field returns what the suite calls name.
func (r Result) field(name string) string {
	switch strings.TrimSuffix(name, "_any_of") {
	case "status.result", "result":
		if r.Domain == "" {
			return "false"
		}
		return string(r.Status)
	case "policy":
		if r.Record != nil && r.Record.Testing {
			return r.Disposition
		}
		return r.Policy
	case "disposition":
		if r.Status == "pass" {
			return "none"
		}
		return r.Disposition
	case "p":
		return r.Record.Policy
	case "domain", "policy_domain", "status.header.d":
		return r.Domain
	case "org_domain":
		return r.Organization
	case "status.header.from":
		return r.From
	case "isOrgRecord":
		return fmt.Sprint(r.Domain != r.From)
	case "alignment.dkim.strict":
		return fmt.Sprint(r.Record.StrictDKIM)
	case "alignment.spf.strict":
		return fmt.Sprint(r.Record.StrictSPF)
	case "alignment.dkim.underSized":
		return fmt.Sprint(r.Unsigned)
	case "error":
		return strings.Replace(r.Reason, "query timed out", "DNS timeout", 1)
	}
	return "?"
}

func TestSuiteRecordLookup(t *testing.T) {
	type lookupCase struct {
		ID, Title, Domain string
		Zone              suiteZone
		Observed          any `json:"observed_result"`
	}
	cases, right := load[lookupCase](t, "dmarc-record-lookup"), 0
	for _, c := range cases {
		r := Evaluate(t.Context(), c.Zone.parse(t), Params{From: []string{c.Domain}})
		if want, found := c.Observed.(map[string]any); found != (r.Record != nil) || found && !sameRecord(t, r, want) {
			t.Errorf("%s %s: got %+v, want %v", c.ID, c.Title, r, c.Observed)
			continue
		}
		right++
	}
	t.Logf("dmarc-record-lookup: %d of %d", right, len(cases))
}

func sameRecord(t *testing.T, r Result, want map[string]any) bool {
	t.Helper()
	uri := func(us []URI) string {
		if len(us) == 1 {
			return us[0].Address
		}
		return ""
	}
	mode := map[bool]string{true: "s", false: "r"}
	got := map[string]string{
		"v": "DMARC1", "p": r.Record.Policy, "sp": r.Record.Subdomains, "pct": fmt.Sprint(r.Record.Percent), "ri": fmt.Sprint(r.Record.Interval),
		"adkim": mode[r.Record.StrictDKIM], "aspf": mode[r.Record.StrictSPF], "fo": r.Record.FailureOptions,
		"rua": uri(r.Record.Aggregate), "ruf": uri(r.Record.Failure), "isOrgRecord": fmt.Sprint(r.Domain != r.From),
		"rr": fmt.Sprint(want["rr"]), "false": fmt.Sprint(want["false"]),
	}
	for key, value := range want {
		if got[key] != fmt.Sprint(value) {
			t.Logf("%s is %q, want %v", key, got[key], value)
			return false
		}
	}
	return true
}

func TestSuiteParse(t *testing.T) {
	type parseCase struct {
		ID, Record string
		Valid      bool
	}
	cases, right := load[parseCase](t, "dmarc-parse"), 0
	for _, c := range cases {
		if r, ok := ParseRecord(c.Record); (ok && r.Valid()) != c.Valid {
			t.Errorf("%s %q: got %v %+v", c.ID, c.Record, ok, r)
			continue
		}
		right++
	}
	t.Logf("dmarc-parse: %d of %d", right, len(cases))
}

func TestSuiteMisc(t *testing.T) {
	type miscCase struct {
		Kind, ID, Header, Domain, A, B, Mode string
		Aligned                              bool
		Input, Registrable                   *string
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	cases, right := load[miscCase](t, "dmarc-misc"), 0
	for _, c := range cases {
		ok := false
		switch c.Kind {
		case "from-domain":
			domains := authors(mail.ParseAddressList(c.Header, 0))
			ok = len(domains) > 0 && domains[0] == c.Domain
		case "align":
			ok = Aligned(c.A, c.B, c.Mode == "strict") == c.Aligned
		case "psl":
			got, _ := registrable(text(c.Input))
			ok = got == text(c.Registrable)
		}
		if !ok {
			t.Errorf("%s %+v", c.ID, c)
			continue
		}
		right++
	}
	t.Logf("dmarc-misc: %d of %d", right, len(cases))
}

// registrable returns the registrable domain of host by the letter of the
// list's algorithm: a name under no listed suffix is registered under its last
// label, and a name that is a suffix has no answer, nor has one with a leading
// dot. The evaluator is stricter about names without a listed suffix.
func registrable(host string) (domain string, ok bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || host[0] == '.' || strings.Contains(host, "..") {
		return "", false
	}
	suffix, ok := publicsuffix.Suffix(host)
	if !ok {
		suffix = host[strings.LastIndexByte(host, '.')+1:]
	}
	if suffix == host {
		return "", false
	}
	rest := host[:len(host)-len(suffix)-1]
	return host[strings.LastIndexByte(rest, '.')+1:], true
}

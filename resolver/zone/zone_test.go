package zone

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

const text = `
; what the tests ask
example.org      300 TXT  "v=spf1 -all"
example.org          A    192.0.2.1
www.example.org      CNAME Example.ORG.
*.list.example       A    127.0.0.2
known.list.example   TXT  "listed"
deep.empty.example   A    192.0.2.2

broken.example       !servfail
half.example         A 192.0.2.3
half.example     TXT !timeout
refused.example      !refused
*.ref.example        !refused
late.example         !delay 200ms
late.example         A 192.0.2.4
dead.example         !hang
loop1.example        CNAME loop2.example
loop2.example        CNAME loop1.example
dangling.example     CNAME nowhere.example
tobroken.example     CNAME broken.example
`

func TestLookup(t *testing.T) {
	z := Must(text)
	for _, c := range []struct {
		name  string
		qtype uint16
		want  string // data, or kind of error
	}{
		{"example.org", resolver.TypeTXT, `"v=spf1 -all"`},
		{"EXAMPLE.org.", resolver.TypeA, "192.0.2.1"},
		{"www.example.org", resolver.TypeA, "example.org; 192.0.2.1"},
		{"www.example.org", resolver.TypeCNAME, "example.org"},
		{"example.org", resolver.TypeMX, "nodata"},
		{"www.example.org", resolver.TypeMX, "nodata"},
		{"no.example.org", resolver.TypeA, "nxdomain"},
		{"1.2.3.list.example", resolver.TypeA, "127.0.0.2"},
		{"1.2.3.list.example", resolver.TypeTXT, "nodata"},
		{"known.list.example", resolver.TypeA, "nodata"},     // a name hides the wildcard
		{"x.known.list.example", resolver.TypeA, "nxdomain"}, // and so does an ancestor
		{"empty.example", resolver.TypeA, "nodata"},
		{"broken.example", resolver.TypeA, "servfail"},
		{"half.example", resolver.TypeA, "192.0.2.3"},
		{"half.example", resolver.TypeTXT, "timeout"},
		{"refused.example", resolver.TypeA, "refused"},
		{"a.ref.example", resolver.TypeA, "refused"},
		{"loop1.example", resolver.TypeA, "loop"},
		{"dangling.example", resolver.TypeA, "nxdomain"},
		{"tobroken.example", resolver.TypeA, "servfail"},
		{"", resolver.TypeA, "nxdomain"},
	} {
		a, err := z.Lookup(t.Context(), c.name, c.qtype)
		got := a.Text()
		if e, ok := errors.AsType[*resolver.Error](err); ok {
			got = string(e.Kind)
		}
		if got != c.want {
			t.Errorf("%s %s = %s, want %s", c.name, resolver.TypeString(c.qtype), got, c.want)
		}
	}
	a, _ := z.Lookup(t.Context(), "x.list.example", resolver.TypeA)
	if a.Records[0].Name != "x.list.example" {
		t.Errorf("a wildcard's record is named %s", a.Records[0].Name)
	}
}

func TestDelayAndHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := Must(text)
		start := time.Now()
		if _, err := z.Lookup(t.Context(), "late.example", resolver.TypeA); err != nil || time.Since(start) != 200*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := z.Lookup(ctx, "dead.example", resolver.TypeA); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := z.Lookup(ctx, "late.example", resolver.TypeA); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after the deadline", err)
		}
	})
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"\na.example":                              "line 2",
		"a.example A":                              "1 words",
		"a.example A 2001:db8::1":                  "no A address",
		"a.example AAAA 192.0.2.1":                 "no AAAA address",
		"a.example SPF x":                          "unknown type",
		"a.example TYPE99 x":                       "not supported",
		"a.example MX ten mx":                      "preference",
		`a.example TXT "open`:                      "without end",
		`a.example TXT "\999"`:                     "no byte",
		"a.example !explode":                       "unknown failure",
		"a.example !delay":                         "duration",
		"a.example !delay -1s":                     "duration",
		"a.example !servfail x":                    "unexpected",
		"a.example SPF !servfail":                  "unknown type",
		`a.example CNAME "b"`:                      "quoted",
		strings.Repeat("a.", 999) + " A 192.0.2.1": "longer than",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.40q) = %v, want %q", in, err, want)
		}
	}
}

func TestFromMap(t *testing.T) {
	z, err := FromMap(map[string][]string{"a.example": {"A 192.0.2.1", "TXT !servfail"}})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := z.Lookup(t.Context(), "a.example", resolver.TypeA); err != nil || a.Text() != "192.0.2.1" {
		t.Errorf("got %v, %v", a, err)
	}
	if _, err := FromMap(map[string][]string{"a.example": {"A x"}}); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(text, "www.example.org")
	f.Add("* !nxdomain", "x")
	f.Fuzz(func(t *testing.T, zone, name string) {
		z, err := Parse(zone)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		a, err := z.Lookup(ctx, name, resolver.TypeA)
		if (err == nil) != (len(a.OfType(resolver.TypeA)) > 0) {
			t.Errorf("answer %v with error %v", a, err)
		}
		if err != nil && resolver.IsNotFound(err) == resolver.IsTemporary(err) {
			t.Errorf("error %v is neither or both", err)
		}
	})
}

package authres

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	msgauth "github.com/emersion/go-msgauth/authres"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		value, want string
		err         error
	}{
		{"", "unknown; none", nil},
		{"mx.example; none", "mx.example; none", nil},
		{"mx.example 1; none;", "mx.example; none", nil},
		{"mx.example", "mx.example; none", ErrSyntax},
		{"mx.example 2; spf=pass", "mx.example; none", ErrVersion},
		{"(who) mx.example (is) 1 ; SPF (x) = PASS (good (very) one) smtp . mailfrom=a@b.example",
			"mx.example; spf=pass (good (very) one) smtp.mailfrom=a@b.example", nil},
		{"mx.example; dkim=fail reason=\"bad; really\" header.d=a.example header.b=\"a/b=\" (short)",
			`mx.example; dkim=fail reason="bad; really" header.d=a.example header.b="a/b=" (short)`, nil},
		{"mx.example; dkim=pass (semi;colon) header.d=a.example; spf=none", "mx.example; dkim=pass (semi;colon) header.d=a.example; spf=none", nil},
		{"mx.example;\r\n\tspf=pass (folded\r\n\t comment) smtp.mailfrom=\"od\r\n d\"@a.example",
			`mx.example; spf=pass (folded comment) smtp.mailfrom="od d@a.example"`, nil},
		{"mx.example; x-tls=pass version=TLSv1.3 bits=256", "mx.example; x-tls=pass version=TLSv1.3 bits=256", nil},
		{"mx.example; dkim/1=pass; spf/2=pass; arc=none", "mx.example; dkim=pass; arc=none", ErrVersion},
		{"mx.example; spf=pass garbage smtp.mailfrom=a; dmarc=fail", "mx.example; spf=pass; dmarc=fail", ErrSyntax},
		{"mx.example; spf; =pass; dkim=; dmarc=pass", "mx.example; dmarc=pass", ErrSyntax},
		{`mx.example; iprev=pass policy.iprev="1`, "mx.example; iprev=pass policy.iprev=1", ErrSyntax},
		{"mx.example; iprev=pass (a (b)", "mx.example; iprev=pass (a (b))", ErrSyntax},
		{`mx.example; spf=pass (a \) b) smtp.helo=""`, `mx.example; spf=pass (a \) b) smtp.helo=""`, nil},
		{`"odd id"; spf=pass`, `"odd id"; spf=pass`, nil},
	} {
		h, err := Parse(c.value)
		if got := h.String(); !errors.Is(err, c.err) {
			t.Errorf("Parse(%q): %v, want %v", c.value, err, c.err)
		} else if got != c.want {
			t.Errorf("Parse(%q) is\n%s, want\n%s", c.value, got, c.want)
		}
	}
}

func TestParseInstance(t *testing.T) {
	for value, want := range map[string]string{
		"i=2; mx.example; spf=pass": "2 mx.example; spf=pass <nil>",
		" I = 1 ; mx.example; none": "1 mx.example; none <nil>",
	} {
		i, h, err := ParseInstance(value)
		if got := fmt.Sprint(i, " ", h, " ", err); got != want {
			t.Errorf("%q gave %s, want %s", value, got, want)
		}
	}
	for _, value := range []string{"", "mx.example; spf=pass", "i=0; mx.example; none", "i=a; b; none", "i=1 mx.example"} {
		if i, _, err := ParseInstance(value); i != 0 || !errors.Is(err, ErrSyntax) {
			t.Errorf("%q gave instance %d, %v", value, i, err)
		}
	}
}

// TestInjection holds that nothing in a value reaches the header's structure.
func TestInjection(t *testing.T) {
	bad := "x\r\nBcc: a@b.example\r\n\r\n; dkim=pass \"(\\)\xff\x00"
	h := Header{ServID: "mx.example" + bad, Results: []Result{
		{Method: "spf", Value: "fail", Comment: bad, Reason: bad, Properties: []Property{
			{Type: "smtp", Name: "mailfrom", Value: bad, Comment: bad},
			{Type: "smtp", Name: bad, Value: "dropped"},
			{Type: bad, Name: "helo", Value: "dropped"},
		}},
		{Method: bad, Value: "pass"},
		{Method: "dmarc", Value: msgauth.ResultValue(bad)},
	}}
	for _, s := range []string{h.String(), strings.ReplaceAll(h.Folded(), "\r\n\t", "")} {
		if strings.ContainsAny(s, "\r\n\x00") || !utf8.ValidString(s) {
			t.Errorf("control characters in %q", s)
		}
		again, err := Parse(s)
		if err != nil || len(again.Results) != 1 || len(again.Results[0].Properties) != 1 || again.Results[0].Method != "spf" {
			t.Errorf("%q was read as %+v, %v", s, again, err)
		}
	}
}

func TestFolded(t *testing.T) {
	h, err := Parse("mx.example.org; spf=pass (mx.example.org: domain of someone@example.net designates 192.0.2.1 as permitted sender) " +
		"smtp.mailfrom=someone@example.net; dmarc=pass header.from=example.net")
	if err != nil {
		t.Fatal(err)
	}
	folded := h.Folded()
	again, err := Parse(folded)
	if err != nil || !reflect.DeepEqual(again, h) {
		t.Errorf("folded %q is read as %+v, %v", folded, again, err)
	}
	if strings.Count(folded, "\r\n\t") < 3 {
		t.Errorf("not folded: %q", folded)
	}
}

func TestMerge(t *testing.T) {
	own := Result{Method: "arc", Value: "none"}
	for _, c := range []struct {
		why, want string
		values    []string
	}{
		{"nothing", "mx.example; arc=none", nil},
		{"another server's", "mx.example; arc=none", []string{"other.example; spf=pass"}},
		{"the newest of a method", "mx.example; spf=pass; dmarc=fail; arc=none", []string{"MX.example; spf=pass", "mx.example 1; spf=fail; dmarc=fail"}},
		{"several of a method in one header", "mx.example; dkim=pass; dkim=fail; arc=none", []string{"mx.example; dkim=pass; dkim=fail"}},
		{"the sealer's own method", "mx.example; arc=none", []string{"mx.example; arc=pass"}},
		{"one wrong place", "mx.example; arc=none", []string{"mx.example; spf=pass; iprev=", "mx.example; spf=pass imap.x=y", "mx.example; spf=pass smtp.helo=a reason=b"}},
		{"too many", "mx.example" + strings.Repeat("; dkim=pass", MaxMerged) + "; arc=none",
			[]string{"mx.example" + strings.Repeat("; dkim=pass", MaxMerged+5) + "; spf=pass", "mx.example; spf=pass"}},
	} {
		if got := Merge("mx.example", c.values, own).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.why, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	h, err := Parse("mx.example" + strings.Repeat("; spf=pass", 5000))
	if len(h.Results) != MaxResults || !errors.Is(err, ErrTooLong) {
		t.Errorf("%d results, %v", len(h.Results), err)
	}
	h, err = Parse("mx.example; spf=pass" + strings.Repeat(" a.b=c", 5000))
	if len(h.Results[0].Properties) != MaxProperties || !errors.Is(err, ErrTooLong) {
		t.Errorf("%d properties, %v", len(h.Results[0].Properties), err)
	}
	if _, err = Parse(strings.Repeat(" ", 1<<20)); !errors.Is(err, ErrTooLong) {
		t.Errorf("a megabyte: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("mx.example 1; spf=pass (a (b) \\) c) smtp.mailfrom=\"a b\"@c.example; dkim/1=fail reason=\"x;y\" header.d=a (z); none")
	f.Add("i=3; mx; arc=pass (\"a:s=b:i=2\"); dkim=pass header.b=ab/c=")
	f.Add("\"; = . (((((")
	f.Fuzz(func(t *testing.T, value string) {
		h, _ := Parse(value)
		ParseInstance(value)
		ParseResult(value)
		Merge(h.ServID, []string{value})
		s := h.String()
		again, err := Parse(s)
		if err != nil || again.String() != s {
			t.Fatalf("%q was written %q and read %q, %v", value, s, again.String(), err)
		}
		if folded, err := Parse(h.Folded()); err != nil || folded.String() != s {
			t.Fatalf("%q was folded %q and read %q, %v", value, h.Folded(), folded.String(), err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const value = "mx.example.org;\r\n\tdkim=pass header.d=example.net header.s=s1 header.b=\"Z9k/yZIA\";\r\n\t" +
		"spf=pass (mx.example.org: domain of a@example.net designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.net;\r\n\t" +
		"dmarc=pass (policy=reject) header.from=example.net"
	b.ReportAllocs()
	for b.Loop() {
		h, err := Parse(value)
		if err != nil || len(h.Results) != 3 {
			b.Fatal(err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	h, _ := Parse("mx.example.org; dkim=pass header.d=example.net header.s=s1; spf=pass (domain of a@example.net) smtp.mailfrom=a@example.net")
	b.ReportAllocs()
	for b.Loop() {
		_ = h.Folded()
	}
}

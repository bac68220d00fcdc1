package dmarc

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseRecord(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"v=DMARC1; p=none", "p=none"},
		{"v=DMARC1;p=reject;sp=quarantine;np=none;psd=n;t=y;pct=20;adkim=s;aspf=s", "p=reject sp=quarantine np=none psd=n t=y pct=20 adkim=s aspf=s"},
		{" V = DMARC1 ;\tP = Reject ; SP=None", "p=reject sp=none"},
		{"v=DMARC1; p=none; future=1; x=y z", "p=none"},
		{`v=DMARC1\; p=reject\; adkim=s`, "p=reject adkim=s"},
		{"v=DMARC1; p=reject rua=mailto:a@example.org", "p=reject rua=mailto:a@example.org"},
		{"v=DMARC1; p=none; rua=mailto:A@example.org!10m , https://x.example/!2k,mailto:b@example.org", "p=none rua=mailto:A@example.org!10485760,https://x.example/!2048,mailto:b@example.org"},
		{"v=DMARC1; p=none; ri=60; fo=0:d : s; rf=afrf:x-y", "p=none ri=60 fo=0:d:s rf=afrf,x-y"},
		{"v=DMARC1; p=non", "p=none"},
		{"v=DMARC1;", "bad[p:missing]"},
		{"v=DMARC1; sp=none; p=reject", "p=reject sp=none bad[p:out of place]"},
		{"v=DMARC1; p=none; p=reject", "p=reject bad[p:twice p:out of place]"},
		{"v=DMARC1; p=Bogus; sp=; np=x", "bad[p:invalid value sp:invalid value np:invalid value]"},
		{"v=DMARC1; p=none; pct=101; ri=-1; fo=x; rf=-; psd=z; t=1; adkim=; aspf=r s", "p=none bad[pct:invalid value ri:invalid value fo:invalid value rf:invalid value psd:invalid value t:invalid value adkim:invalid value aspf:invalid value]"},
		{"v=DMARC1; p=none; rua=a@example.org,mailto:,mailto:x y@example.org,mailto:a@example.org!,mailto:a@example.org!5x,mailto:b@example.org!99999999999t", "p=none bad[rua:invalid value rua:invalid value rua:invalid value rua:invalid value rua:invalid value rua:invalid value]"},
		{"v=DMARC1; p=none; novalue; =x; ;;", "p=none bad[:no tag :twice :no tag]"},
	} {
		r, ok := ParseRecord(c.text)
		if got := r.String(); !ok || got != c.want {
			t.Errorf("%q: got %v %q, want %q", c.text, ok, got, c.want)
		}
	}
	for _, text := range []string{
		"v=DMARC1 p=none", "v=DMARC1\tp=none;", "v=DMARC1 p=reject; rua=mailto:a@example.org", "v = DMARC1 p=none",
		"", "v=DMARC1", "v=DMARC1x;", "v=DMARC12; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "v=spf1 -all", "x v=DMARC1; p=none", "v=DMARC1,p=none",
	} {
		if r, ok := ParseRecord(text); ok {
			t.Errorf("%q is taken for a record: %v", text, r)
		}
	}
}

// String shows what differs from the defaults.
func (r Record) String() string {
	var words []string
	add := func(tag, value string) {
		if value != "" {
			words = append(words, tag+"="+value)
		}
	}
	flag := func(tag, value string, set bool) {
		if set {
			add(tag, value)
		}
	}
	uris := func(tag string, us []URI) {
		var list []string
		for _, u := range us {
			if list = append(list, u.Address); u.MaxBytes > 0 {
				list[len(list)-1] += fmt.Sprint("!", u.MaxBytes)
			}
		}
		add(tag, strings.Join(list, ","))
	}
	add("p", r.Policy)
	add("sp", r.Subdomains)
	add("np", r.Nonexistent)
	add("psd", r.PSD)
	flag("t", "y", r.Testing)
	flag("pct", fmt.Sprint(r.Percent), r.Percent != 100)
	flag("adkim", "s", r.StrictDKIM)
	flag("aspf", "s", r.StrictSPF)
	uris("rua", r.Aggregate)
	uris("ruf", r.Failure)
	flag("ri", fmt.Sprint(r.Interval), r.Interval != 86400)
	add("fo", r.FailureOptions)
	add("rf", strings.Join(r.Formats, ","))
	var bad []string
	for _, p := range r.Problems {
		bad = append(bad, p.Tag+":"+p.What)
	}
	if len(bad) > 0 {
		words = append(words, "bad["+strings.Join(bad, " ")+"]")
	}
	return strings.Join(words, " ")
}

func TestRecordLimits(t *testing.T) {
	long := "v=DMARC1; p=reject; "
	for _, text := range []string{
		long + strings.Repeat("x=y;", 16<<10),
		long + strings.Repeat(";", 64<<10),
		long + "rua=" + strings.Repeat("mailto:a@example.org,", 4<<10),
		long + "rua=" + strings.Repeat(",", 64<<10),
		long + "rf=" + strings.Repeat("a:", 32<<10),
		long + strings.Repeat("a ", 32<<10),
		long + strings.Repeat("a =", 20<<10),
		long + strings.Repeat(" a=b", 16<<10),
	} {
		r, ok := ParseRecord(text)
		if !ok || r.Policy != "reject" || len(r.Problems) > maxProblems || len(r.Aggregate) > maxURIs || len(r.Formats) > maxURIs {
			t.Errorf("%.30q…: got %v, %d problems, %d addresses", text[len(long):], ok, len(r.Problems), len(r.Aggregate))
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add("v=DMARC1; p=none; rua=mailto:a@example.org!10m,https://x; fo=0:1:d:s; rf=afrf; pct=50; ri=3600")
	f.Add(` V = DMARC1 \; P=Reject sp = x ; =; np=none t=y psd=u; adkim=S;aspf=r`)
	f.Add("v=DMARC1;;;==;\\\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := ParseRecord(text)
		if !ok {
			if !reflect.DeepEqual(r, Record{}) {
				t.Errorf("%q is none, but has %v", text, r)
			}
			return
		}
		if r.Percent < 0 || r.Percent > 100 || len(r.Problems) > maxProblems || len(r.Aggregate) > maxURIs {
			t.Errorf("%q: %+v", text, r)
		}
		for _, u := range r.Aggregate {
			if u.MaxBytes < 0 {
				t.Errorf("%q: size %d", text, u.MaxBytes)
			}
		}
		if again, ok := ParseRecord(text + ";"); !ok || len(text) < maxRecord && !reflect.DeepEqual(again, r) {
			t.Errorf("%q: with another semicolon %+v instead of %+v", text, again, r)
		}
	})
}

func BenchmarkParseRecord(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseRecord("v=DMARC1; p=quarantine; sp=reject; pct=100; adkim=r; aspf=r; rua=mailto:dmarc@example.org!10m; ruf=mailto:x@example.org; fo=1"); !ok {
			b.Fatal("no record")
		}
	}
}

package dkimsig

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const hash32 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

// tags makes a field of good tags with some changed; an empty change removes
// the tag.
func fieldWith(kind Kind, changes ...string) []byte {
	tags := []string{"a=rsa-sha256", "d=example.org", "s=sel", "b=AAAA"}
	switch kind {
	case DKIM:
		tags = append(tags, "v=1", "h=from", "bh="+hash32)
	case ARCMessage:
		tags = append(tags, "i=1", "h=from", "bh="+hash32)
	case ARCSeal:
		tags = append(tags, "i=1", "cv=none")
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, name+"=") })
		if value != "-" {
			tags = append(tags, c)
		}
	}
	return []byte(kind.FieldName() + ": " + strings.Join(tags, "; ") + "\r\n")
}

func TestParseSignature(t *testing.T) {
	s, err := ParseSignature(DKIM, fieldWith(DKIM, "c=relaxed", "i=joe@Mail.EXAMPLE.org", "l=12", "t=100", "x=200", "q=http:dns/txt", "h=From : To:from", "b=A A\r\n\tAA"))
	if err != nil {
		t.Fatal(err)
	}
	if s.HeaderCanon != Relaxed || s.BodyCanon != Simple || s.Length != 12 || s.Time.Unix() != 100 || s.Expires.Unix() != 200 ||
		s.KeyName() != "sel._domainkey.example.org" || !slices.Equal(s.Names, []string{"From", "To", "from"}) || s.ValueText != "AAAA" || !s.SubdomainIdentity() {
		t.Errorf("%+v", s)
	}
	if s, _ := ParseSignature(ARCSeal, fieldWith(ARCSeal, "cv=pass", "i=50")); s.Chain != "pass" || s.Instance != 50 || s.HeaderCanon != Relaxed {
		t.Errorf("%+v", s)
	}
	if got := KeyName("b\u00fccher.example", "s"); got != "s._domainkey.xn--bcher-kva.example" {
		t.Errorf("key of a U-label: %s", got)
	}
}

func TestParseSignatureRefuses(t *testing.T) {
	for _, c := range []struct {
		kind    Kind
		changes []string
		ok      bool
	}{
		{DKIM, nil, true}, {ARCMessage, nil, true}, {ARCSeal, nil, true},
		{DKIM, []string{"v=2"}, false}, {DKIM, []string{"v=-"}, false}, {DKIM, []string{"v=1.0"}, false},
		{DKIM, []string{"b=AAA"}, true}, {DKIM, []string{"b=AA= \r\n\t="}, true}, {DKIM, []string{"b=A"}, false}, {DKIM, []string{"b=AA==="}, false},
		{DKIM, []string{"bh=" + strings.TrimRight(hash32, "=")}, true}, {ARCMessage, []string{"bh=" + strings.TrimRight(hash32, "=")}, true},
		{DKIM, []string{"q=http"}, false}, {DKIM, []string{"q=dns"}, true},
		{DKIM, []string{"a=-"}, false}, {DKIM, []string{"a=RSA-SHA256"}, false}, {DKIM, []string{"a=rsa-md5"}, false},
		{DKIM, []string{"b=-"}, false}, {DKIM, []string{"b="}, false}, {DKIM, []string{"b=A?=="}, false},
		{DKIM, []string{"bh=-"}, false}, {DKIM, []string{"bh=AAAA"}, false}, {DKIM, []string{"a=rsa-sha1"}, false},
		{DKIM, []string{"d="}, false}, {DKIM, []string{"d=a b"}, false}, {DKIM, []string{"d=a..b"}, false}, {DKIM, []string{"d=.a"}, false},
		{DKIM, []string{"d=" + strings.Repeat("a", 64)}, false}, {DKIM, []string{"d=" + strings.Repeat("abcdefg.", 31) + "x"}, false},
		{DKIM, []string{"s="}, false}, {DKIM, []string{"s=a/b"}, false}, {DKIM, []string{"s=a.b_c"}, true},
		{DKIM, []string{"h=to"}, false}, {DKIM, []string{"h=-"}, false}, {DKIM, []string{"h=from:"}, false}, {DKIM, []string{"h=from:a b"}, false},
		{DKIM, []string{"c=loose"}, false}, {DKIM, []string{"c=relaxed/"}, false}, {DKIM, []string{"c=simple/relaxed"}, true},
		{DKIM, []string{"l=-1"}, false}, {DKIM, []string{"l="}, false}, {DKIM, []string{"l=99999999999999999999999"}, true},
		{DKIM, []string{"i=joe@example.net"}, false}, {DKIM, []string{"i=joe"}, false}, {DKIM, []string{"i=@badexample.org"}, false}, {DKIM, []string{"i=@EXAMPLE.ORG"}, true},
		{DKIM, []string{"t=now"}, false}, {DKIM, []string{"x=1e9"}, false}, {DKIM, []string{"t=200", "x=100"}, false},
		{ARCMessage, []string{"i=-"}, false}, {ARCMessage, []string{"i=0"}, false}, {ARCMessage, []string{"i=51"}, false}, {ARCMessage, []string{"i=+1"}, false},
		{ARCMessage, []string{"i=001"}, false}, {ARCMessage, []string{"h="}, true}, {ARCMessage, []string{"h=-"}, false}, {ARCMessage, []string{"h=from:ARC-seal"}, false},
		{ARCSeal, []string{"cv=-"}, false}, {ARCSeal, []string{"h=from"}, false}, {ARCSeal, []string{"bh=" + hash32}, false}, {ARCSeal, []string{"t="}, false},
	} {
		s, err := ParseSignature(c.kind, fieldWith(c.kind, c.changes...))
		if (err == nil) != c.ok {
			t.Errorf("%s %q: %v", c.kind.FieldName(), c.changes, err)
		}
		if s == nil {
			t.Fatalf("%q: no signature", c.changes)
		}
	}
	if _, err := ParseSignature(DKIM, fieldWith(DKIM, "b=A?==", "h=to")); errors.Is(err, ErrValue) {
		t.Error("ErrValue although more is wrong")
	}
	for _, raw := range []string{"", ":", "DKIM-Signature", "DKIM-Signature:\r\n", "DKIM-Signature: ;\r\n"} {
		if s, err := ParseSignature(DKIM, []byte(raw)); err == nil || s == nil {
			t.Errorf("%q: %v %v", raw, s, err)
		}
	}
}

func TestResultsInstance(t *testing.T) {
	for raw, want := range map[string]int{
		"ARC-Authentication-Results: i=3; mx; spf=pass\r\n": 3,
		"ARC-Authentication-Results:i = 12 ;mx":             12,
		"ARC-Authentication-Results: mx; i=1":               0,
		"ARC-Authentication-Results: i=;":                   0,
		"ARC-Authentication-Results: i=0; mx":               0,
		"ARC-Authentication-Results: i=51; mx":              0,
		"":                                                  0,
	} {
		if got, _ := ResultsInstance([]byte(raw)); got != want {
			t.Errorf("%q: %d", raw, got)
		}
	}
	if _, text := ResultsInstance([]byte("A: i=1; mx;\r\n\tspf=pass \r\n\tx=y\r\n")); text != "mx; spf=pass x=y" {
		t.Errorf("%q", text)
	}
}

package idn

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestToASCII(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"Example.ORG":             "Example.ORG",
		"no name\x00":             "no name\x00",
		"b\u00fccher.example":     "xn--bcher-kva.example",
		"B\u00dcCHER.example.":    "xn--bcher-kva.example.",
		"_dmarc.b\u00fccher.test": "_dmarc.xn--bcher-kva.test",
		"a\u3002b\u00fccher.test": "a.xn--bcher-kva.test", // an ideographic full stop
		"\uff45xample.org":        "example.org",          // fullwidth
		"b\u00fccher..example":    "xn--bcher-kva..example",
		"\xff.example":            "-",
		"a\u200db.example":        "-", // a joiner where there is nothing to join
		"\u0627a.example":         "-", // both directions in a label
		"xn--\u00fc.example":      "-",

		strings.Repeat("\u00fc", 64):          "-",
		strings.Repeat("\u00fc.", 126) + "x.": strings.Repeat("xn--tda.", 126) + "x.",
		strings.Repeat("\u00fc.", 127) + "x":  "-",
		strings.Repeat("\u00fc", 500_000):     "-", // at once: encoding it would take minutes
	} {
		got, ok := ToASCII(in)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	for _, one := range [][]string{
		{"", "."},
		{"example.org", "Example.ORG", "example.org.", "example\u3002org", "\uff45xample\uff0eorg\uff61"},
		{"xn--bcher-kva.example", "b\u00fccher.example", "B\u00dcCHER.Example.", "XN--BCHER-KVA.example", "bu\u0308cher.example", "b\u00fccher\uff0eexample"},
		{"xn--strae-oqa.example", "stra\u00dfe.example"}, // not strasse (RFC 5895)
		{"strasse.example"},
		{"192.0.2.1"},
		{"ipv6:2001:db8::1", "IPv6:2001:DB8::1"},
		{"xn--\u00fc.example", "XN--\u00dc.Example."}, // no name, but the same one
		{"\xff.example", "\xff.EXAMPLE"},
		{"\xfe.example"},
	} {
		for _, d := range one {
			if got := Key(d); got != one[0] {
				t.Errorf("Key(%q) = %q, want %q", d, got, one[0])
			}
			if !Same(d, one[0]) || Same(d, "other.example") {
				t.Errorf("Same is wrong about %q", d)
			}
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"Anna@B\u00fccher.Example":          "Anna@xn--bcher-kva.example",
		"J\u00f6rg@example\uff0eorg":        "J\u00f6rg@example.org",
		"\"a@B\"@Example.org.":              "\"a@B\"@example.org",
		"Postmaster":                        "postmaster",
		"a@":                                "a@",
		"a@b@Xn--Bcher-Kva.example":         "a@b@xn--bcher-kva.example",
		"same@example.org":                  "same@example.org",
		"\xffA@\xffB.example":               "\xffA@\xffb.example",
		"a@[IPv6:2001:DB8::1]":              "a@[ipv6:2001:db8::1]",
		"a@" + strings.Repeat("\u00fc", 70): "a@" + strings.Repeat("\u00fc", 70),
	} {
		if got := Address(in); got != want {
			t.Errorf("Address(%q) = %q, want %q", in, got, want)
		}
	}
}

// A domain that is in this form costs nothing.
func TestKeyAllocates(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { Key("mail.example.org"); Address("anna@mail.example.org") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("b\u00fccher.Example")
	f.Add("a\u3002b\u200d.test")
	f.Add("xn--\u00fc.example..")
	f.Add("\xffA")
	f.Fuzz(func(t *testing.T, domain string) {
		key := Key(domain)
		if again := Key(key); again != strings.TrimSuffix(key, ".") {
			t.Errorf("%q becomes %q, and that %q", domain, key, again)
		}
		if upper := strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				return r - 'a' + 'A'
			}
			return r
		}, domain); utf8.ValidString(domain) && !Same(domain, upper) {
			t.Errorf("%q is %q, but %q is %q", domain, key, upper, Key(upper))
		}
	})
}

func FuzzToASCII(f *testing.F) {
	f.Add("b\u00fccher.example")
	f.Add("a\u3002b\u200d.test")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, domain string) {
		ascii, ok := ToASCII(domain)
		if !ok {
			return
		}
		if again, ok := ToASCII(ascii); !ok || again != ascii {
			t.Errorf("%q becomes %q, and that %q", domain, ascii, again)
		}
	})
}

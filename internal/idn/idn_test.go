package idn

import (
	"strings"
	"testing"
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

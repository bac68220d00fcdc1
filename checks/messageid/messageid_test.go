package messageid_test

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/messageid"
)

const known = `
# Shops whose programs know no better.
shop.example.org /^[0-9a-f]{8}-0$/
Bank.example.com /^<[a-z]{4}>$/iu
silent.example.net
läden.example /^<[0-9]+>$/
`

func TestFixtures(t *testing.T) {
	list, err := messageid.ParseKnown(known)
	if err != nil {
		t.Fatal(err)
	}
	checktest.Run(t, messageid.New(messageid.Options{Known: list}), checktest.With(dkim.New(dkim.Options{}).Checks...))
}

func TestParseKnown(t *testing.T) {
	for text, want := range map[string]string{
		"a.example x/":          "line 1 (a.example): x/ is no expression",
		"a.example /":           "line 1 (a.example): / is no expression",
		"\nb.example /a/g":      `line 2 (b.example): unknown flags "g"`,
		"c.example\t/ a\\/b /i": "",
	} {
		list, err := messageid.ParseKnown(text)
		if want == "" {
			if err != nil || list["c.example"] != "(?i) a\\/b " {
				t.Errorf("%q: %q, %v", text, list, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestBundled(t *testing.T) {
	known := messageid.Bundled()
	if re, ok := known["craigslist.org"]; len(known) < 40 || !ok || re != "" || known["taxi.yandex.ru"] == "" {
		t.Errorf("%d senders: %q", len(known), known)
	}
	if f := messageid.New(messageid.Options{Known: known}); f.Err != nil {
		t.Error(f.Err)
	}
}

func TestWrongKnown(t *testing.T) {
	f := messageid.New(messageid.Options{Known: map[string]string{"a.example": "", "b.example": "(a"}})
	if f.Err == nil || !strings.Contains(f.Err.Error(), `mid: Known["b.example"]: error parsing regexp`) {
		t.Errorf("%v", f.Err)
	}
}

func FuzzParseKnown(f *testing.F) {
	f.Add(known)
	f.Add("a /b/s\r\nc / /")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := messageid.ParseKnown(text)
		if err == nil {
			messageid.New(messageid.Options{Known: list})
		}
	})
}

package mail

import (
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         []string
	}{
		{"one", `Content-Disposition: attachment; filename="a.pdf"`, []string{"a.pdf"}},
		{"the same twice", "Content-Type: a/b; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf", []string{"a.pdf"}},
		{"name and filename", "Content-Type: a/b; name=a.exe\nContent-Disposition: attachment; filename=a.pdf", []string{"a.pdf", "a.exe"}},
		{"plain and extended", `Content-Disposition: attachment; filename="a.exe"; filename*=utf-8''a.pdf`, []string{"a.pdf", "a.exe"}},
		{"two plain ones", `Content-Disposition: attachment; filename=a.pdf; filename=a.exe`, []string{"a.pdf", "a.exe"}},
		{"two fields", "Content-Disposition: attachment; filename=a.pdf\nContent-Disposition: attachment; filename=a.exe", []string{"a.pdf", "a.exe"}},
		{"plain and pieces", `Content-Disposition: attachment; filename*0=a.pd; filename*1=f.exe; filename=a.pdf`, []string{"a.pdfa.pdf.exe", "a.pdf", "a.pdf.exe"}},
		{"pieces in a charset", `Content-Type: a/b; name*0*=koi8-r''%C1; name*1=.exe`, []string{"а.exe"}},
		{"quoted pairs", `Content-Disposition: attachment; filename="a.\exe"`, []string{`a.\exe`, "a.exe"}},
		{"words", `Content-Type: a/b; name="=?utf-8?Q?a=2Eexe?="; filename=b.pdf`, []string{"a.exe", "b.pdf"}},
		{"no kind", `Content-Disposition: filename=a.exe`, []string{"a.exe"}},
		{"none", `Content-Type: a/b; charset=utf-8`, nil},
	} {
		m := Parse([]byte(c.header+"\n\nx"), Envelope{}, Limits{})
		if got := m.Root().Names(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	many := Parse([]byte("Content-Disposition: attachment"+strings.Repeat("; filename=a; name=b", 90)+"; filename=c"+"\n\nx"), Envelope{}, Limits{})
	if got := many.Root().Names(); len(got) > maxNames {
		t.Errorf("%d names", len(got))
	}
}

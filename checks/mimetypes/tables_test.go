package mimetypes

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func TestTables(t *testing.T) {
	tables := newTables(Options{})
	for _, c := range []struct {
		typ    string
		factor float64
		known  bool
	}{
		{"text/plain", -1, true}, {"multipart/encrypted", -2, true}, {"multipart/form-data", 2, true},
		{"application/pdf", 0, true}, {"application/vnd.example.thing", 0, true}, {"application/ld+json", 0, true},
		{"application/vnd.", 0, false}, {"chemical/x-pdb", 0, false}, {"", 0, false},
	} {
		if v, ok := tables.typeFactor(c.typ); v != c.factor || ok != c.known {
			t.Errorf("%q: got %v, %v", c.typ, v, ok)
		}
	}
	for ext, want := range map[string]float64{"exe": 1, "scr": 4, "pdf": 0, "": 0} {
		if v := tables.badness(ext, false); v != want {
			t.Errorf("%q: got %v", ext, v)
		}
	}
	if tables.badness("exe", true) != 0.1 || tables.badness("bat", true) != 4 {
		t.Error("members of archives are not weighed apart")
	}
	for ext := range tables.bad {
		if ext != strings.ToLower(ext) || tables.bad[ext] <= 0 {
			t.Errorf("entry %q %v", ext, tables.bad[ext])
		}
	}
}

// TestMoreTypes: what goes beyond Rspamd's table is apart from it, and of
// extensions that are there.
func TestMoreTypes(t *testing.T) {
	tables := newTables(Options{})
	for ext, types := range map[string]string{ // that HTML is sent at all is another rule's matter
		"html": "text/html application/xhtml+xml text/x-html", "htm": "application/xhtml+xml application/vnd.wap.xhtml+xml",
		"xhtml": "application/xml text/xml text/html application/xhtml+xml",
	} {
		for typ := range strings.FieldsSeq(types) {
			if ok, _ := tables.fits(ext, typ, false); !ok {
				t.Errorf("%s: %s", ext, typ)
			}
		}
	}
	for ext, types := range fitting(moreData) {
		f := tables.extensions[ext]
		if len(f.types) == 0 || !slices.Equal(f.more, types) {
			t.Errorf("%s: %q beyond %q", ext, types, f.types)
		}
		for _, typ := range types {
			if ok, _ := tables.fits(ext, typ, false); !ok || slices.Contains(f.types, typ) || strings.Contains(typ, "/x-") {
				t.Errorf("%s: %s", ext, typ)
			}
			if ok, _ := tables.fits(ext, typ, true); ok {
				t.Errorf("%s: %s fits in an exact profile", ext, typ)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	tables := newTables(Options{
		Types:         map[string]float64{"text/html": 1, "application/vnd.ms-*": 3},
		Extensions:    map[string][]string{"TXT": {"text/x-log"}},
		BadExtensions: map[string]float64{"exe": 0, "log": 2},
	})
	if v, _ := tables.typeFactor("text/html"); v != 1 {
		t.Errorf("text/html: %v", v)
	}
	if v, _ := tables.typeFactor("application/vnd.ms-excel"); v != 3 {
		t.Errorf("pattern: %v", v)
	}
	if tables.badness("exe", false) != 0 || tables.badness("log", false) != 2 || tables.extensions["txt"].types[0] != "text/x-log" {
		t.Error("entries are not overridden")
	}
}

func TestObscured(t *testing.T) {
	for name, want := range map[string]rune{"a.txt": 0, "Grüße.txt": 0, "cod\u202efdp.exe": 0x202e, "a\u200b.exe": 0x200b} {
		if r, _ := obscured(name); r != want {
			t.Errorf("%q: got %x", name, r)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	raw := []byte(strings.ReplaceAll("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello Bob\n--b\n"+
		"Content-Type: application/pdf; name=report.2026.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b--\n", "\n", "\r\n"))
	c := New(Options{}).Checks[0]
	b.ReportAllocs()
	for b.Loop() {
		st := &checks.State{Message: mail.Parse(raw, mail.Envelope{}, mail.Limits{})}
		if _, err := st.Run(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

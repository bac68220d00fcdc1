package spf

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/winnowmail/winnow/resolver/zone"
)

// TestEvaluate runs the cases of testdata/evaluate: a zone, and lines
// "client | HELO | MAIL FROM | result | mechanism [| explanation]" for the
// reading of the RFC (cases) and the tolerant one.
func TestEvaluate(t *testing.T) {
	files, err := filepath.Glob("testdata/evaluate/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var z *zone.Zone
		for _, section := range a.Files {
			switch section.Name {
			case "zone":
				if z, err = zone.Parse(string(section.Data)); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			case "cases", "tolerant":
				for line := range strings.Lines(string(section.Data)) {
					t.Run(section.Name+" "+strings.TrimSpace(line), func(t *testing.T) {
						evaluateLine(t, z, line, section.Name == "tolerant")
					})
				}
			default:
				t.Fatalf("%s: unknown section %s", file, section.Name)
			}
		}
	}
}

func evaluateLine(t *testing.T, z *zone.Zone, line string, tolerant bool) {
	t.Helper()
	f := strings.Split(strings.TrimSuffix(line, "\n"), "|")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	if len(f) < 5 {
		t.Fatalf("%d fields", len(f))
	}
	from := f[2]
	if from == "<>" {
		from = ""
	}
	r := Evaluate(t.Context(), z, Params{
		IP: netip.MustParseAddr(f[0]), Helo: f[1], MailFrom: from, Tolerant: tolerant,
		Receiver: "mail.example.com", Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	})
	if string(r.Status) != f[3] || r.Mechanism != f[4] {
		t.Errorf("%s [%s], want %s [%s]: %s", r.Status, r.Mechanism, f[3], f[4], r.Reason)
	}
	if len(f) > 5 && r.Explanation != f[5] {
		t.Errorf("explanation %q, want %q", r.Explanation, f[5])
	}
	if r.Reason == "" || strings.ContainsAny(r.Reason, "\r\n") {
		t.Errorf("reason %q", r.Reason)
	}
}

func TestAuthentic(t *testing.T) {
	z := zone.Must(`example.org TXT "v=spf1 ip4:192.0.2.0/24 -all"`)
	for _, signed := range []bool{false, true} {
		z.Authentic = signed
		r := Evaluate(t.Context(), z, Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"})
		if r.Status != StatusPass || r.Authentic != signed {
			t.Errorf("%+v", r)
		}
	}
}

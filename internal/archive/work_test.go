package archive

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/internal/steps"
	"github.com/winnowmail/winnow/internal/worktest"
)

func shapes() []hostile.Shape {
	return slices.Concat(hostile.SevenZip(), hostile.Zip(), hostile.RAR(), hostile.Streams())
}

// TestWork: listing costs a number of steps for each byte that does not depend
// on how many there are, whatever tables an archive names how often; and steps
// are what it really costs.
func TestWork(t *testing.T) {
	for _, s := range shapes() {
		for _, n := range worktest.Sizes(1<<10, 1<<14, 1<<18, 1<<22, 16<<20) {
			b := s.Make(n)
			a, _ := List(b, s.File)
			took := a.steps.Taken()
			t.Logf("%-28s %8d bytes, %.2f steps each, cut %v", s.Name, len(b), float64(took)/float64(len(b)), a.Cut)
			if took > steps.Least+steps.PerByte*len(b) {
				t.Errorf("%s: %d steps for %d bytes", s.Name, took, len(b))
			}
		}
		worktest.Linear(t, s.Name, 2<<20, func(n int) func() {
			b := s.Make(n)
			return func() { List(b, s.File) }
		})
	}
}

// TestCut: a listing that ends because of its cost says so, and keeps what it
// has; one that is read in full does not.
func TestCut(t *testing.T) {
	cut := map[string]bool{"7z sizes again": true, "7z substreams again": true, "7z sizes of nothing": true}
	for _, s := range shapes() {
		b := s.Make(64 << 10)
		a, _ := List(b, s.File)
		if tables := a.Cut && len(a.Files) < MaxFiles; tables != cut[s.Name] {
			t.Errorf("%s: cut %v with %d members after %d steps for %d bytes", s.Name, a.Cut, len(a.Files), a.steps.Taken(), len(b))
		}
	}
	names := make([]string, MaxFiles)
	for i := range names {
		names[i] = "f"
	}
	for n, want := range map[int]bool{MaxFiles: false, MaxFiles + 1: true} {
		if a, ok := List(zipFile(append(names, "g")[:n]...), ""); !ok || a.Cut != want || len(a.Files) != MaxFiles {
			t.Errorf("%d members: cut %v, %d listed", n, a.Cut, len(a.Files))
		}
	}
}

// TestHonestTables: what a packer writes of a large archive takes no more than
// a few steps a byte, so that none is cut for its tables.
func TestHonestTables(t *testing.T) {
	names := make([]string, MaxFiles)
	for i := range names {
		names[i] = "folder/file " + strings.Repeat("x", i%40) + ".txt"
	}
	for name, b := range map[string][]byte{
		"zip": zipFile(names...), "rar4": rar4(0, names...), "rar5": rar5(true, names...), "7z": sevenZip([]byte{0x21}, names[:100]...),
	} {
		a, ok := List(b, "")
		if !ok || a.Cut || a.steps.Taken() > 3*len(b) {
			t.Errorf("%s: cut %v, %d steps for %d bytes", name, a.Cut, a.steps.Taken(), len(b))
		}
	}
}

// TestNamesOfOneCharset: names that are not UTF-8 are read in the charset that
// all of them together look like; a name of a few letters tells none.
func TestNamesOfOneCharset(t *testing.T) {
	long := "\xef\xf0\xe8\xe2\xe5\xf2, \xfd\xf2\xee \xef\xf0\xee\xf1\xf2\xee\xe5 \xef\xe8\xf1\xfc\xec\xee \xee \xe4\xe5\xeb\xe0\xf5"
	a, ok := List(rar4(0, "\xe4\xe0.exe", long, "plain.txt", "gr\xc3\xbcn.txt"), "")
	if !ok || len(a.Files) != 4 {
		t.Fatalf("%+v", a)
	}
	for i, want := range []string{"да.exe", "привет, это простое письмо о делах", "plain.txt", "grün.txt"} {
		if a.Files[i].Name != want {
			t.Errorf("%q, want %q", a.Files[i].Name, want)
		}
	}
}

// TestNamesOfSeveralCharsets: names that the charset of the others can't be are read
// in another, and how often one is guessed does not grow with the names.
func TestNamesOfSeveralCharsets(t *testing.T) {
	chinese := "\xc7\xeb\xb2\xe9\xca\xd5\xb8\xbd\xbc\xfe\xd6\xd0\xb5\xc4\xd5\xcb\xb5\xa5\xd0\xbb\xd0\xbb\xc4\xfa\xb5\xc4\xba\xcf\xd7\xf7.doc"
	german := "Das Men\xfc f\xfcr M\xfcnchen und K\xf6ln, Gr\xfc\xdfe aus Th\xfcringen.pdf" // a letter before a blank is no GBK
	names := append(slices.Repeat([]string{chinese}, 8), german, "caf\xe9.exe", "plain.txt")
	a, ok := List(rar4(0, names...), "")
	if !ok || len(a.Files) != len(names) {
		t.Fatalf("%+v", a)
	}
	for i, want := range map[int]string{0: "请查收附件中的账单谢谢您的合作.doc", 8: "Das Menü für München und Köln, Grüße aus Thüringen.pdf", 9: "café.exe", 10: "plain.txt"} {
		if a.Files[i].Name != want {
			t.Errorf("%d: %q, want %q", i, a.Files[i].Name, want)
		}
	}
	worktest.Linear(t, "names of no charset", MaxFiles, func(n int) func() {
		b := rar4(0, slices.Repeat([]string{strings.Repeat("\x81\xff\x8d", 400)}, n)...)
		return func() { List(b, "") }
	})
}

// TestNameInHeader: a name lies within its header; where one claims what
// follows the archive is broken.
func TestNameInHeader(t *testing.T) {
	b := rar4(0, "a.exe", "b.exe")
	b[20+26] = 20 // the length of the first name
	if a, ok := List(b, ""); ok {
		t.Errorf("read as %+v", a.Files)
	}
}

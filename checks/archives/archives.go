// Package archives looks for programs in archives, and for archives that are
// named to pass as something else: the usual dress of mailed malware.
package archives

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options are words that lure people into opening a file.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Bait are words in lower case; one in a file name or subject, as a whole
	// word, counts. nil means the built-in ones.
	Bait []string
}

// bait are the built-in words: what people expect to get and have to open.
func bait() []string {
	return []string{
		"advice", "advisory", "aviso", "contract", "document", "documents", "justificante pago", "notice",
		"order", "orden de litigio", "pago", "payment", "payments", "quotation", "rfq", "shipment", "shipping",
	}
}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"malware"}, Weight: weight, OneShot: true, Doc: doc}
}

type defs struct {
	exe, exeMisidentified, misidentified, single, baitName, baitSubject, udf *symbols.Def
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("archives")
	v.Words("Bait", o.Bait)
	for i, s := range o.Bait {
		v.If(s != strings.ToLower(s), valid.At("Bait", i), "%q is not in lower case and matches nothing", s)
	}
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	if o.Bait == nil {
		o.Bait = bait()
	}
	f := &checks.Family{Name: "archives", Doc: "programs in archives", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	d := defs{
		exe:              def("EXE_IN_ARCHIVE", 1.5, "an archive holds a program"),
		exeMisidentified: def("EXE_IN_MISIDENTIFIED_RAR", 5, "a RAR archive with another extension holds a program"),
		misidentified:    def("MISIDENTIFIED_RAR", 4, "a RAR archive has another extension"),
		single:           def("SINGLE_FILE_ARCHIVE_WITH_EXE", 5, "an archive holds one file, a program"),
		baitName:         def("EXE_ARCHIVE_CLICKBAIT_FILENAME", 9, "an archive with a program has a name that lures"),
		baitSubject:      def("EXE_ARCHIVE_CLICKBAIT_SUBJECT", 9, "an archive with a program comes under a subject that lures"),
		udf:              def("UDF_COMPRESSION_500PLUS", 9, "a disk image in an archive is packed to less than a 500th"),
	}
	f.Checks = []*checks.Check{{
		Name:    "archives",
		Heavy:   true, // opens containers
		Doc:     "programs in archives and names that lure",
		Symbols: []*symbols.Def{d.exe, d.exeMisidentified, d.misidentified, d.single, d.baitName, d.baitSubject, d.udf},
		Run: func(_ context.Context, t *checks.Task) error {
			d.run(t, o.Bait)
			return nil
		},
	}}
	return f
}

// Bounds: what a person would open lies at the top.
const maxArchives, maxMembers = 10, 10

func (d *defs) run(t *checks.Task, words []string) {
	n := 0
	for _, p := range t.Message().Parts() {
		a := p.Archive()
		if a == nil {
			continue
		}
		d.archive(t, p, a, words)
		if n++; n == maxArchives {
			return
		}
	}
}

func (d *defs) archive(t *checks.Task, p *mail.Part, a *mail.Archive, words []string) {
	hit := func(def *symbols.Def) {
		t.HitAt(symbols.Hit{Def: def, Factor: 1, Evidence: checks.Part(p)})
	}
	name := p.Filename()
	misidentified := a.Kind == "rar" && name != "" && !namedRAR(name)
	if misidentified {
		hit(d.misidentified)
	}
	exe := false
	for _, f := range a.Files[:min(len(a.Files), maxMembers)] {
		switch ext := extension(f.Name); {
		case ext == "img" && f.Packed > 0 && f.Size/f.Packed >= 500:
			hit(d.udf)
		case ext == "exe" || ext == "com":
			exe = true
		}
	}
	if !exe {
		return
	}
	hit(d.exe)
	if misidentified {
		hit(d.exeMisidentified)
	}
	switch {
	case lures(name, words):
		hit(d.baitName)
	case lures(t.Message().Header().Text("Subject"), words):
		hit(d.baitSubject)
	}
	if len(a.Files) == 1 {
		hit(d.single)
	}
}

func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

// namedRAR accepts .rar and the .r00 … of volumes.
func namedRAR(name string) bool {
	ext := extension(name)
	return ext == "rar" || len(ext) == 3 && ext[0] == 'r' && ascii.IsDigit(ext[1]) && ascii.IsDigit(ext[2])
}

// lures finds one of the words as a whole word.
func lures(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		for from := 0; ; {
			i := strings.Index(text[from:], w)
			if i < 0 {
				break
			}
			i += from
			end := i + len(w)
			if (i == 0 || !ascii.IsWord(text[i-1])) && (end == len(text) || !ascii.IsWord(text[end])) {
				return true
			}
			from = i + 1
		}
	}
	return false
}

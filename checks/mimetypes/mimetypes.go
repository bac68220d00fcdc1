// Package mimetypes judges attachments by what they are called, what they
// are declared as and what they turn out to be: media types that mail does not
// use, programs behind double extensions, archives that hide something.
package mimetypes

import (
	"context"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"mime_types"}, Weight: weight, OneShot: true, Doc: doc}
}

// defs are the family's symbols.
type defs struct {
	good, bad, unknown, badAttachment                     *symbols.Def
	badExtension, doubleExtension, badUnicode             *symbols.Def
	encrypted, obfuscated, splitRAR, archiveInside, trace *symbols.Def
}

func newDefs() defs {
	return defs{
		good:            def("MIME_GOOD", -0.1, "a part has a media type that ordinary mail has"),
		bad:             def("MIME_BAD", 1, "a part has a media type that mail has no use for"),
		unknown:         def("MIME_UNKNOWN", 0.1, "a part has a media type that is on no list"),
		badAttachment:   def("MIME_BAD_ATTACHMENT", 4, "a file's declared type does not fit its extension"),
		badExtension:    def("MIME_BAD_EXTENSION", 2, "a file has the extension of a program or another harmful kind"),
		doubleExtension: def("MIME_DOUBLE_BAD_EXTENSION", 3, "a harmful extension stands behind another one, or an archive's name promises a harmless file"),
		badUnicode:      def("MIME_BAD_UNICODE", 2, "a file name has invisible characters or ones that turn the reading direction"),
		encrypted:       def("MIME_ENCRYPTED_ARCHIVE", 2, "an archive or a file in it is encrypted, or its directory is packed"),
		obfuscated:      def("MIME_OBFUSCATED_ARCHIVE", 2, "an archive's directory has names made to mislead"),
		splitRAR:        def("MIME_EXE_IN_GEN_SPLIT_RAR", 5, "a volume of a split RAR archive holds a program"),
		archiveInside:   def("MIME_ARCHIVE_IN_ARCHIVE", 5, "an archive is packed in another archive"),
		trace: &symbols.Def{Name: "MIME_TRACE", Groups: []string{"mime_types"},
			Doc: "lists the parts by number with +, ~ or - for a good, a neutral or a bad one"},
	}
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "mime_types", Doc: "media types, file names and archive listings", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	d, tables := newDefs(), newTables(o)
	f.Checks = []*checks.Check{{
		Name:  "mimetypes",
		Heavy: true, // opens containers
		Doc:   "media types, file names and archive listings of all parts",
		Symbols: []*symbols.Def{d.good, d.bad, d.unknown, d.badAttachment, d.badExtension, d.doubleExtension,
			d.badUnicode, d.encrypted, d.obfuscated, d.splitRAR, d.archiveInside, d.trace},
		Run: func(_ context.Context, t *checks.Task) error {
			for _, p := range t.Message().Parts() {
				v := &visit{t: t, defs: &d, tables: tables, part: p}
				v.run()
			}
			return nil
		},
	}}
	return f
}

// A visit looks at one part.
type visit struct {
	t      *checks.Task
	defs   *defs
	tables *tables
	part   *mail.Part
}

func (v *visit) run() {
	p := v.part
	declared := p.Type.Full()
	detected, ext := p.Detected()
	if name := p.Filename(); name != "" {
		v.name(file{name: name, declared: declared, detected: detected, ext: ext})
	}
	if !v.t.Exact() {
		v.otherNames(ext)
	}
	if a := p.Archive(); a != nil {
		v.archive(a, ext)
	}
	v.carried()
	v.mediaType(declared, detected)
}

// carried judges the files that the part carries as those of parts: what they are
// called, and what archives among them hold.
func (v *visit) carried() {
	for _, p := range v.part.Carried() {
		name := p.Filename()
		if name == "" {
			continue
		}
		inner := &visit{t: v.t, defs: v.defs, tables: v.tables, part: p}
		detected, ext := p.Detected()
		inner.name(file{name: name, detected: detected, ext: ext})
		if a := p.Archive(); a != nil {
			inner.archive(a, ext)
		}
	}
}

// otherNames judges the names that the part has beside Filename: a program may take
// any of them. Rspamd 4.1.6 looks at one.
func (v *visit) otherNames(ext string) {
	first := v.part.Filename()
	for _, name := range v.part.Names() {
		if name != first {
			v.name(file{name: name, ext: ext, other: true})
		}
	}
}

// mediaType looks up the declared type, and that of the content where it
// differs: the worse one counts.
func (v *visit) mediaType(declared, detected string) {
	n, known := v.tables.typeFactor(declared)
	differs := detected != "" && detected != declared
	if differs {
		if m, ok := v.tables.typeFactor(detected); ok && (!known || m > n) {
			n, known = m, true
		}
	}
	switch {
	case !known:
		v.hit(v.defs.unknown, 1, "~", declared)
	case n > 0 && differs:
		v.hit(v.defs.bad, n*1.5, "-", declared+":"+detected)
	case n > 0:
		v.hit(v.defs.bad, n, "-", declared)
	case n < 0:
		v.hit(v.defs.good, -n, "+", declared)
	default:
		v.mark("~")
	}
}

// hit raises a symbol on the part and traces it.
func (v *visit) hit(d *symbols.Def, factor float64, sign string, options ...string) {
	v.t.HitAt(symbols.Hit{Def: d, Factor: factor, Options: options, Evidence: checks.Part(v.part)})
	v.mark(sign)
}

func (v *visit) mark(sign string) {
	v.t.HitFactor(v.defs.trace, 0, strconv.Itoa(v.part.Index)+":"+sign)
}

// extensions splits a name at its dots: the last two extensions in lower
// case, "" where there are none, and the number of pieces.
func extensions(name string) (last, before string, pieces int) {
	parts := strings.Split(name, ".")
	if n := len(parts); n > 1 {
		last = strings.ToLower(parts[n-1])
		if n > 2 {
			before = strings.ToLower(parts[n-2])
		}
	}
	return last, before, len(parts)
}

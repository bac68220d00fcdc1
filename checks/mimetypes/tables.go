package mimetypes

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
)

//go:embed data/types.txt
var typesData string

//go:embed data/extensions.txt
var extensionsData string

//go:embed data/more.txt
var moreData string

//go:embed data/bad.txt
var badData string

//go:embed data/archive.txt
var archiveData string

// Options adds to the built-in tables or overrides entries of them.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Types maps media types to factors: positive raises MIME_BAD, negative
	// MIME_GOOD, 0 neither. A key may end in "*".
	Types map[string]float64
	// Extensions maps file name extensions, without dot, to the media types
	// that fit them.
	Extensions map[string][]string
	// BadExtensions and BadInArchive map extensions to factors; 0 clears one.
	BadExtensions, BadInArchive map[string]float64
	// Ignore, if set, reports file names that are not looked at. The
	// configuration digest knows only whether it is set.
	Ignore func(name string) bool `json:"-"`
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("mime_types")
	for _, k := range slices.Sorted(maps.Keys(o.Types)) {
		v.If(!strings.ContainsAny(k, "/*"), valid.Key("Types", k), "no media type")
		v.Factor(valid.Key("Types", k), o.Types[k])
	}
	for _, k := range slices.Sorted(maps.Keys(o.Extensions)) {
		v.If(k == "" || k[0] == '.', valid.Key("Extensions", k), "an extension is written without a dot")
		v.Words(valid.Key("Extensions", k), o.Extensions[k])
	}
	for field, m := range map[string]map[string]float64{"BadExtensions": o.BadExtensions, "BadInArchive": o.BadInArchive} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			v.If(k == "" || k[0] == '.', valid.Key(field, k), "an extension is written without a dot")
			v.Factor(valid.Key(field, k), m[k])
		}
	}
	return v.Err()
}

func (o Options) config() any {
	return struct {
		Options
		Ignores bool
		Builtin string
	}{o, o.Ignore != nil, checks.Digest([]string{typesData, extensionsData, moreData, badData, archiveData})}
}

// tables are the lists in the form that rules look them up in. They are not
// written after the constructor.
type tables struct {
	types      map[string]float64
	patterns   []pattern // types with a wildcard
	extensions map[string]fit
	bad, inArc map[string]float64
	archives   map[string]bool
	packers    map[string]bool // archives and what packs single files
	documents  map[string]bool
	hosts      map[string]bool // harmful ones that are top-level domains too
	ignore     func(string) bool
}

type pattern struct {
	prefix, suffix string
	factor         float64
}

// A fit is the types that fit an extension, those that do only where we don't
// follow Rspamd, and the factor of a misfit.
type fit struct {
	types, more []string
	factor      float64
}

func newTables(o Options) *tables {
	t := &tables{
		types: map[string]float64{}, extensions: map[string]fit{},
		bad: map[string]float64{}, inArc: map[string]float64{},
		archives: map[string]bool{}, packers: map[string]bool{}, documents: map[string]bool{}, hosts: map[string]bool{},
		ignore: o.Ignore,
	}
	t.addTypes()
	t.addExtensions()
	for f := range entries(badData) {
		for _, ext := range f[1:] {
			t.bad[ext] = number(f[0])
		}
	}
	for f := range entries(archiveData) {
		for _, ext := range f[1:] {
			switch f[0] {
			case "is-archive":
				t.archives[ext], t.packers[ext] = true, true
			case "packer":
				t.packers[ext] = true
			case "host":
				t.hosts[ext] = true
			case "document":
				t.documents[ext] = true
			default:
				t.inArc[ext] = number(f[0])
			}
		}
	}
	t.override(o)
	return t
}

// addTypes reads lines of media types and perhaps a number: their factor.
func (t *tables) addTypes() {
	for f := range entries(typesData) {
		v := 0.0
		if last := f[len(f)-1]; !strings.Contains(last, "/") {
			v, f = number(last), f[:len(f)-1]
		}
		for _, typ := range f {
			t.addType(typ, v)
		}
	}
}

func (t *tables) addExtensions() {
	for ext, types := range fitting(extensionsData) {
		t.extensions[ext] = fit{types: types, factor: misfit(ext)}
	}
	for ext, types := range fitting(moreData) {
		f := t.extensions[ext]
		f.more = types
		t.extensions[ext] = f
	}
}

// fitting yields the extensions and the types of a table: in each line extensions,
// a colon and the types that fit them; extensions may begin in a line before.
func fitting(data string) func(func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		var names []string
		for f := range entries(data) {
			n := slices.IndexFunc(f, func(w string) bool { return strings.HasSuffix(w, ":") }) + 1
			if n == 0 {
				names = append(names, f...)
				continue
			}
			for _, ext := range append(names, f[:n]...) {
				if !yield(strings.TrimSuffix(ext, ":"), f[n:]) {
					return
				}
			}
			names = names[:0]
		}
	}
}

// fits reports whether files with the extension are sent with the type, and
// the factor of a misfit. A type that fits does so with "x-" and without, and so
// does one whose name is the extension, as image/jpg and application/x-pdf do;
// every text/x-… fits what is plain text; extensions that are not in the table go
// with every type. exact leaves it at the table, as Rspamd does.
func (t *tables) fits(ext, typ string, exact bool) (ok bool, factor float64) {
	fit, known := t.extensions[ext]
	switch {
	case !known || exact && (ext == "rb" || ext == "patch"): // not in Rspamd's table
		return true, 0
	case exact && beyond(ext, typ):
		return false, fit.factor
	case slices.Contains(fit.types, typ):
		return true, 0
	case exact:
		return false, fit.factor
	case strings.HasPrefix(typ, "text/x-") && slices.Contains(fit.types, "text/plain"):
		return true, 0
	}
	major, sub, _ := strings.Cut(typ, "/")
	sub = strings.TrimPrefix(sub, "x-")
	plain := func(typ string) bool {
		m, s, _ := strings.Cut(typ, "/")
		return m == major && strings.TrimPrefix(s, "x-") == sub
	}
	if slices.ContainsFunc(fit.types, plain) || slices.ContainsFunc(fit.more, plain) {
		return true, 0
	}
	if sub != ext {
		return false, fit.factor
	}
	same := func(typ string) bool { return strings.HasPrefix(typ, major+"/") }
	return major == "application" || slices.ContainsFunc(fit.types, same), fit.factor
}

// beyond reports whether the table has a type for an extension that the one
// of Rspamd 4.1.6 lacks and that is often sent.
func beyond(ext, typ string) bool {
	switch ext {
	case "txt":
		return typ == "message/delivery-status"
	case "p7m", "p7c":
		return typ == "application/x-pkcs7-mime"
	case "jpg":
		return typ == "image/jpg"
	case "vcf":
		return typ == "application/vcard"
	}
	return false
}

// known reports whether s is the extension of files of some kind. Single
// letters stand in names as initials far more often.
func (t *tables) known(s string) bool {
	if len(s) < 2 {
		return false
	}
	_, ok := t.extensions[s]
	return ok || t.bad[s] > 0 || t.packers[s] || t.documents[s]
}

func (t *tables) override(o Options) {
	for typ, v := range o.Types {
		t.addType(strings.ToLower(typ), v)
	}
	for ext, types := range o.Extensions {
		t.extensions[strings.ToLower(ext)] = fit{types: types, factor: 1}
	}
	maps.Copy(t.bad, o.BadExtensions)
	maps.Copy(t.inArc, o.BadInArchive)
}

// misfit weighs a wrong type: extensions that everybody knows weigh more.
func misfit(ext string) float64 {
	switch ext {
	case "htm", "html", "shtm", "shtml", "pdf", "txt":
		return 1
	}
	return 0.4
}

func (t *tables) addType(typ string, v float64) {
	if prefix, suffix, ok := strings.Cut(typ, "*"); ok {
		// Later patterns win: they are looked at first.
		t.patterns = append([]pattern{{prefix, suffix, v}}, t.patterns...)
		return
	}
	t.types[typ] = v
}

// typeFactor returns the factor of a media type; ok is false if it is unknown.
func (t *tables) typeFactor(typ string) (v float64, ok bool) {
	if v, ok := t.types[typ]; ok {
		return v, true
	}
	for _, p := range t.patterns {
		if len(typ) > len(p.prefix)+len(p.suffix) && strings.HasPrefix(typ, p.prefix) && strings.HasSuffix(typ, p.suffix) {
			return p.factor, true
		}
	}
	return 0, false
}

// badness returns the factor of an extension, 0 if it is harmless. alone means
// the one member of an archive.
func (t *tables) badness(ext string, alone bool) float64 {
	if v := t.inArc[ext]; alone && v != 0 {
		return v
	}
	return t.bad[ext]
}

// entries yields the words of each line; # begins a comment.
func entries(data string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(data) {
			line, _, _ = strings.Cut(line, "#")
			if f := strings.Fields(line); len(f) > 0 && !yield(f) {
				return
			}
		}
	}
}

// number reads a factor of the embedded tables; a test reads them all.
func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("mimetypes: bad factor %q in the embedded tables", s))
	}
	return v
}

package mimetypes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A file is a name with what is known about its content.
type file struct {
	name     string
	declared string // media type, "" for a member of an archive
	detected string // media type of the content and
	ext      string // its extension, "" if not detected
	member   bool   // in an archive
	alone    bool   // the only one
}

// name judges a file by its name, and once more by the extension that its
// content would have.
func (v *visit) name(f file) {
	if r, at := obscured(f.name); r != 0 {
		v.t.HitFactor(v.defs.badUnicode, 1, fmt.Sprintf("0x%xd after %s", r, f.name[:at]))
	}
	f.name = printable(unescape(f.name))
	if v.tables.ignore != nil && v.tables.ignore(f.name) {
		return
	}
	last, before, pieces := extensions(f.name)
	if f.ext != "" && f.ext != last {
		v.name(file{name: "detected." + f.ext, declared: f.detected})
	}
	if pieces < 2 {
		return
	}
	v.extension(f, last, before, pieces)
	if f.member {
		if v.tables.archives[last] {
			v.hit(v.defs.archiveInside, 1, "-", last)
		}
	} else if v.tables.archives[before] && !digits(last) {
		v.hit(v.defs.archiveInside, 1, "-", "."+before+"."+last)
	}
	v.misfit(f, last)
}

// extension looks for harmful extensions in the last two places.
func (v *visit) extension(f file, last, before string, pieces int) {
	bad := v.tables.badness(last, f.member && f.alone)
	worst := bad
	if pieces > 2 {
		worst = max(bad, v.tables.badness(before, f.member && f.alone))
	}
	switch {
	case worst == 0:
	case pieces > 2 && isExtension(before):
		v.hit(v.defs.doubleExtension, worst, "-", "."+before+"."+last)
	case bad > 0:
		v.hit(v.defs.badExtension, bad, "-", last)
	}
}

// isExtension reports whether what stands before the last extension is one too,
// and not just text of the name: it is short and no number or date.
func isExtension(s string) bool {
	n := strings.TrimRight(s, "])")
	return len(s) > 0 && len(s) <= 4 && !(digits(n) && len(s)-len(n) <= 1)
}

// misfit compares the declared type with those that fit the extension.
func (v *visit) misfit(f file, last string) {
	fit, ok := v.tables.extensions[last]
	if !ok || f.declared == "" || f.declared == "application/octet-stream" || slices.Contains(fit.types, f.declared) {
		return
	}
	v.t.HitFactor(v.defs.badAttachment, fit.factor, last+":"+f.declared)
}

// obscured finds the first character that hides text or turns its direction
// and returns the byte position after it.
func obscured(s string) (r rune, after int) {
	for i, r := range s {
		switch {
		case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202f, r >= 0x205f && r <= 0x206f, r == 0xfeff:
			return r, i + utf8.RuneLen(r)
		}
	}
	return 0, 0
}

// unescape decodes percent escapes.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// printable replaces each byte that is not printable ASCII or white space.
func printable(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; c >= 0x7f || c < ' ' && (c < '\t' || c > '\r') {
					b[i] = '?'
				}
			}
			return string(b)
		}
	}
	return s
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

package mimetypes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/ascii"
)

// A file is a name with what is known about its content.
type file struct {
	name     string
	declared string // media type, "" for a member of an archive
	detected string // media type of the content and
	ext      string // its extension, "" if not detected
	member   bool   // in an archive
	alone    bool   // the only one
	other    bool   // another name of a file that was judged already
}

// name judges a file by its name, and once more by the extension that its
// content would have.
func (v *visit) name(f file) {
	hidden, at := obscured(f.name)
	if hidden != 0 {
		v.t.HitFactor(v.defs.badUnicode, 1, fmt.Sprintf("0x%xd after %s", hidden, f.name[:at]))
	}
	if short, _, cut := strings.Cut(f.name, "\x00"); cut { // some systems read no further
		v.name(file{name: short, declared: f.declared, member: f.member, alone: f.alone, other: f.other})
	}
	plain := unescape(f.name)
	f.name = printable(plain)
	if v.tables.ignore != nil && v.tables.ignore(f.name) {
		return
	}
	last, before, pieces := extensions(unhidden(plain))
	if f.ext != "" && f.ext != last && !f.other {
		v.name(file{name: "detected." + f.ext, declared: f.detected})
	}
	if pieces < 2 {
		return
	}
	before = v.inner(before)
	if hidden != 0 {
		if shown, _, _ := extensions(turned(plain)); shown != last && v.tables.known(shown) {
			before = shown
		}
	}
	v.extension(f, last, before, hidden != 0)
	if f.member {
		if v.tables.archives[last] {
			v.hit(v.defs.archiveInside, 1, "-", last)
		}
	} else if v.tables.archives[before] && v.tables.packers[last] {
		v.hit(v.defs.archiveInside, 1, "-", "."+before+"."+last)
	}
	v.misfit(f, last)
}

// inner returns what stands before the last dot of a name if it is the
// extension of files of some kind, without blanks and the like that push the
// last one out of sight; "" if it is just text of the name.
func (v *visit) inner(piece string) string {
	n := 0
	for n < len(piece) && (ascii.IsWord(piece[n]) && piece[n] != '_' || piece[n] == '-') {
		n++
	}
	if rest := strings.Trim(piece[n:], " _-\t\x00()[]\\"); rest != "" && !digits(rest) {
		return ""
	}
	ext := strings.TrimRight(piece[:n], "-")
	if !v.tables.known(ext) {
		return ""
	}
	return ext
}

// extension looks for harmful extensions. Programs open a file by the last
// one, so one before it only counts where the last says that the file is
// packed and its content does not. Where characters hide, both symbols are
// raised: the name is made to mislead, and there are composites of each.
func (v *visit) extension(f file, last, before string, hidden bool) {
	bad, worst := v.tables.badness(last, f.member && f.alone), 0.0
	switch page := isPage(last); {
	case before == "" || page && v.tables.hosts[before]:
	case bad > 0, !f.member && v.tables.packers[last] && f.ext != last && !v.tables.hosts[before]:
		worst = max(bad, v.tables.badness(before, f.member && f.alone))
	}
	if worst > 0 {
		v.hit(v.defs.doubleExtension, worst, "-", "."+before+"."+last)
	}
	if bad > 0 && (worst == 0 || hidden) {
		v.hit(v.defs.badExtension, bad, "-", last)
	}
}

// isPage tells extensions of pages of the web.
func isPage(ext string) bool {
	switch ext {
	case "htm", "html", "shtm", "shtml", "xht", "xhtml", "mht", "mhtml", "asp", "aspx":
		return true
	}
	return false
}

// misfit compares the declared type with those that fit the extension.
func (v *visit) misfit(f file, last string) {
	if f.declared == "" || f.declared == "application/octet-stream" {
		return
	}
	if ok, factor := v.tables.fits(last, f.declared, v.t.Exact()); !ok {
		v.t.HitFactor(v.defs.badAttachment, factor, last+":"+f.declared)
	}
}

// obscured finds the first character that hides text or turns its direction
// and returns the byte position after it.
func obscured(s string) (r rune, after int) {
	for i, r := range s {
		if obscures(r) {
			return r, i + utf8.RuneLen(r)
		}
	}
	return 0, 0
}

func obscures(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202f || r >= 0x205f && r <= 0x206f || r == 0xfeff
}

// unhidden returns a name as systems take it whose extension is looked for:
// without invisible characters, with plain blanks, ASCII for its wide forms,
// without what names a stream of the file, without the quotes around it and the
// dots and blanks at its end, and with one dot for several.
func unhidden(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case obscures(r):
			return -1
		case unicode.IsSpace(r), r == 0x3164, r == 0x2800: // the last two are letters without ink
			return ' '
		case r == 0x2024: // a dot of several
			return '.'
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xff01 + '!'
		}
		return r
	}, s)
	if stream := len(s) - len("::$DATA"); stream > 0 && strings.EqualFold(s[stream:], "::$DATA") {
		s = s[:stream]
	}
	s = strings.TrimRight(strings.TrimLeft(s, `'"`), `. '"`)
	if !strings.Contains(s, "..") && !strings.Contains(s, ". ") {
		return s
	}
	b := make([]byte, 0, len(s))
	dot := 0 // how long the name is with its last dot, if only blanks stand behind
	for i := range len(s) {
		switch {
		case s[i] != '.' && s[i] != ' ':
			dot = 0
		case dot > 0 && s[i] == '.':
			b = b[:dot]
			continue
		case s[i] == '.':
			dot = len(b) + 1
		}
		b = append(b, s[i])
	}
	return string(b)
}

// turned returns a name as it is shown if a character in it turns the reading
// direction: what follows stands in reverse order.
func turned(s string) string {
	i := strings.IndexAny(s, "\u202e\u2067")
	if i < 0 {
		return ""
	}
	r := []rune(unhidden(s[i:]))
	slices.Reverse(r)
	return s[:i] + string(r)
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

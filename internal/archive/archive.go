// Package archive lists what is inside ZIP, RAR, 7z and gzip files without
// unpacking them. It reads the directories that the formats keep, under
// bounds, and tells what hides: encryption, packed headers, broken structures.
package archive

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/charset"
	"github.com/winnowmail/winnow/internal/steps"
)

// An Archive is the listing of one archive.
type Archive struct {
	Kind  string // "zip", "rar", "7z" or "gz"
	Files []File // in the order of the directory, at most MaxFiles
	// Encrypted: the archive as a whole, or its directory, is encrypted.
	Encrypted bool
	// Unreadable: the directory is packed and can't be listed.
	Unreadable bool
	// Obfuscated: a member's name has control or invisible characters.
	Obfuscated bool
	// Cut: there are more than MaxFiles members, or reading took more steps than
	// an archive of this size is worth; the listing ends there.
	Cut bool

	steps steps.Budget
	names [][]byte // of Files, as written, until they are decoded
}

// A File is one member.
type File struct {
	Name         string // valid UTF-8
	Size, Packed uint64
	Encrypted    bool
}

// MaxFiles bounds the listing.
const MaxFiles = 1000

// Kind returns the format that the first bytes show, "" if List can't read it.
func Kind(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return "zip"
	case bytes.HasPrefix(b, []byte("Rar!\x1a\x07")):
		return "rar"
	case bytes.HasPrefix(b, []byte("7z\xbc\xaf\x27\x1c")):
		return "7z"
	case bytes.HasPrefix(b, []byte("\x1f\x8b\x08")):
		return "gz"
	}
	return ""
}

// List reads the directory of b. name, the archive's own file name, stands in
// for a gzip file that does not name its content. ok is false when b is no
// archive or its directory is broken.
func List(b []byte, name string) (a *Archive, ok bool) {
	a = &Archive{Kind: Kind(b), steps: steps.For(len(b))}
	switch a.Kind {
	case "zip":
		ok = a.zip(b)
	case "rar":
		ok = a.rar(b)
	case "7z":
		ok = a.sevenZip(b)
	case "gz":
		ok = a.gzip(b, name)
	}
	a.decodeNames()
	return a, ok
}

// take counts work and reports whether it may be done.
func (a *Archive) take(steps int) bool {
	a.Cut = a.Cut || !a.steps.Take(steps)
	return !a.Cut
}

// add appends a member whose name is written so and reports whether reading
// goes on.
func (a *Archive) add(f File, name []byte) bool {
	if len(a.Files) == MaxFiles {
		a.Cut = true
		return false
	}
	name = name[:min(len(name), maxName)]
	a.Files, a.names = append(a.Files, f), append(a.names, name)
	return a.take(1 + len(name))
}

func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// maxName bounds the name of a member.
const maxName = 4096

// maxGuesses bounds how often a charset is guessed for the names of one archive:
// that costs far more than decoding them.
const maxGuesses = 4

// decodeNames makes the members' names readable. Those that are not UTF-8 are
// read in one charset, which is guessed from all of them, since short names tell
// little; those that can't be so in another one, which is guessed from them.
func (a *Archive) decodeNames() {
	var odd []int
	for i, name := range a.names {
		switch {
		case a.Files[i].Name != "": // it is known already
		case utf8.Valid(name):
			a.Files[i].Name = charset.Decode(name, "").Text
		default:
			odd = append(odd, i)
		}
	}
	for n := 0; n < maxGuesses && len(odd) > 0; n++ {
		odd = a.decodeAs(a.guess(odd), odd)
	}
	for _, f := range a.Files {
		a.Obfuscated = a.Obfuscated || strings.ContainsFunc(f.Name, invisible)
	}
	a.names = nil
}

// guess guesses the charset of the listed names.
func (a *Archive) guess(list []int) string {
	const sample = 4096
	var all []byte
	for _, i := range list {
		if all = append(append(all, a.names[i]...), '\n'); len(all) >= sample {
			break
		}
	}
	return charset.Detect(all[:min(len(all), sample)])
}

// decodeAs reads the listed names in a charset and returns those that have bytes
// which it can't read; until these are read otherwise they keep what it made of them.
func (a *Archive) decodeAs(label string, list []int) (broken []int) {
	for _, i := range list {
		r := charset.DecodeAs(a.names[i], label)
		if a.Files[i].Name == "" || !r.Broken {
			a.Files[i].Name = r.Text
		}
		if r.Broken {
			broken = append(broken, i)
		}
	}
	return broken
}

// gzip reads the file name that may stand in the header (RFC 1952).
func (a *Archive) gzip(b []byte, name string) bool {
	const (
		fExtra = 1 << 2
		fName  = 1 << 3
		fCrypt = 1 << 5
	)
	if len(b) <= 10 {
		return false
	}
	flags, p := b[3], b[10:]
	a.Encrypted = flags&fCrypt != 0
	if flags&fName == 0 {
		name = gzipName(name)
		if name != "" {
			a.add(File{Name: name}, nil)
		}
		return name != ""
	}
	if flags&fExtra != 0 {
		if len(p) < 2 {
			return false
		}
		n := 2 + int(p[0]) + int(p[1])<<8
		if len(p) <= n {
			return false
		}
		p = p[n:]
	}
	end := bytes.IndexByte(p, 0)
	if end < 0 {
		return false
	}
	if end > 0 && a.take(end) {
		a.add(File{}, p[:end])
	}
	return true
}

// gzipName guesses the content's name: "a.txt.gz" holds "a.txt"; a name with
// one dot says nothing and stays, as in Rspamd.
func gzipName(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	if slash := strings.LastIndexByte(name[:dot], '/'); slash >= 0 {
		return name[slash+1 : dot]
	}
	if strings.IndexByte(name, '.') == dot {
		return name
	}
	return name[:dot]
}

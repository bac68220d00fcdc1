// Package archive lists what is inside ZIP, RAR, 7z and gzip files without
// unpacking them. It reads the directories that the formats keep, under
// bounds, and tells what hides: encryption, packed headers, broken structures.
package archive

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/winnowmail/winnow/internal/charset"
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
	a = &Archive{Kind: Kind(b)}
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
	return a, ok
}

// add appends a member and reports whether there is room for more.
func (a *Archive) add(f File) bool {
	a.Obfuscated = a.Obfuscated || strings.ContainsFunc(f.Name, invisible)
	if len(a.Files) < MaxFiles {
		a.Files = append(a.Files, f)
	}
	return len(a.Files) < MaxFiles
}

func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// fileName makes a member's name readable.
func fileName(b []byte) string {
	const longest = 4096
	b = b[:min(len(b), longest)]
	return charset.Decode(b, "").Text
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
		return name != "" && a.add(File{Name: name})
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
	if end > 0 {
		a.add(File{Name: fileName(p[:end])})
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

package charset

import (
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A script is a charset of single bytes for letters that are not Latin, and the
// letters that are most of a text in it.
type script struct {
	name  string
	table *charmap.Charmap
	usual string
}

const (
	greek  = "αοιετσνηυρςπκλμωάέήίόύώΑΟΕΤΣΝΠΚ"
	hebrew = "יוהלארתבשמנחקכפםןעד"
	arabic = "اليمونرتبعدهةسكقفحأإىجش"
	thai   = "รนา่กเ้งอมยลวีดทสตะัคิุบหแโใป็พช์ำจ"

	lettersSure  = 70 // a text of usual letters
	lettersBad   = 45 // and one that is none
	lettersLeast = 12 // so many of them say anything
)

// scripts returns the charsets of which each reads the bytes of the others as letters,
// but unusual ones.
func scripts() [6]script {
	return [6]script{
		{"windows-1253", charmap.Windows1253, greek},
		{"iso-8859-7", charmap.ISO8859_7, greek},
		{"windows-1255", charmap.Windows1255, hebrew},
		{"windows-1256", charmap.Windows1256, arabic},
		{"iso-8859-6", charmap.ISO8859_6, arabic},
		{"windows-874", charmap.Windows874, thai},
	}
}

// fit reads b in the charset of a script. Letters beside ones of ASCII are hardly
// ever there, and neither are signs among them.
func (s *script) fit(b []byte) fit {
	f := fit{}
	for i, c := range b {
		if c < 0x80 {
			continue
		}
		f.n++
		switch r := s.table.DecodeByte(c); {
		case strings.ContainsRune(s.usual, r):
			f.good++
		case r == 0xfffd, r < 0x370:
			f.bad++
		}
		if i > 0 && letter(b[i-1]) || i+1 < len(b) && letter(b[i+1]) {
			f.bad++
		}
	}
	return f
}

// refitLetters is refit for labels of charsets of letters that are not Latin: another
// one in which b is usual text.
func refitLetters(b []byte, label string) string {
	all := scripts()
	for i := range all {
		if s := &all[i]; s.name == label || s.name == "windows-1255" && label == "iso-8859-8" {
			if f := s.fit(b); f.n < fitMany || f.share() >= lettersBad {
				return ""
			}
		}
	}
	if other := fitting(b); other != "" {
		return other
	}
	return fittingLetters(b)
}

// fittingLetters names the charset of letters that are neither Latin nor Cyrillic in
// which b is usual text, "" if there is none.
func fittingLetters(b []byte) string {
	best, most := "", lettersSure-1
	if kinds(b) < lettersLeast/2 {
		return ""
	}
	all := scripts()
	for i := range all {
		if f := all[i].fit(b); f.n >= lettersLeast && f.share() > most {
			best, most = all[i].name, f.share()
		}
	}
	return best
}

package charset

import (
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// fitCyrillic reads b in a charset of Cyrillic letters. A few of them are most
// of every text; a capital behind a small letter, a letter of ASCII beside one of
// them, signs behind one, frames and controls are hardly ever there.
func fitCyrillic(b []byte, name string) fit {
	const punctuation = "\u00a0«»„“”‘’…–—•·№©®™"
	f, table := fit{}, cyrillicTable(name)
	small := false
	for i, c := range b {
		if c < 0x80 {
			small = false
			continue
		}
		switch r := table.DecodeByte(c); {
		case r >= 'Ѐ' && r <= 'ҕ':
			capital := r <= 'Я' || r >= 'Ґ' && r&1 == 0
			f.n++
			if usualLetter(r) {
				f.good++
			}
			if small && capital {
				f.bad += 4
			}
			if i > 0 && letter(b[i-1]) || i+1 < len(b) && letter(b[i+1]) {
				f.bad++
			}
			small = !capital
			continue
		case r < 0xa0, r >= 0x2320 && r < 0x2600 || r == 0xfffd:
			f.n, f.bad = f.n+1, f.bad+2
		case i > 0 && table.DecodeByte(b[i-1]) >= 'Ѐ' && !strings.ContainsRune(punctuation, r):
			f.n, f.bad = f.n+1, f.bad+1
		}
		small = false
	}
	return f
}

// usualLetter tells the letters that are two thirds of a text in Russian,
// Ukrainian or Bulgarian.
func usualLetter(r rune) bool {
	switch r {
	case 'о', 'е', 'а', 'и', 'н', 'т', 'с', 'р', 'в', 'л', 'к', 'і', 'О', 'Е', 'А', 'И', 'Н', 'Т', 'С', 'Р', 'В', 'Л', 'К', 'І':
		return true
	}
	return false
}

func cyrillicTable(name string) *charmap.Charmap {
	switch name {
	case "koi8-r", "koi8-u":
		return charmap.KOI8U
	case "iso-8859-5":
		return charmap.ISO8859_5
	case "ibm866":
		return charmap.CodePage866
	case "windows-1251":
		return charmap.Windows1251
	}
	return nil
}

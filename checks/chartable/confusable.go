package chartable

import "unicode"

// isAccented tells letters with diacritics and the marks themselves.
func isAccented(r rune) bool {
	return r >= 0x80 && r < 0x250 || r >= 0x1e00 && r < 0x1f00 || unicode.Is(unicode.Mn, r)
}

// looksLatin tells letters of other scripts that are taken for Latin ones or
// for digits (after Unicode Technical Standard 39, section 4).
func looksLatin(r rune) bool {
	switch {
	case r >= 0xff21 && r <= 0xff3a, r >= 0xff41 && r <= 0xff5a: // full width
		return true
	case r >= 0x1d400 && r <= 0x1d6a3, r >= 0x1d7ce && r <= 0x1d7ff: // mathematical
		return true
	case r >= 0x2160 && r <= 0x217f: // Roman numerals
		return true
	}
	switch r {
	case 'а', 'А', 'В', 'е', 'Е', 'З', 'і', 'І', 'ј', 'Ј', 'К', 'М', 'Н', 'о', 'О', 'р', 'Р', 'с', 'С', 'Т',
		'у', 'У', 'х', 'Х', 'ѕ', 'Ѕ', 'Ь', 'б', 'ү', 'Ү', 'һ', 'ԁ', 'ԛ', 'ԝ', 'ӏ', 'Ӏ', 'ѵ', 'Ѵ', 'ҽ', 'Ӡ', 'г':
		return true
	case 'α', 'Α', 'Β', 'Ε', 'Ζ', 'Η', 'ι', 'Ι', 'Κ', 'Μ', 'Ν', 'ο', 'Ο', 'ρ', 'Ρ', 'σ', 'Τ', 'υ', 'Υ', 'Χ',
		'ν', 'γ', 'ϲ', 'Ϲ', 'ϳ', 'Ϻ', 'Ϝ', 'ϱ':
		return true
	case 'օ', 'Օ', 'ո', 'ս', 'Ս', 'ց', 'զ', 'գ', 'հ', 'ք', 'Լ', 'ծ':
		return true
	case 'Ꭺ', 'Ᏼ', 'Ꮯ', 'Ꭰ', 'Ꭼ', 'Ꮐ', 'Ꮋ', 'Ꭻ', 'Ꮶ', 'Ꮮ', 'Ꮇ', 'Ꮲ', 'Ꭱ', 'Ꮪ', 'Ꭲ', 'Ꮩ', 'Ꮤ', 'Ꮓ', 'Ꭵ':
		return true
	case 'ℂ', 'ℊ', 'ℋ', 'ℎ', 'ℐ', 'ℓ', 'ℕ', 'ℙ', 'ℚ', 'ℛ', 'ℝ', 'ℤ', 'ℬ', 'ℯ', 'ℰ', 'ℱ', 'ℳ', 'ℴ', 'K':
		return true
	}
	return false
}

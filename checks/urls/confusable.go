package urls

import "strings"

// lookAlike reports whether two different names look the same.
func lookAlike(a, b string) bool { return a != b && skeleton(a) == skeleton(b) }

// skeleton puts a name in the form in which look-alikes are equal, for the
// letters that are used to forge Latin names (after Unicode Technical
// Standard 39, section 4).
func skeleton(s string) string {
	s = strings.ToLower(s)
	s = strings.Map(func(r rune) rune {
		switch r {
		case 'а', 'α', 'ɑ':
			return 'a'
		case 'Ь', 'ь':
			return 'b'
		case 'с', 'ϲ':
			return 'c'
		case 'ԁ':
			return 'd'
		case 'е', 'ҽ':
			return 'e'
		case 'ɡ':
			return 'g'
		case 'һ':
			return 'h'
		case '1', 'і', 'ι', 'ı', 'l', '|', 'ӏ':
			return 'l'
		case 'ј', 'ϳ':
			return 'j'
		case 'κ', 'к':
			return 'k'
		case 'м':
			return 'm'
		case 'п':
			return 'n'
		case '0', 'о', 'ο', 'σ', 'օ':
			return 'o'
		case 'р', 'ρ':
			return 'p'
		case 'ԛ':
			return 'q'
		case 'г':
			return 'r'
		case 'ѕ':
			return 's'
		case 'τ', 'т':
			return 't'
		case 'υ', 'ս':
			return 'u'
		case 'ν', 'ѵ':
			return 'v'
		case 'ԝ', 'ω':
			return 'w'
		case 'х', 'χ':
			return 'x'
		case 'у', 'γ', 'ү':
			return 'y'
		}
		return r
	}, s)
	return strings.ReplaceAll(s, "rn", "m")
}

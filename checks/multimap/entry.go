package multimap

import (
	"strconv"
	"strings"
)

// An entry is what a list has beside a key.
type entry struct {
	symbol  string
	factor  float64
	options []string
}

// parseEntry reads "SYMBOL:factor:option,option", "SYMBOL:factor", a factor, or a
// symbol. As in Rspamd, what follows is passed over, and other text is no entry,
// which counts as one without a symbol and with factor 1.
func parseEntry(s string) entry {
	symbol := word(s)
	if rest, ok := strings.CutPrefix(s[len(symbol):], ":"); ok && symbol != "" {
		if number := number(rest); number != "" {
			e := entry{symbol: symbol, factor: factor(number)}
			if rest, ok = strings.CutPrefix(rest[len(number):], ":"); ok {
				e.options = words(rest)
			}
			return e
		}
	}
	if n := number(s); n != "" {
		return entry{factor: factor(n)}
	}
	return entry{symbol: symbol, factor: 1}
}

// words reads words with commas between them.
func words(s string) (list []string) {
	for {
		w := word(s)
		if w == "" {
			return list
		}
		list = append(list, w)
		rest, ok := strings.CutPrefix(s[len(w):], ",")
		if !ok {
			return list
		}
		s = rest
	}
}

// word returns the letters, digits and underscores that s begins with.
func word(s string) string {
	i := 0
	for i < len(s) && (s[i] == '_' || '0' <= s[i] && s[i] <= '9' || 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z') {
		i++
	}
	return s[:i]
}

// number returns the decimal number that s begins with.
func number(s string) string {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	whole := digits(s[i:])
	i += whole
	if i < len(s) && s[i] == '.' {
		if n := digits(s[i+1:]); n > 0 && (whole > 0 || i > 0) {
			return s[:i+1+n]
		}
	}
	if whole == 0 {
		return ""
	}
	return s[:i]
}

func digits(s string) int {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}

// factor reads what number found; one too large to be a factor counts 1.
func factor(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 1
	}
	return f
}

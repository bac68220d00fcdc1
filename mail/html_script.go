package mail

import (
	"strings"
	"unicode/utf8"
)

// script takes the URLs that a script names: it may take the reader there, load
// from there, or write markup that does. What stands behind a quote, or with a
// scheme behind "=" or "(", is one; a comment's is not. Escapes of JavaScript are
// undone (ECMA-262 section 12.9.4), and those of URLs where the script undoes
// them itself. What it puts together from pieces is not seen.
func (t *htmlTree) script(b *Block, code string) {
	if !t.take(len(code)) {
		return
	}
	code = unescapeScript(code)
	if strings.Contains(code, "unescape(") || strings.Contains(code, "decodeURI") {
		code = unescapeURL(code, false)
	}
	for i := 0; !t.h.Cut; {
		j := strings.Index(code[i:], "//")
		if j < 0 {
			return
		}
		from := scriptURL(code, i+j)
		i += j + len("//")
		if from < 0 || i == len(code) || !alnumByte(code[i]) && code[i] < utf8.RuneSelf {
			continue
		}
		stops := " \t\r\n'\"`<>\\"
		if c := code[from-1]; c == '=' || c == '(' {
			stops = " \t\r\n'\"`<>\\),;"
		}
		rest := code[from:min(len(code), from+maxURL)]
		if k := strings.IndexAny(rest, stops); k >= 0 {
			rest = rest[:k]
		}
		t.other(b, rest, 0)
		i = max(i, from+len(rest))
	}
}

// scriptURL returns where the URL begins whose slashes are at i, -1 if it is
// none.
func scriptURL(code string, i int) int {
	from := i
	for _, scheme := range [...]string{"https:", "http:", "ftp:"} {
		if suffixFold(code[:i], scheme) {
			from -= len(scheme)
			break
		}
	}
	if from == 0 || vocabulary(code[:from-1]) {
		return -1
	}
	switch code[from-1] {
	case '\'', '"', '`':
		return from
	case '=', '(':
		if from < i {
			return from
		}
	}
	return -1
}

// vocabulary reports whether the value behind code says what names in data mean,
// which leads nowhere (JSON-LD 1.1, sections 3.1 and 3.5).
func vocabulary(code string) bool {
	const far = 32 // blanks included
	code = strings.TrimRight(code[max(0, len(code)-far):], " \t\r\n")
	code = strings.TrimRight(strings.TrimSuffix(code, ":"), " \t\r\n")
	return strings.HasSuffix(code, `"@context"`) || strings.HasSuffix(code, `"@type"`)
}

// scriptHref returns the script that stands in place of a target.
func scriptHref(value string) (code string, ok bool) {
	if value == "" || value[0] > ' ' && value[0]|0x20 != 'j' && value[0]|0x20 != 'v' {
		return "", false
	}
	value = strings.TrimLeftFunc(value, func(r rune) bool { return r <= ' ' })
	if head := value[:min(len(value), 2*len("javascript:"))]; strings.ContainsAny(head, "\t\r\n") { // which browsers drop
		value = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(head) + value[len(head):]
	}
	for _, scheme := range [...]string{"javascript:", "vbscript:"} {
		if prefixFold(value, scheme) {
			return unescapeURL(value[len(scheme):], false), true
		}
	}
	return "", false
}

// unescapeScript undoes the escapes of strings that may be part of a URL.
func unescapeScript(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		digits := 0
		switch s[i+1] {
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case '/', '\'', '"':
			out = append(out, s[i+1])
			i++
			continue
		}
		r, ok := hexRune(s[i+2:], digits)
		if !ok {
			out = append(out, s[i])
			continue
		}
		out = utf8.AppendRune(out, r)
		i += 1 + digits
	}
	return string(out)
}

// hexRune reads a character of so many hexadecimal digits.
func hexRune(s string, digits int) (r rune, ok bool) {
	if digits == 0 || len(s) < digits {
		return 0, false
	}
	for i := range digits {
		if !hexByte(s[i]) {
			return 0, false
		}
		r = r<<4 | rune(hexValue(s[i]))
	}
	return r, true
}

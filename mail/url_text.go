package mail

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unescapeURL undoes percent escapes once; with plus a "+" becomes a space,
// as Rspamd 4.1.6 does in all parts behind the host. A broken escape loses
// its percent sign.
func unescapeURL(s string, plus bool) string {
	if strings.IndexByte(s, '%') < 0 && !(plus && strings.IndexByte(s, '+') >= 0) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+' && plus:
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && hexByte(s[i+1]) && hexByte(s[i+2]):
			b = append(b, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			i += 2
		case c == '%':
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// normalPath takes empty, "." and ".." components out of a path. It works
// for paths with and without leading slash; a trailing slash stays. As in
// Rspamd a ".." at the end takes the slash before its component along, and
// what leads above the start alone is the root.
func normalPath(p string) string {
	if !strings.Contains(p, "//") && !strings.Contains(p, "./") && !strings.HasSuffix(p, "/.") &&
		!strings.HasSuffix(p, "/..") && p != "." && p != ".." && (p == "" || p[0] != '/') {
		return p
	}
	lead := strings.HasPrefix(p, "/")
	out := make([]byte, 0, len(p))
	slash := false // the last component taken ended with a slash
	for more := true; more; {
		var c string
		c, p, more = strings.Cut(p, "/")
		switch c {
		case "", ".":
			slash = slash || len(out) > 0
		case "..":
			lead = lead || len(out) == 0 && (p == "" || !more)
			i := bytes.LastIndexByte(out, '/')
			out = out[:max(i, 0)]
			slash = more && len(out) > 0
		default:
			if len(out) > 0 {
				out = append(out, '/')
			}
			out = append(out, c...)
			slash = more
		}
	}
	if slash && len(out) > 0 {
		out = append(out, '/')
	}
	if lead {
		return "/" + string(out)
	}
	return string(out)
}

// textPathLen returns how much of s, which begins behind a host, belongs to
// the URL when it stands in running text: up to white space, quotes and angle
// brackets, the escape of a line end in source code, a comma with another URL
// behind it, and Chinese, Japanese or Korean text that touches it; without brackets that don't close and closing
// punctuation.
func textPathLen(s string) int {
	var open [16]struct {
		c   byte
		pos int
	}
	depth, end := 0, len(s)
	run := -1 // where the CJK characters begin that are being read
scan:
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' || c == '`':
			end = i
			break scan
		case c == '(' || c == '[' || c == '{':
			// More would make every URL in a text of brackets look at all of it.
			if depth == len(open) {
				end = i
				break scan
			}
			open[depth].c, open[depth].pos = c, i
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth == 0 || !pair(open[depth-1].c, c) {
				end = i
				break scan
			}
			depth--
		case c == '\\' && i > 0 && isEscape(s[i:]), (c == ',' || c == ';' || c == '|') && beginsURL(s[i+1:]):
			end = i
			break scan
		case c == '\'':
			goesOn := i+1 < len(s) && (alnumByte(s[i+1]) || s[i+1] == '-' || s[i+1] >= 0x80)
			if !goesOn && !quoted(s, i) || possessive(s, i) {
				end = i
				break scan
			}
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(s[i:])
			if unicode.IsSpace(r) || unicode.IsControl(r) || isClosingQuote(r) {
				end = i
				break scan
			}
			if isCJK(r) {
				switch before := s[max(i-1, 0)]; {
				case isCJKPunctuation(r): // the end of a clause, which began behind the last ASCII
					end = max(run, 0)
					if run < 0 || before < 0x80 {
						end = i
					}
					break scan
				case alnumByte(before):
					end = i
					break scan
				case before < 0x80:
					run = i
				}
			}
			i += n
			continue
		}
		i++
	}
	if depth > 0 {
		end = min(end, open[0].pos)
	}
	n := len(strings.TrimRight(s[:end], ".,;:!?*\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
	if n > 1 && n < end && s[n-1] == '\'' && strings.IndexByte(s[:n-1], '\'') < 0 {
		n--
	}
	return n
}

// escapedSlash is a slash as JSON is often written.
const escapedSlash = `\/`

// isEscape reports whether s begins with what ends a string or a line in source
// code, escaped once or more: \n, \r, \t, \", \', \u003e, \U0001f600, \x3e, \012,
// \0 and the like before a quote, and a backslash that ends the line.
func isEscape(s string) bool {
	s = strings.TrimLeft(s[:min(len(s), 16)], `\`)
	switch {
	case s == "":
		return true
	case strings.IndexByte("nrt\"'\r\n", s[0]) >= 0:
		return true
	case strings.IndexByte("abefv0", s[0]) >= 0 && len(s) > 1 && (s[1] == '"' || s[1] == '\''):
		return true
	case s[0] >= '0' && s[0] <= '3' && len(s) > 3 && octalByte(s[1]) && octalByte(s[2]):
		return !alnumByte(s[3])
	case s[0] == 'U' && len(s) > 8:
		return !strings.ContainsFunc(s[1:9], func(r rune) bool { return r >= 0x80 || !hexByte(byte(r)) })
	case s[0] == 'u' && len(s) > 4:
		return hexByte(s[1]) && hexByte(s[2]) && hexByte(s[3]) && hexByte(s[4])
	case s[0] == 'x' && len(s) > 2:
		return hexByte(s[1]) && hexByte(s[2])
	}
	return false
}

// beginsURL reports whether s begins with another URL: what stands before is a row
// of a table or a list.
func beginsURL(s string) bool { return prefixFold(s, "http://") || prefixFold(s, "https://") }

func octalByte(c byte) bool { return c >= '0' && c <= '7' }

// quoted tells whether the apostrophe at i closes one that stands before it.
func quoted(s string, i int) bool {
	from := max(0, i-64)
	return strings.LastIndexByte(s[from:i], '\'') >= 0
}

// possessive tells an English genitive: 's and then no letter.
func possessive(s string, i int) bool {
	return i+1 < len(s) && s[i+1] == 's' && (i+2 == len(s) || s[i+2] <= ' ')
}

func isBidiControl(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func isClosingQuote(r rune) bool {
	switch r {
	case '»', '”', '“', '„', '’', '‘', '›', '」', '』', '】', '）', '｜', '…':
		return true
	}
	return false
}

func pair(open, c byte) bool {
	return open == '(' && c == ')' || open == '[' && c == ']' || open == '{' && c == '}'
}

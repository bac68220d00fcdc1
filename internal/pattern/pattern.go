// Package pattern reads regular expressions in the form of Rspamd's
// configuration: /pattern/flags.
package pattern

import (
	"fmt"
	"regexp"
	"strings"
)

// Compile takes Rspamd's flags: i, m, s and U as in Perl; u, r, O and the like
// only choose how Rspamd's engine works.
func Compile(pattern, flags string) (*regexp.Regexp, error) {
	keep := strings.Map(func(r rune) rune {
		if strings.ContainsRune("urOALB", r) {
			return -1
		}
		return r
	}, flags)
	if keep != "" {
		pattern = "(?" + keep + ")" + pattern
	}
	return regexp.Compile(pattern)
}

// Read compiles "/pattern/flags"; a text without the first slash is a pattern
// without flags.
func Read(s string) (*regexp.Regexp, error) {
	rest, ok := strings.CutPrefix(s, "/")
	if !ok {
		return Compile(s, "")
	}
	end := strings.LastIndexByte(rest, '/')
	if end < 0 {
		return nil, fmt.Errorf("the pattern %q has no slash at its end", s)
	}
	return Compile(rest[:end], rest[end+1:])
}

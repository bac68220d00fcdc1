// Package dnsname tells which texts can be names in questions to DNS.
package dnsname

import "unicode/utf8"

// Askable reports whether every label of a name has 1 to 63 bytes and neither
// begins nor ends with a hyphen, and the whole is UTF-8 without control
// characters or white space.
func Askable(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' {
			if name[i] <= ' ' || name[i] == 0x7f || name[i] == '\\' {
				return false
			}
			continue
		}
		label := name[start:i]
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		start = i + 1
	}
	return true
}

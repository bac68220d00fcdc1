package charset

import "strings"

// canonical cleans a label and resolves the aliases that the registries don't
// know. Labels that say nothing give "".
func canonical(label string) string {
	name := strings.ToLower(strings.TrimSpace(label))
	name = strings.Trim(name, "\"' \t;,=")
	if i := strings.IndexByte(name, '*'); i > 0 { // RFC 2231 language suffix
		name = name[:i]
	}
	if len(name) > 40 {
		return ""
	}
	if a, ok := alias(name); ok {
		return a
	}
	// Windows code pages under their many names.
	for _, p := range [...]string{"windows-", "windows", "win-", "win", "cp-", "cp", "microsoft-cp", "x-cp", "x-windows-"} {
		if rest, ok := strings.CutPrefix(name, p); ok && digits(rest) {
			return codePage(rest)
		}
	}
	for _, p := range [...]string{"iso8859-", "iso8859_", "iso_8859-", "iso_8859_", "iso-8859_", "iso 8859-", "8859-", "8859_", "iso8859"} {
		if rest, ok := strings.CutPrefix(name, p); ok && digits(rest) {
			return "iso-8859-" + rest
		}
	}
	return name
}

func codePage(n string) string {
	switch n {
	case "932", "31j":
		return "shift_jis"
	case "936":
		return "gbk"
	case "949":
		return "euc-kr"
	case "950":
		return "big5"
	case "20127":
		return "us-ascii"
	case "20866":
		return "koi8-r"
	case "21866":
		return "koi8-u"
	case "28591":
		return "iso-8859-1"
	case "28592":
		return "iso-8859-2"
	case "28605":
		return "iso-8859-15"
	case "50220", "50221", "50222":
		return "iso-2022-jp"
	case "50225":
		return "iso-2022-kr"
	case "50227":
		return "iso-2022-cn"
	case "51932":
		return "euc-jp"
	case "51949":
		return "euc-kr"
	case "54936":
		return "gb18030"
	case "65000":
		return "utf-7"
	case "65001":
		return "utf-8"
	case "1200":
		return "utf-16le"
	case "1201":
		return "utf-16be"
	}
	if len(n) == 4 && n[:2] == "12" || n == "874" {
		return "windows-" + n
	}
	return "ibm" + n
}

func alias(name string) (string, bool) {
	switch name {
	case "", "default", "default_charset", "binary", "unknown", "unknown-8bit", "x-unknown", "none", "auto", "8bit",
		"7bit", "x-user-defined", "user-defined", "_autodetect", "_autodetect_all", "_iso-2022-jp$esc", "utf", "charset":
		return "", true
	case "ascii", "us", "usascii", "us_ascii", "us-asii", "us-acii", "ansi_x3.4-1968", "iso646-us", "iso-ir-6", "646", "ansi":
		return "us-ascii", true
	case "utf8", "utf_8", "utf-8n", "x-utf-8", "unicode-1-1-utf-8", "unicode_1_1_utf_8", "utf-8-sig", "utf8mb4", "uft-8", "utf-8mb4":
		return "utf-8", true
	case "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "unicode-2-0-utf-7", "csunicode11utf7", "utf-7-imap":
		return "utf-7", true
	case "utf16", "ucs-2", "unicode", "iso-10646-ucs-2":
		return "utf-16", true
	case "utf-16-le", "utf16le":
		return "utf-16le", true
	case "utf-16-be", "utf16be":
		return "utf-16be", true
	case "utf32", "ucs-4", "iso-10646-ucs-4":
		return "utf-32", true
	case "latin1", "latin-1", "latin_1", "iso-8859", "iso8859-1", "iso-latin-1", "l1", "iso-8859-8859-1":
		return "iso-8859-1", true
	case "latin2", "latin-2":
		return "iso-8859-2", true
	case "latin9", "latin-9", "latin0":
		return "iso-8859-15", true
	case "gb2312_80", "gb_2312-80", "gb2312-80", "gb 2312", "x-gbk", "gb", "x-gb2312":
		return "gbk", true
	case "gb18030-2000", "gb-18030", "gb18030-0":
		return "gb18030", true
	case "hz", "hz-gb2312":
		return "hz-gb-2312", true
	case "euc-tw", "euctw", "big5-tw", "x-x-big5", "big-5", "big5-hkscs", "big5hkscs", "big5-eten":
		return "big5", true
	case "ks_c_5601", "ks_c_5601-1987", "ksc5601", "ksc_5601", "uhc", "x-windows-949", "windows-31j-kr":
		return "euc-kr", true
	case "sjis", "x-sjis", "shift-jis", "shift_jisx0213", "ms_kanji", "windows-31j", "csshiftjis":
		return "shift_jis", true
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "iso2022-jp", "iso2022jp", "jis", "csiso2022jp":
		return "iso-2022-jp", true
	case "iso2022-kr", "iso2022kr", "csiso2022kr":
		return "iso-2022-kr", true
	case "iso-2022-cn-ext", "iso2022-cn", "iso2022cn", "csiso2022cn":
		return "iso-2022-cn", true
	case "eucjp", "x-euc-jp", "eucjp-ms", "ujis":
		return "euc-jp", true
	case "koi8r", "koi-8", "koi-8-r", "koi8", "koi8_r":
		return "koi8-r", true
	case "tis620", "tis-620", "iso-8859-11":
		return "windows-874", true
	case "iso-8859-8-i", "iso-8859-8-e", "logical":
		return "iso-8859-8", true
	case "viscii1.1-1", "csviscii":
		return "viscii", true
	case "x-mac-roman", "macroman", "mac":
		return "macintosh", true
	case "armscii-8", "armscii8":
		return "", true
	}
	return "", false
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

package osb

// converters are ICU's names of charsets that mail is written in, where they differ
// from the usual ones.
func converters() map[string]string {
	return map[string]string{
		"big5": "windows-950-2000", "cp866": "ibm-866_P100-1995", "euc-jp": "euc-jp-2007", "euc-kr": "ibm-970_P110_P110-2006_U2",
		"gb18030": "gb18030", "gb2312": "ibm-1383_P110-1999", "gbk": "windows-936-2000", "hz-gb-2312": "HZ",
		"ibm437": "ibm-437_P100-1995", "ibm850": "ibm-850_P100-1995",
		"iso-2022-jp": "ISO_2022,locale=ja,version=0", "iso-2022-kr": "ISO_2022,locale=ko,version=0",
		"iso-8859-2": "ibm-912_P100-1995", "iso-8859-3": "ibm-913_P100-2000", "iso-8859-4": "ibm-914_P100-1995",
		"iso-8859-5": "ibm-915_P100-1995", "iso-8859-6": "ibm-1089_P100-1995", "iso-8859-7": "ibm-9005_X110-2007",
		"iso-8859-8": "ibm-5012_P100-1999", "iso-8859-9": "ibm-920_P100-1995", "iso-8859-10": "iso-8859_10-1998",
		"iso-8859-13": "ibm-921_P100-1995", "iso-8859-14": "iso-8859_14-1998", "iso-8859-15": "ibm-923_P100-1998",
		"koi8-r": "ibm-878_P100-1996", "koi8-u": "ibm-1168_P100-2002", "ks_c_5601-1987": "windows-949-2000",
		"macintosh": "macos-0_2-10.2", "shift_jis": "ibm-943_P15A-2003", "tis-620": "windows-874-2000",
		"windows-1250": "ibm-5346_P100-1998", "windows-1251": "ibm-5347_P100-1998", "windows-1252": "ibm-5348_P100-1997",
		"windows-1253": "ibm-5349_P100-1998", "windows-1254": "ibm-5350_P100-1998", "windows-1255": "ibm-9447_P100-2002",
		"windows-1256": "ibm-9448_X100-2005", "windows-1257": "ibm-9449_P100-2002", "windows-1258": "ibm-5354_P100-1998",
		"windows-31j": "ibm-943_P15A-2003", "windows-874": "windows-874-2000", "x-sjis": "ibm-943_P15A-2003",
	}
}

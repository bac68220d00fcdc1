package charset

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	cases := []struct{ label, in, want, name string }{
		{"utf-8", "Grüße", "Grüße", "utf-8"},
		{"UTF8", "\xef\xbb\xbfGrüße", "Grüße", "utf-8"},
		{"us-ascii", "plain", "plain", "us-ascii"},
		{"iso-8859-1", "Gr\xfc\xdfe", "Grüße", "iso-8859-1"},
		{"latin1", "\x80 5", "€ 5", "iso-8859-1"}, // the Windows superset
		{"iso-8859-2", "\xb1\xe6\xea", "ąćę", "iso-8859-2"},
		{"win-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет", "windows-1251"},
		{"cp1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет", "windows-1251"},
		{"koi8r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет", "koi8-r"},
		{"koi8-r", "\xf0\xa6\xc4\xd4\xd7\xc5\xd2\xc4\xa6\xd4\xd8, \xa7\xd6\xc1", "Підтвердіть, їжа", "koi8-u"},
		{"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4 \x82\xa6\x83 \xa6\xd0", "Привет ┌╕┐ ╕п", "koi8-r"},
		{"cp932", "\x93\xfa\x96\x7b", "日本", "shift_jis"},
		{"iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本", "iso-2022-jp"},
		{"iso-2022-jp-2", "\x1b$BF|K\\\x1b(B", "日本", "iso-2022-jp"},
		{"euc-jp", "\xc6\xfc\xcb\xdc", "日本", "euc-jp"},
		{"cp949", "\xc7\xd1\xb1\xdb", "한글", "euc-kr"},
		{"ks_c_5601-1987", "\xc7\xd1\xb1\xdb", "한글", "euc-kr"},
		{"gb2312", "\xd6\xd0\xb9\xfa", "中国", "gbk"},
		{"cp936", "\xd6\xd0\xb9\xfa", "中国", "gbk"},
		{"gb18030", "\xd6\xd0\xb9\xfa", "中国", "gb18030"},
		{"big5", "\xa4\xa4\xb0\xea", "中國", "big5"},
		{"cp65001", "Grüße", "Grüße", "utf-8"},
		{"utf-7", "Gr+APwA3w-e +- 1", "Grüße + 1", "utf-7"},
		{"unicode-1-1-utf-7", "+2D3eAA-", "😀", "utf-7"},
		{"utf-16le", "G\x00r\x00\xfc\x00", "Grü", "utf-16le"},
		{"utf-16", "\xff\xfeG\x00r\x00", "Gr", "utf-16"},
		{"utf-32", "\x00\x00\x00G\x00\x00\x00\xfc", "Gü", "utf-32"},
		{"utf-32le", "G\x00\x00\x00\xfc\x00\x00\x00", "Gü", "utf-32le"},
		{"viscii", "Vi\xaet Nam", "Việt Nam", "viscii"},
		{"cp437", "Gr\x81\xe1e", "Grüße", "ibm437"},
		{"ibm866", "\x8f\xe0\xa8\xa2\xa5\xe2", "Привет", "ibm866"},
		{"\"iso-8859-1\"", "\xfc", "ü", "iso-8859-1"},
		{"US-ASCII*EN", "plain", "plain", "us-ascii"},
	}
	for _, c := range cases {
		r := Decode([]byte(c.in), c.label)
		if r.Text != c.want || r.Charset != c.name || r.Unknown || r.Broken {
			t.Errorf("%s: got %+v, want %q as %s", c.label, r, c.want, c.name)
		}
		if !Known(c.label) {
			t.Errorf("%s is not known", c.label)
		}
	}
}

func TestDecodeGuesses(t *testing.T) {
	russian := "\xcf\xf0\xe8\xe2\xe5\xf2, \xfd\xf2\xee \xef\xf0\xee\xf1\xf2\xee\xe5 \xef\xe8\xf1\xfc\xec\xee \xe4\xeb\xff \xef\xf0\xee\xe2\xe5\xf0\xea\xe8 \xea\xee\xe4\xe8\xf0\xee\xe2\xea\xe8 \xf2\xe5\xea\xf1\xf2\xe0."
	cases := []struct{ label, in, want string }{
		{"", "Grüße", "Grüße"},
		{"", "Gr\xfc\xdfe aus M\xfcnchen und K\xf6ln", "Grüße aus München und Köln"},
		{"unknown-8bit", russian, "Привет"},
		{"default", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße"},
		{"x-no-such-charset", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße"},
		{"us-ascii", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße"},
		{"utf-8", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße"},
		{"", "\x1b$BF|K\\\x1b(B", "日本"},
	}
	for _, c := range cases {
		r := Decode([]byte(c.in), c.label)
		if !strings.HasPrefix(r.Text, c.want) || !r.Guessed {
			t.Errorf("%q in %q: got %+v, want %q", c.label, c.in, r, c.want)
		}
	}
	if r := Decode([]byte("Gr\xc3\xbc\xc3\x9fe \xff und viele Wörter"), "utf-8"); r.Charset != "utf-8" || !r.Broken {
		t.Errorf("damaged UTF-8: got %+v", r)
	}
	if r := Decode([]byte("x"), "x-no-such-charset"); !r.Unknown {
		t.Errorf("unknown label: got %+v", r)
	}
}

func TestBrokenInput(t *testing.T) {
	for _, c := range []struct{ label, in string }{
		{"utf-7", "+2D3-"}, {"utf-7", "+"}, {"utf-32", "\x00\x11\x00\x00"}, {"utf-32", "\x00bc"},
		{"shift_jis", "\x81"}, {"utf-16le", "\x00\xd8"}, {"gbk", "\x81"},
	} {
		if r := Decode([]byte(c.in), c.label); !utf8.ValidString(r.Text) || !r.Broken {
			t.Errorf("%s %q: got %+v", c.label, c.in, r)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, label := range []string{"", "utf-8", "utf-7", "utf-16", "utf-32", "iso-2022-jp", "gb18030", "viscii", "hz-gb-2312", "cp037", "x"} {
		f.Add(label, []byte("Gr\xfc\xdfe +2D3-\x1b$B~{"))
	}
	f.Fuzz(func(t *testing.T, label string, b []byte) {
		if r := Decode(b, label); !utf8.ValidString(r.Text) {
			t.Errorf("%q: %q is not UTF-8", label, r.Text)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, label := range []string{"utf-8", "iso-8859-1", "windows-1251", ""} {
		b.Run("label="+label, func(b *testing.B) {
			src := []byte(strings.Repeat("An ordinary line of text with a few letters \xfc\xdf.\r\n", 100))
			if label == "utf-8" {
				src = []byte(strings.Repeat("An ordinary line of text with a few letters üß.\r\n", 100))
			}
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				Decode(src, label)
			}
		})
	}
}

// BenchmarkDetect shows what unlabelled text costs that is neither ASCII nor
// UTF-8, 4 kB each.
func BenchmarkDetect(b *testing.B) {
	for name, line := range map[string]string{
		"latin":    "An ordinary line of text with a few letters \xfc\xdf.\r\n",
		"cyrillic": "\xcf\xf0\xe8\xe2\xe5\xf2, \xfd\xf2\xee \xef\xf0\xee\xf1\xf2\xee\xe5 \xef\xe8\xf1\xfc\xec\xee\r\n",
		"chinese":  "\xd6\xd0\xb9\xfa\xb9\xfa\xd6\xd0\xd6\xd0\xb9\xfa\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			src := []byte(strings.Repeat(line, 4096/len(line)+1)[:4096])
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Detect(src)
			}
		})
	}
}

// TestDetectIsTheSame: guesses of equal confidence come in a fixed order.
func TestDetectIsTheSame(t *testing.T) {
	for in, want := range map[string]string{
		"Gr\xfc\xdfe":              "shift_jis",
		"Gr\xfc\xdfe aus M\xfcnch": "iso-8859-1",
		"\xb0\xa1\xb0\xa2":         "gb18030",
	} {
		for range 300 {
			if got := Detect([]byte(in)); got != want {
				t.Fatalf("%q: got %s, want %s", in, got, want)
			}
		}
	}
}

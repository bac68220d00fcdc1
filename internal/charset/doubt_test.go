package charset

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestContradictedLabel: UTF-8 is UTF-8, whatever the label says.
func TestContradictedLabel(t *testing.T) {
	multi := []string{"iso-2022-jp", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312", "utf-7", "euc-jp", "euc-kr", "ks_c_5601-1987",
		"gb2312", "gb18030", "big5", "shift_jis", "cp932", "us-ascii", "x-nobody-knows"}
	single := []string{"iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252", "windows-1254", "macintosh"}
	others := []string{"koi8-r", "windows-1251", "iso-8859-5", "iso-8859-7", "windows-1255", "windows-874", "cp437", "viscii"}
	cases := []struct {
		labels []string
		texts  []string
	}{
		{multi, []string{"会議の資料をお送りします。", "견적서를 보내 드립니다", "请查收附件，谢谢", "Ваш счёт за октябрь", "Καλημέρα σας, φίλε"}},
		{single, []string{"Zoë", "Grüße aus Köln", "请查收附件", "naïve café – 20 €"}},
		{others, []string{"Grüße aus Köln, schöne Tage", "Ваш счёт", "お知らせ"}},
		{[]string{"utf-16", "utf-16le", "utf-32"}, []string{"plain words in seven bits\n", "Grüße aus Köln"}},
	}
	for _, c := range cases {
		for _, label := range c.labels {
			for _, text := range c.texts {
				if r := Decode([]byte(text), label); r.Text != text || !r.Guessed || r.Charset != "utf-8" {
					t.Errorf("%s: %q became %+v", label, text, r)
				}
			}
		}
	}
}

// TestForeignLetters: what calls itself Latin-1 and is in letters that stand together
// is in the charset of these; what may be of Western Europe is left alone.
func TestForeignLetters(t *testing.T) {
	for _, label := range []string{"iso-8859-1", "iso-8859-15", "windows-1252"} {
		for want, encoding := range map[string]interface{ String(string) (string, error) }{
			"尊敬的客户您好，请访问 http://中国银行.com/ 查看您的账户，谢谢您的支持与合作。":                             simplifiedchinese.GBK.NewEncoder(),
			"고객님 안녕하세요, 다음 주소를 방문해 주십시오. 감사합니다.":                                         korean.EUCKR.NewEncoder(),
			"お客様へ、次のサイトをご覧ください。よろしくお願いします。":                                              japanese.EUCJP.NewEncoder(),
			"Уважаемый клиент, посетите наш сайт и проверьте счет. Спасибо за внимание.": charmap.Windows1251.NewEncoder(),
		} {
			raw, err := encoding.String(want)
			if err != nil {
				t.Fatal(err)
			}
			if r := Decode([]byte(raw), label); r.Text != want || !r.Guessed {
				t.Errorf("%s: %+v, want %q", label, r, want)
			}
		}
		for _, text := range []string{
			"Grüße aus Köln, schöne Tage, Ärger und Öl", "«À côté», dit-elle… déjà créée", "··········  °°°° ¯¯¯¯¯¯¯ ÄÖÜ", "ÀÉÈÙ ÇÔÛ", "ÅÄÖ åäö",
		} {
			raw, err := charmap.Windows1252.NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			if r := Decode([]byte(raw), label); label != "iso-8859-15" && (r.Text != text || r.Guessed) {
				t.Errorf("%s: %+v, want %q", label, r, text)
			}
		}
	}
}

// TestTrueLabel: what is labelled rightly is read by its label, however short
// it is and however like UTF-8.
func TestTrueLabel(t *testing.T) {
	for _, c := range []struct{ label, raw, want string }{
		{"windows-874", "\xc3\xb6", "รถ"},
		{"windows-874", "\xc5\xb4 50%", "ลด 50%"},
		{"windows-1251", "\xc2\xb3", "Ві"},
		{"koi8-r", "\xc5\xa3", "её"},
		{"gbk", "\xc4\xa3\xb0\xe5", "模板"},
		{"gb2312", "\xcd\xa8\xd6\xaa", "通知"},
		{"gb2312", "\xd3\xa2\xce\xbb", "英位"},
		{"shift_jis", "\xe0\xa0", "燿"},
		{"iso-8859-1", "Caf\xe9 \xc4rger", "Café Ärger"},
		{"utf-16", "\x4e\x2d", "中"},
		{"utf-8", "\x1b[1mbold\x1b[0m", "\x1b[1mbold\x1b[0m"},
	} {
		if r := Decode([]byte(c.raw), c.label); r.Text != c.want || r.Guessed || r.Broken {
			t.Errorf("%s: got %+v, want %q", c.label, r, c.want)
		}
	}
}

// TestDamagedText: a few bytes that can't be read are no reason to doubt.
func TestDamagedText(t *testing.T) {
	for _, c := range []struct {
		label, text string
		encode      func(string) (string, error)
	}{
		{"gbk", "请查收附件，谢谢您的合作", simplifiedchinese.GBK.NewEncoder().String},
		{"big5", "請查收附件，謝謝您的合作", traditionalchinese.Big5.NewEncoder().String},
		{"euc-kr", "견적서를 보내 드립니다", korean.EUCKR.NewEncoder().String},
		{"shift_jis", "会議の資料をお送りします。", japanese.ShiftJIS.NewEncoder().String},
	} {
		raw, err := c.encode(c.text)
		if err != nil {
			t.Fatal(err)
		}
		r := Decode([]byte(raw[:len(raw)-1]), c.label)
		want := []rune(c.text)
		if !strings.HasPrefix(r.Text, string(want[:len(want)-1])) || r.Guessed {
			t.Errorf("%s: got %+v", c.label, r)
		}
	}
	russian, _ := charmap.Windows1251.NewEncoder().String("Привет, это простое письмо для проверки кодировки текста.")
	if r := Decode([]byte(russian), "euc-jp"); !strings.HasPrefix(r.Text, "Привет") || !r.Guessed || !r.Broken {
		t.Errorf("Russian as euc-jp: %+v", r)
	}
}

func TestISO2022(t *testing.T) {
	for _, c := range []struct{ label, raw, want, name string }{
		{"iso-2022-kr", "\x1b$)C\x0eGQ1[\x0f: 3 \x0e0G\x0f", "한글: 3 건", "iso-2022-kr"},
		{"", "\x1b$)C\x0eGQ1[\x0f", "한글", "iso-2022-kr"},
		{"utf-8", "\x1b$BF|K\\\x1b(B", "日本", "iso-2022-jp"},
		{"windows-1252", "A \x1b$BF|K\\\x1b(B Z", "A 日本 Z", "iso-2022-jp"},
		{"", "\x1b$)A\x0eVP9z\x0f ok", "中国 ok", "iso-2022-cn"},
		{"iso-2022-jp", "\x1b$BF|K\\\r\nplain", "日本\r\nplain", "iso-2022-jp"},
		{"iso-2022-jp", "\x1b(I1\x1b(B.", "ｱ.", "iso-2022-jp"},
		{"iso-2022-jp-2", "\x1b$AVP9z\x1b$(CGQ1[\x1b(B", "中国한글", "iso-2022-jp"},
	} {
		r := Decode([]byte(c.raw), c.label)
		if r.Text != c.want || r.Charset != c.name || r.Broken {
			t.Errorf("%s %q: got %+v, want %q", c.label, c.raw, r, c.want)
		}
	}
	// An unknown set, a bad pair, 8-bit bytes between escapes: valid UTF-8 at least.
	for _, raw := range []string{"\x1b$)G\x0e!!\x0f", "\x1b$B!\x1b(B", "\x1b$B\xa4\xa2\x1b(B", "\x1b", "\x1b$"} {
		if r := Decode([]byte(raw), "iso-2022-cn"); !utf8.ValidString(r.Text) {
			t.Errorf("%q: %+v", raw, r)
		}
	}
}

// TestSampleOf: the sample holds what is not ASCII and is cut at white space.
func TestSampleOf(t *testing.T) {
	long := strings.Repeat("only ascii here ", 1000)
	got := string(sampleOf([]byte(long + "K\xf6ln am Rhein " + long + "Z\xfcrich " + long)))
	if len(got) > 200 || !strings.Contains(got, "K\xf6ln am Rhein") || !strings.Contains(got, "Z\xfcrich") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if got := sampleOf([]byte(strings.Repeat("\xd6\xd0", 4000))); len(got) != detectBytes {
		t.Errorf("%d bytes", len(got))
	}
}

// TestGuessesThatCannotBe: of charsets of single bytes one that lacks some of the
// bytes gives way to one that has all, and what is UTF-8 by chance here and there is
// no damaged UTF-8.
func TestGuessesThatCannotBe(t *testing.T) {
	for _, text := range []string{"Счет за октябрь", "Счет на оплату за октябрь.exe", "Акт сверки за январь и ещё", "Объявление: съёмка яхты"} {
		b, err := charmap.Windows1251.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range []string{"", "utf-8", "us-ascii", "no-such-charset"} {
			if r := Decode([]byte(b), label); r.Text != text {
				t.Errorf("%q: %q as %s, want %q", label, r.Text, r.Charset, text)
			}
		}
	}
	for _, text := range []string{"请查收附件中的账单谢谢您的合作.exe", "通知：您的帐户将被冻结，请立即登录"} {
		b, err := simplifiedchinese.GBK.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		if r := Decode([]byte(b), "utf-8"); r.Text != text {
			t.Errorf("%q as %s, want %q", r.Text, r.Charset, text)
		}
	}
	for _, damaged := range []string{"Gr\xc3\xbc\xc3\x9fe \xff", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa", "caf\xc3\xa9 \x93x\x94", "\xd0\x9f\xd1\x80\xd0\xb8\xd0"} {
		if r := Decode([]byte(damaged), "utf-8"); r.Charset != "utf-8" || !r.Broken {
			t.Errorf("%q: %q as %s", damaged, r.Text, r.Charset)
		}
	}
}

// TestHZ: 7-bit text in HZ is read under every label that claims less, and what
// only looks like it stays.
func TestHZ(t *testing.T) {
	for raw, want := range map[string]string{
		"~{VPND~}":                            "中文",
		"Hello ~{J@=g~} and ~{VP9zHK~}.\r\n":  "Hello 世界 and 中国人.\r\n",
		"~{Gk2iJU8=<~#,P;P;Dz5D:OWw~} thanks": "请查收附件，谢谢您的合作 thanks",
	} {
		for _, label := range []string{"", "us-ascii", "utf-8", "gb2312", "iso-8859-1", "hz-gb-2312"} {
			if r := Decode([]byte(raw), label); r.Text != want || r.Charset != "hz-gb-2312" || r.Broken {
				t.Errorf("%q %q: %+v", label, raw, r)
			}
		}
	}
	for _, raw := range []string{"~{x}~", "a ~{VP} b", "~{VPN~}", "~{ab\ncd~}", "~{~}", "~{VPND", "~{VP~}", "~{VPND~} ~{}"} {
		if r := Decode([]byte(raw), ""); r.Text != raw {
			t.Errorf("%q: %+v", raw, r)
		}
	}
}

// TestShortKorean: a few words in EUC-KR are told from other charsets, under no
// label and under a wrong one.
func TestShortKorean(t *testing.T) {
	for _, text := range []string{"견적서를 보내 드립니다", "지금 확인하세요", "안녕하세요. 확인 부탁드립니다.", "Re: 회의 자료 첨부합니다 (1)"} {
		raw, err := korean.EUCKR.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range []string{"", "utf-8", "us-ascii"} {
			if r := Decode([]byte(raw), label); r.Text != text || r.Charset != "euc-kr" {
				t.Errorf("%q %q: %+v", label, text, r)
			}
		}
	}
	for charset, text := range map[string]string{
		"gb18030": "请查收附件，谢谢您的合作", "windows-1251": "Привет, это простое письмо для проверки кодировки", "windows-1252": "Grüße aus Köln für die Schüler am Gymnasium",
	} {
		enc, _ := lookup(charset)
		raw, err := enc.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		if r := Decode([]byte(raw), ""); r.Text != text {
			t.Errorf("%s: %+v", charset, r)
		}
	}
}

// TestDamagedUnderLabels: a few bytes that are no UTF-8 do not make it another charset, and
// text of others is none.
func TestDamagedUnderLabels(t *testing.T) {
	for _, label := range []string{"iso-8859-1", "windows-1251", "gb2312", "big5", "euc-kr", "euc-jp", "shift_jis", "iso-2022-jp", "iso-2022-kr", "utf-8", ""} {
		for _, text := range []string{"请看 http://日本語案内.com/ 谢谢您的支持", "한국어로 쓴 글입니다", "こちらへ連絡してください", strings.Repeat("Уважаемый клиент. ", 4)} {
			for _, raw := range []string{text + "\xe6\n", "M\xfcnchen " + text} {
				if r := Decode([]byte(raw), label); !strings.Contains(r.Text, text) || r.Charset != "utf-8" {
					t.Errorf("%s: %+v", label, r)
				}
			}
		}
	}
}

// TestOtherLetters: Greek, Hebrew, Arabic and Thai are read where the label is that of
// other letters, and right labels are believed.
func TestOtherLetters(t *testing.T) {
	labels := []string{"", "us-ascii", "utf-8", "iso-8859-1", "iso-8859-2", "windows-1250", "windows-1251", "windows-1254", "iso-8859-5",
		"windows-1253", "windows-1255", "windows-1256", "windows-874", "gb2312", "big5", "euc-kr", "iso-2022-jp", "hz-gb-2312", "utf-7"}
	for text, own := range map[string]*charmap.Charmap{
		"Αγαπητέ πελάτη, ο λογαριασμός σας έχει ανασταλεί. Επισκεφθείτε http://παράδειγμα.com/ για να τον ενεργοποιήσετε.": charmap.Windows1253,
		"לקוח יקר, החשבון שלך הושעה. אנא בקר בכתובת http://דוגמה.com/ כדי להפעיל אותו מחדש. תודה רבה על שיתוף הפעולה.":     charmap.Windows1255,
		"عزيزي العميل، لقد تم تعليق حسابك. يرجى زيارة http://مثال.com/ لإعادة تفعيله من جديد. شكرا لك على تعاونك.":         charmap.Windows1256,
		"เรียนลูกค้า บัญชีของท่านถูกระงับ กรุณาเข้าไปที่ http://ตัวอย่าง.com/ เพื่อเปิดใช้งานอีกครั้ง ขอบคุณ":              charmap.Windows874,
	} {
		raw, err := own.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range labels {
			if own == charmap.Windows1255 && (label == "windows-1251" || label == "windows-1253") {
				continue // whose letters have the same places, and are usual ones
			}
			if r := Decode([]byte(raw), label); r.Text != text {
				t.Errorf("%s under %s: %q in %s", own, label, r.Text, r.Charset)
			}
		}
	}
}

// TestEscapesUnderLabels: escape sequences say what a text is in under labels of other
// charsets of seven bits, and under wide ones.
func TestEscapesUnderLabels(t *testing.T) {
	const text = "こちらへ http://日本語案内.com/ まで"
	raw, err := japanese.ISO2022JP.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"", "utf-8", "hz-gb-2312", "utf-7", "utf-16", "utf-32", "iso-2022-kr", "iso-2022-jp", "gb2312"} {
		if r := Decode([]byte(raw), label); r.Text != text {
			t.Errorf("%s: %q", label, r.Text)
		}
	}
	const hz, chinese = "~{<:Ky2;S{!#~} http://example.org/", "己所不欲。 http://example.org/"
	for _, label := range []string{"", "iso-2022-jp", "iso-2022-cn", "utf-7", "utf-16", "hz-gb-2312"} {
		if r := Decode([]byte(hz), label); r.Text != chinese {
			t.Errorf("%s: %q", label, r.Text)
		}
	}
	for _, label := range []string{"utf-7", "iso-2022-jp", "hz-gb-2312"} {
		if r := Decode([]byte("plain text {x}"), label); r.Guessed || r.Text != "plain text {x}" {
			t.Errorf("%s: %+v", label, r)
		}
	}
}

// TestMarks: a byte order mark says that a text is in UTF-16 or UTF-32 under every
// label, and UTF-16 without one is in the order in which its ASCII is.
func TestMarks(t *testing.T) {
	const text = "See http://example.org/ä, 日本"
	wide := func(little bool) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			if little {
				b = binary.LittleEndian.AppendUint16(b, u)
			} else {
				b = binary.BigEndian.AppendUint16(b, u)
			}
		}
		return string(b)
	}
	for _, label := range []string{"", "us-ascii", "utf-8", "iso-8859-1", "windows-1251", "gb2312", "utf-16"} {
		for _, raw := range []string{"\xff\xfe" + wide(true), "\xfe\xff" + wide(false)} {
			if r := Decode([]byte(raw), label); r.Text != text {
				t.Errorf("%s: %q", label, r.Text)
			}
		}
	}
	for _, raw := range []string{wide(true), wide(false)} {
		if r := Decode([]byte(raw), "utf-16"); r.Text != text {
			t.Errorf("without a mark: %q", r.Text)
		}
	}
	if r := Decode([]byte("\xff\xfe\xf5 \xee\xf2"), "windows-1251"); r.Charset != "windows-1251" {
		t.Errorf("letters: %+v", r)
	}
}

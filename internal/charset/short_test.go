package charset

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestShort: a subject or a file name of a few characters is enough for what
// no other charset would be.
func TestShort(t *testing.T) {
	for _, c := range []struct {
		name  string
		enc   encoding.Encoding
		texts []string
	}{
		{"big5", traditionalchinese.Big5, []string{"請查收", "會議通知", "發票已開立", "訂單確認", "密碼即將到期", "電子發票開立通知", "附件：合約草稿.doc", "2026 會議紀錄"}},
		{"shift_jis", japanese.ShiftJIS, []string{"会議の資料", "お支払いのご案内", "ご確認ください", "アカウント確認", "重要なお知らせ", "見積もり.pdf"}},
	} {
		for _, text := range c.texts {
			b, err := c.enc.NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			if r := Decode([]byte(b), ""); r.Text != text || r.Charset != c.name {
				t.Errorf("%s %q: got %q as %s", c.name, text, r.Text, r.Charset)
			}
		}
	}
}

// TestNotShort: what letters with accents and other scripts are made of.
func TestNotShort(t *testing.T) {
	for _, c := range []struct {
		enc   encoding.Encoding
		texts []string
	}{
		{charmap.Windows1252, []string{"Ärger über Öl", "À bientôt, ÉTÉ", "Über Äpfel", "MÄNNER GRÖSSE", "Ça va", "‚so‘ ƒ", "© Müller § 5 ±3 µm", "£ 5 ¥ 3"}},
		{charmap.Windows1250, []string{"Książka Łódź", "wła ścią żółć", "ČESKÁ ŘEČ", "Kővágó Örs", "łąka", "ŁĄKA"}},
		{charmap.ISO8859_2, []string{"Książka Łódź", "łąka ćma żaba", "ŠKODA Žižkov", "źródła"}},
		{charmap.Windows1251, []string{"Привет", "ЗАКАЗ", "Счёт на оплату", "заказ"}},
		{charmap.KOI8R, []string{"Привет", "заказ", "Счёт на оплату", "тест"}},
		{charmap.Windows1253, []string{"Καλημέρα", "Ελλάδα"}},
		{charmap.Windows1254, []string{"Güneş İstanbul", "ığdır ŞİŞLİ"}},
		{charmap.Windows1255, []string{"שלום רב"}},
		{charmap.Windows1256, []string{"مرحبا بكم"}},
		{charmap.Windows874, []string{"สวัสดีครับ"}},
		{simplifiedchinese.GBK, []string{"会议通知", "您好", "密码即将到期", "账户异常通知，请立即登录"}},
		{korean.EUCKR, []string{"회의 자료", "청구서", "안녕하세요"}},
		{japanese.EUCJP, []string{"会議の資料", "お支払いのご案内", "請求書"}},
	} {
		for _, text := range c.texts {
			b, err := c.enc.NewEncoder().String(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if name := isShort([]byte(b)); name != "" {
				t.Errorf("%q: taken for %s", text, name)
			}
		}
	}
}

package charset

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestThai: Thai is read without a label, and under one that says nothing.
func TestThai(t *testing.T) {
	for _, text := range []string{
		"เรียนลูกค้า บัญชีของคุณถูกระงับ โปรดไปที่ http://ธนาคาร.com/ เพื่อยืนยันข้อมูลของคุณ",
		"สวัสดีครับ ขอส่งใบแจ้งหนี้", "พัสดุของท่านรอการจัดส่ง กรุณาชำระค่าธรรมเนียม 35 บาท", "ขอเชิญประชุมวันจันทร์นี้ เวลา ๙.๓๐ น.",
	} {
		raw, err := charmap.Windows874.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range []string{"", "us-ascii", "iso-8859-1", "windows-1252", "utf-8", "tis-620", "x-nobody-knows"} {
			if r := Decode([]byte(raw), label); r.Text != text {
				t.Errorf("%q as %q: read as %s, %q", text, label, r.Charset, r.Text)
			}
		}
	}
}

// TestNotThai: texts of other languages, and every piece of them.
func TestNotThai(t *testing.T) {
	more := []written{
		{"iso-8859-7", charmap.ISO8859_7, []string{"Αγαπητέ πελάτη, ο λογαριασμός σας έχει ανασταλεί", "ΕΠΕΙΓΟΝ: ΕΠΙΒΕΒΑΙΩΣΤΕ ΤΑ ΣΤΟΙΧΕΙΑ ΣΑΣ"}},
		{"windows-1255", charmap.Windows1255, []string{"לקוח יקר, החשבון שלך הושעה, בקר באתר כדי לאשר את הפרטים"}},
		{"windows-1256", charmap.Windows1256, []string{"عزيزي العميل، تم تعليق حسابك، قم بزيارة الموقع لتأكيد بياناتك"}},
		{"iso-8859-6", charmap.ISO8859_6, []string{"عزيزي العميل، تم تعليق حسابك، قم بزيارة الموقع لتأكيد بياناتك"}},
		{"windows-1252", charmap.Windows1252, []string{"ÄÖÜäöüß ÀÉÈÙÇ êëîï ñõã", "«À côté», dit-elle… déjà créée"}},
		{"gbk", simplifiedchinese.GBK, []string{"上海鑫淼焱垚有限公司", "請查收附件，謝謝您的合作"}},
	}
	for _, w := range append(languages(), more...) {
		for _, text := range w.texts {
			runes := []rune(text)
			for i := range runes {
				for j := i + 1; j <= len(runes); j++ {
					raw, err := encoding.ReplaceUnsupported(w.encode.NewEncoder()).String(string(runes[i:j]))
					if err != nil {
						t.Fatal(err)
					}
					if isThai([]byte(raw)) && Detect([]byte(raw)) == "windows-874" {
						t.Errorf("%s %q is taken for Thai", w.charset, string(runes[i:j]))
					}
				}
			}
		}
	}
}

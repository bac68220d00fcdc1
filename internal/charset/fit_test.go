package charset

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

type written struct {
	charset string
	encode  encoding.Encoding
	texts   []string
}

// languages returns sentences as mail has them, in the charsets of their language.
func languages() []written {
	russian := []string{"Уважаемый клиент, ваш счет готов, оплатите его на http://банк.com/ до пятницы.", "СРОЧНО! ПОДТВЕРДИТЕ ВАШ АККАУНТ", "Привет, как дела?",
		"Добрый день! Во вложении договор и акт сверки за октябрь. С уважением, Анна."}
	chinese := []string{"尊敬的客户您好，请访问 http://中国银行.com/ 查看您的账户，谢谢。", "您的密码即将过期，请点击 http://www.example.com/ 更新", "会议通知：明天上午九点在三楼会议室开会，请准时参加。"}
	return []written{
		{"windows-1251", charmap.Windows1251, append(russian, "Уважаеми клиенти, вашата фактура е готова, моля платете до петък.", "Шановний клієнте, ваш рахунок готовий.")},
		{"koi8-r", charmap.KOI8R, russian},
		{"iso-8859-5", charmap.ISO8859_5, russian},
		{"gbk", simplifiedchinese.GBK, chinese},
		{"gb18030", simplifiedchinese.GB18030, chinese},
		{"big5", traditionalchinese.Big5, []string{"親愛的客戶您好，請點擊 http://台灣銀行.com/ 確認您的帳戶，謝謝。", "您的密碼即將到期，請立即更新 http://www.example.com/", "會議通知：明天上午九點在三樓開會，請準時參加。", "貴公司的訂單已經出貨，預計三天內送達。"}},
		{"shift_jis", japanese.ShiftJIS, []string{"お客様へ、次のサイト http://日本銀行.com/ をご覧ください。", "アカウントの確認が必要です。こちらをクリックしてください", "いつもお世話になっております。請求書を添付いたします。"}},
		{"euc-jp", japanese.EUCJP, []string{"お客様へ、次のサイト http://日本銀行.com/ をご覧ください。", "アカウントの確認が必要です。こちらをクリックしてください", "いつもお世話になっております。請求書を添付いたします。"}},
		{"euc-kr", korean.EUCKR, []string{"고객님 안녕하세요, 다음 주소 http://한국은행.com/ 를 방문해 주십시오.", "비밀번호가 곧 만료됩니다. 지금 변경하세요", "귀하의 계정이 정지되었습니다. 지금 확인하세요."}},
	}
}

// TestWrongCharset: what is a sentence in one charset and none in that of its label
// is read in the former.
func TestWrongCharset(t *testing.T) {
	labels := []string{"", "us-ascii", "utf-8", "iso-8859-1", "windows-1252", "iso-8859-2", "windows-1250", "iso-8859-9", "iso-2022-jp", "iso-2022-kr", "utf-7",
		"big5", "gb2312", "gb18030", "euc-kr", "ks_c_5601-1987", "euc-jp", "shift_jis", "koi8-r", "windows-1251", "iso-8859-5", "x-nobody-knows"}
	for _, w := range languages() {
		for _, text := range w.texts {
			raw, err := w.encode.NewEncoder().String(text)
			if err != nil {
				t.Fatalf("%s %q: %v", w.charset, text, err)
			}
			for _, label := range labels {
				if label == "shift_jis" && strings.ToUpper(text) == text {
					continue // kana of half width
				}
				if r := Decode([]byte(raw), label); r.Text != text {
					t.Errorf("%s as %s: %q read as %s, want %q", w.charset, label, r.Text, r.Charset, text)
				}
			}
		}
	}
}

// TestRightCharset: every piece of a text is read by its right label, however
// short it is and wherever it ends.
func TestRightCharset(t *testing.T) {
	more := []written{
		{"windows-1251", charmap.Windows1251, []string{"Ђорђе и љубав, њива џеп", "Жж ЖЖ ФЦЩ эхо юг", "«Съёмка» № 5 — НДС, УСН…", "Grüße"}},
		{"koi8-r", charmap.KOI8R, []string{"Жж ЖЖ ФЦЩ эхо юг", "┌─┐ ║ рамка ║ └─┘", "ТЕСТ тест ТеСт"}},
		{"gbk", simplifiedchinese.GBK, []string{"請查收附件，謝謝您的合作", "上海鑫淼焱垚有限公司", "の日本料理", "玥琪 翀"}},
		{"euc-kr", korean.EUCKR, []string{"大韓民國 憲法 第一條", "쌍쾅 펑펑 톡톡", "Re: 갤럭시 폰 퀵"}},
		{"euc-jp", japanese.EUCJP, []string{"会議資料", "株式会社東京電機製作所御中", "ｱｲｳｴｵ"}},
		{"shift_jis", japanese.ShiftJIS, []string{"会議資料", "ｱｲｳｴｵ ｶｷｸｹｺ", "ｶﾌﾞｼｷｶﾞｲｼｬ ﾄｳｷｮｳﾃﾞﾝｷ", "ﾃﾞﾝﾜﾊﾞﾝｺﾞｳ ﾆﾎﾝ ｲﾝﾀｰﾈｯﾄ", "株式会社東京電機製作所御中"}},
		{"big5", traditionalchinese.Big5, []string{"鑫淼焱", "臺灣臺北 2026", "王曉明 ABC 公司"}},
		{"windows-1252", charmap.Windows1252, []string{"Grüße aus Köln, schöne Tage, Ärger und Öl", "ÀÉÈÙ ÇÔÛ ÄÖÜ ÅÄÖ", "«À côté», dit-elle… déjà créée", "······ °°°°°° ¯¯¯¯¯ »»»»»»»"}},
		{"windows-1250", charmap.Windows1250, []string{"Książka Łódź, była miała stała łąka", "ČESKÁ ŘEČ, příští týden, Žižkov"}},
		{"windows-1253", charmap.Windows1253, []string{"Αγαπητέ πελάτη, ο λογαριασμός σας"}},
		{"windows-1254", charmap.Windows1254, []string{"Sayın müşterimiz, ığdır ŞİŞLİ Güneş"}},
		{"windows-874", charmap.Windows874, []string{"สวัสดีครับ ขอส่งใบแจ้งหนี้"}},
	}
	for _, w := range append(languages(), more...) {
		for _, text := range w.texts {
			runes := []rune(text)
			for i := range runes {
				for j := i + 1; j <= len(runes); j++ {
					piece := string(runes[i:j])
					raw, err := encoding.ReplaceUnsupported(w.encode.NewEncoder()).String(piece)
					if err != nil {
						t.Fatal(err)
					}
					want, _ := w.encode.NewDecoder().String(raw)
					if other := meant([]byte(raw), w.charset); other != "" {
						t.Errorf("%s %q is taken for %s", w.charset, want, other)
					}
				}
			}
		}
	}
}

// TestDamagedUTF8: text in UTF-8 stays that where bytes of it were lost.
func TestDamagedUTF8(t *testing.T) {
	for _, text := range []string{"发票代开，优惠多多，联系电话13800000000", "お客様へ、次のサイトをご覧ください", "고객님 안녕하세요, 다음 주소를", "Ваша посылка ожидает, подробности",
		"Καλημέρα σας, σας στέλνω", "สวัสดีครับ ขอส่งใบแจ้งหนี้", "Grüße aus Köln, schöne Tage für Sie", "Cảm ơn bạn đã đăng ký"} {
		for i := range len(text) {
			if r := Decode([]byte(text[:i]+text[i+1:]), "utf-8"); r.Charset != "utf-8" {
				t.Errorf("%q without byte %d: read as %s", text, i, r.Charset)
			}
		}
	}
}

// BenchmarkMeant shows what asking costs whether a label is right, 4 kB each.
func BenchmarkMeant(b *testing.B) {
	for _, w := range languages() {
		b.Run(w.charset, func(b *testing.B) {
			raw, err := w.encode.NewEncoder().Bytes([]byte(strings.Repeat(w.texts[0]+"\r\n", 40)))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				meant(raw, w.charset)
			}
		})
	}
}

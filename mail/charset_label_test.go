package mail

import (
	"strings"
	"testing"

	"golang.org/x/net/idna"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestLinkUnderWrongLabel: a reader's program shows the text, so a link in it is
// seen, whatever charset the part claims.
func TestLinkUnderWrongLabel(t *testing.T) {
	encoded := func(s string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	kr := func(s string) string { // letters between Shift Out and Shift In
		var b strings.Builder
		b.WriteString("\x1b$)C")
		shifted := byte(0)
		for _, c := range []byte(encoded(korean.EUCKR.NewEncoder().String(s))) {
			if c&0x80 != shifted {
				shifted = c & 0x80
				b.WriteByte(0x0f - shifted>>7)
			}
			b.WriteByte(c & 0x7f)
		}
		return b.String() + "\x0f"
	}
	jp := encoded(japanese.ISO2022JP.NewEncoder().String("資料はこちらです http://資料室.example/ ご確認ください"))
	for _, c := range []struct{ label, body, host string }{
		{"ISO-2022-JP", "資料はこちらです http://資料室.example/ ご確認ください", "資料室.example"},
		{"Shift_JIS", "資料はこちらです http://資料室.example/ ご確認ください", "資料室.example"},
		{"big5", "請看這裡 http://文件.example/ 謝謝", "文件.example"},
		{"euc-kr", "여기에서 확인하세요 http://자료실.example/ 감사합니다", "자료실.example"},
		{"iso-8859-1", "Die Rechnung liegt unter http://büro.example/ für Sie", "büro.example"},
		{"windows-1250", "Zaplaťte prosím na http://účet.example/ ještě dnes", "účet.example"},
		{"koi8-r", "Оплатите счёт на http://счёт.example/ сегодня", "счёт.example"},
		{"utf-8", jp, "資料室.example"},
		{"us-ascii", jp, "資料室.example"},
		{"iso-8859-1", jp, "資料室.example"},
		{"", jp, "資料室.example"},
		{"ISO-2022-KR", kr("여기에서 확인 http://자료실.example/ 감사"), "자료실.example"},
		{"", kr("여기에서 확인 http://자료실.example/ 감사"), "자료실.example"},
		{"euc-jp", encoded(charmap.Windows1251.NewEncoder().String("Оплатите счет по ссылке http://счет.example/ сегодня, спасибо за понимание")), "счет.example"},
		{"utf-8", encoded(simplifiedchinese.GBK.NewEncoder().String("请点击这里查看您的账单 http://账单.example/ 谢谢您的合作，祝您生活愉快，我们的网站")), "账单.example"},
		{"iso-8859-1", encoded(traditionalchinese.Big5.NewEncoder().String("請點擊這裡查看您的帳單 http://帳單.example/ 謝謝您的合作")), "帳單.example"},
		{"big5", encoded(simplifiedchinese.GBK.NewEncoder().String("请点击这里查看您的账单 http://账单.example/ 谢谢您的合作")), "账单.example"},
		{"iso-2022-kr", encoded(korean.EUCKR.NewEncoder().String("여기에서 확인하세요 http://자료실.example/ 감사합니다")), "자료실.example"},
		{"iso-2022-jp", encoded(japanese.ShiftJIS.NewEncoder().String("資料はこちらです http://資料室.example/ ご確認ください")), "資料室.example"},
		{"koi8-r", encoded(charmap.Windows1251.NewEncoder().String("Оплатите счет http://счет.example/ сегодня")), "счет.example"},
		{"windows-1251", encoded(charmap.KOI8R.NewEncoder().String("Оплатите счет http://счет.example/ сегодня")), "счет.example"},
	} {
		typ := "text/plain"
		if c.label != "" {
			typ += "; charset=" + c.label
		}
		m := Parse([]byte("Content-Type: "+typ+"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+c.body+"\r\n"), Envelope{}, Limits{})
		var hosts []string
		for _, u := range m.URLs() {
			hosts = append(hosts, u.Host)
		}
		want, err := idna.ToASCII(c.host)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(hosts, " ") != want {
			t.Errorf("%s: %q: hosts %q, want %s", c.label, m.Texts()[0].UTF8(), hosts, want)
		}
	}
}

// TestHeaderUnderWrongLabel: encoded words are doubted like bodies, and so are
// parameters (RFC 2231).
func TestHeaderUnderWrongLabel(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"=?gb2312?B?6K+35p+l5pS2?= =?gb2312?B?6ZmE5Lu2?=", "请查收附件"},
		{"=?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
		{"=?big5?Q?Caf=C3=A9_=E2=82=AC?=", "Café €"},
		{"=?euc-kr?B?Wm/DqyDDhMOWw5wgw7w=?=", "Zoë ÄÖÜ ü"},
		{"=?iso-2022-kr?B?GyQpQw5HUTFbDw==?=", "한글"},
		{"=?utf-8?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?gb2312?B?zajWqg==?=", "通知"},
	} {
		if got := DecodeText(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.in, got, c.want)
		}
	}
	d := ParseDisposition("attachment; filename*=iso-8859-1''R%C3%BCckruf.pdf")
	if got := param(d.Params, "filename"); got != "Rückruf.pdf" {
		t.Errorf("file name %q", got)
	}
}

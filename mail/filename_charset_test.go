package mail

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestFileNamesUnderWrongLabel: a file name is doubted like any other text, in
// whatever form it is written: as it is, as an encoded word (RFC 2047), in the
// extended form and in pieces (RFC 2231).
func TestFileNamesUnderWrongLabel(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      encoding.Encoding
		charset string
	}{
		{"Счет на оплату за октябрь.exe", charmap.Windows1251, "utf-8"},
		{"Акт сверки за январь и ещё.doc", charmap.Windows1251, "euc-jp"},
		{"Договор подряда и акт сверки.js", charmap.Windows1251, "x-no-such"},
		{"請求書のご確認をお願いします.exe", japanese.ShiftJIS, "utf-8"},
		{"請求書.exe", japanese.ISO2022JP, "utf-8"},
		{"資料.zip", japanese.ISO2022JP, "iso-8859-1"},
		{"请查收附件中的账单谢谢您的合作.exe", simplifiedchinese.GBK, "utf-8"},
		{"Rückruf für.exe", encoding.Nop, "iso-8859-1"},
		{"Přehled účtů.exe", encoding.Nop, "windows-1250"},
		{"Счет на оплату.exe", encoding.Nop, "koi8-r"},
		{"請求書.exe", encoding.Nop, "iso-2022-jp"},
		{"账单和附件.exe", encoding.Nop, "big5"},
	} {
		raw, err := c.in.NewEncoder().String(c.name)
		if err != nil {
			t.Fatal(err)
		}
		escaped := strings.ReplaceAll(url.QueryEscape(raw), "+", "%20")
		cut := strings.LastIndex(escaped, "%")
		for _, value := range []string{
			`attachment; filename="` + raw + `"`,
			"attachment; filename*=" + c.charset + "''" + escaped,
			"attachment; filename*0*=" + c.charset + "''" + escaped[:cut] + "; filename*1*=" + escaped[cut:],
			`attachment; filename="=?` + c.charset + "?B?" + base64.StdEncoding.EncodeToString([]byte(raw)) + `?="`,
		} {
			if got := param(ParseDisposition(value).Params, "filename"); got != c.name {
				t.Errorf("%q: got %q, want %q", value, got, c.name)
			}
		}
	}
}

package osb

import (
	"slices"
	"testing"
)

// TestUnspacedWords has runs of letters without blanks.
func TestUnspacedWords(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"公司管理", "公司 管理"},
		{"我们的公司在北京", "我们 的 公司 在 北京"},
		{"什么是管理", "什么 是 管理"},
		{"株式会社", "株式 会社"},
		{"カードをご利用いただきありがとう", "カード を ご 利用 いただき ありがとう"},
		{"これは、本です。zebra本", "これ は 本 です zebra 本"},
		{"客", "客"},
		{"三客户", "三客 户"},
	} {
		r := reader{stem: func(s string) string { return s }}
		r.read(c.text, nil)
		if !slices.Equal(r.words, list(c.want)) {
			t.Errorf("%s: %v, want %s", c.text, r.words, c.want)
		}
	}
}

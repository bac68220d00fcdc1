package osb

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// unspaced is the script of a segment that is one letter of a language without
// blanks, nil for others. Rspamd makes words of such letters by ICU's dictionaries.
func unspaced(segment string) *unicode.RangeTable {
	c, n := utf8.DecodeRuneInString(segment)
	switch {
	case c < utf8.RuneSelf || n != len(segment):
	case unicode.Is(unicode.Han, c):
		return unicode.Han
	case unicode.Is(unicode.Hiragana, c):
		return unicode.Hiragana
	}
	return nil
}

// particles are the commonest words of Chinese and Japanese texts, which stand between
// others.
const particles = "的 与 是 在 有 和 为 你 我 他 对 到 让 请 了 及 跟 就 很 将 给 去 等 " +
	"为什么 可以 什么 我们 他们 没有 如果 这个 这些 就是 或者 因为 所以 但是 已经 自己 进行 通过 哪些 以及 以上 需要 知道 不同 如何 " +
	"我們 他們 沒有 這個 這些 因為 已經 進行 通過 為什麼 什麼 " +
	"を は が に の で と も へ ご お し い た な て ます です ました ません ので ない こと する した おり いる ある れる から まで より など ため ながら " +
	"この その あの これ それ こちら あなた いただき ありがとう いつも よう という について として また および お客様 ご利用 お願い"

// maxParticle is the length of the longest of them, in letters.
const maxParticle = 5

var allParticles = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(particles) {
		all[w] = true
	}
	return all
})

// unspacedWords takes a run of letters apart: at particles, the longest first, and
// what stands between them into pairs of ideographs, as most words of Chinese are, and
// single letters of Hiragana.
func unspacedWords(run string, script *unicode.RangeTable) []string {
	most := 2
	if script == unicode.Hiragana {
		most = 1
	}
	var out []string
	from, letters := 0, 0 // of the word that is not complete
	cut := func(to int) {
		if from < to {
			out = append(out, run[from:to])
		}
		from, letters = to, 0
	}
	for at := 0; at < len(run); {
		if n := particleAt(run[at:]); n > 0 {
			cut(at)
			at += n
			cut(at)
			continue
		}
		_, n := utf8.DecodeRuneInString(run[at:])
		at += n
		if letters++; letters == most {
			cut(at)
		}
	}
	cut(len(run))
	return out
}

// particleAt is the length of the longest particle that s begins with.
func particleAt(s string) (longest int) {
	all, end := allParticles(), 0
	for range maxParticle {
		_, n := utf8.DecodeRuneInString(s[end:])
		if end += n; n == 0 {
			break
		}
		if all[s[:end]] {
			longest = end
		}
	}
	return longest
}

package mail

import (
	"strings"
	"sync"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

const (
	minLanguageWords = 20  // fewer words tell no language by their letters
	minFunctionWords = 3   // fewer of a language's usual words don't tell it
	fewWords         = 10  // of fewer words one less is enough
	maxLanguageBytes = 512 // of text are looked at for the language
	maxScriptBytes   = 64 << 10
)

// Language returns the guessed language (ISO 639-1) and a confidence in
// [0,1]; "" for mixed texts and for short ones without the language's usual
// words.
func (t *Text) Language() (lang string, confidence float64) {
	t.langOnce.Do(func() { t.lang, t.confidence = t.guessLanguage() })
	return t.lang, t.confidence
}

func (t *Text) guessLanguage() (string, float64) {
	counts, letters := t.Scripts(), 0
	top, most := "", 0
	for name, n := range counts {
		letters += n
		if n > most || n == most && name < top {
			top, most = name, n
		}
	}
	if letters == 0 {
		return "", 0
	}
	share := float64(most) / float64(letters)
	// Japanese mixes its own letters with Chinese ones.
	if kana := counts["Hiragana"] + counts["Katakana"]; kana > 5 && kana*10 > letters {
		return "ja", float64(kana+counts["Han"]) / float64(letters)
	}
	if l := scriptLanguage(top); l != "" && most >= minLanguageWords {
		return l, share
	}
	if top == "Latin" {
		least := minFunctionWords
		if len(t.Words()) < fewWords {
			least-- // two of eight are many
		}
		if l, hits, second := byFunctionWords(t.Words()); hits >= least && hits > second {
			return l, 1 - float64(second)/float64(2*hits)
		}
	}
	if len(t.Words()) < minLanguageWords {
		return "", 0
	}
	text := t.Plain()
	if len(text) > maxLanguageBytes {
		text = strings.ToValidUTF8(text[:maxLanguageBytes], "")
	}
	info := whatlanggo.DetectWithOptions(text, whatlanggo.Options{Whitelist: usualLanguages()})
	if info.Lang < 0 || info.Confidence <= 0 {
		return "", 0
	}
	return info.Lang.Iso6391(), min(info.Confidence, 1)
}

// usualLanguages are those that are told apart: with all that whatlanggo knows
// it takes short texts for rare languages.
var usualLanguages = sync.OnceValue(func() map[whatlanggo.Lang]bool {
	set := make(map[whatlanggo.Lang]bool, 40)
	for _, l := range [...]whatlanggo.Lang{
		whatlanggo.Eng, whatlanggo.Spa, whatlanggo.Por, whatlanggo.Fra, whatlanggo.Deu, whatlanggo.Ita, whatlanggo.Nld,
		whatlanggo.Pol, whatlanggo.Ces, whatlanggo.Ron, whatlanggo.Hun, whatlanggo.Tur, whatlanggo.Swe, whatlanggo.Dan,
		whatlanggo.Nob, whatlanggo.Fin, whatlanggo.Hrv, whatlanggo.Vie, whatlanggo.Ind, whatlanggo.Est, whatlanggo.Lit,
		whatlanggo.Lav, whatlanggo.Slv, whatlanggo.Rus, whatlanggo.Ukr, whatlanggo.Bul, whatlanggo.Srp, whatlanggo.Bel,
		whatlanggo.Mkd, whatlanggo.Arb, whatlanggo.Pes, whatlanggo.Urd, whatlanggo.Hin, whatlanggo.Mar, whatlanggo.Nep,
	} {
		set[l] = true
	}
	return set
})

// scriptLanguage names the language of scripts that one language uses.
func scriptLanguage(script string) string {
	switch script {
	case "Hangul":
		return "ko"
	case "Hiragana", "Katakana":
		return "ja"
	case "Han":
		return "zh"
	case "Thai":
		return "th"
	case "Greek":
		return "el"
	case "Hebrew":
		return "he"
	case "Armenian":
		return "hy"
	case "Georgian":
		return "ka"
	}
	return ""
}

// Scripts counts the letters of the beginning of the text by Unicode script
// name.
func (t *Text) Scripts() map[string]int {
	t.scriptsOnce.Do(func() {
		text := t.Plain()
		t.scripts = countScripts(text[:min(len(text), maxScriptBytes)])
	})
	return t.scripts
}

func countScripts(text string) map[string]int {
	counts := map[string]int{}
	latin := 0
	last, lastTable := "", (*unicode.RangeTable)(nil)
	n := 0
	for _, r := range text {
		if r < 0x80 {
			if alphaByte(byte(r)) {
				latin++
			}
			continue
		}
		if r == '\uFFFD' || !unicode.IsLetter(r) {
			continue
		}
		if lastTable == nil || !unicode.Is(lastTable, r) {
			if n > 0 {
				counts[last] += n
			}
			last, lastTable, n = scriptOf(r)
		}
		n++
	}
	if n > 0 {
		counts[last] += n
	}
	if latin > 0 {
		counts["Latin"] += latin
	}
	return counts
}

// scriptOf finds the script of a letter, the common ones first. The third
// value is a zero counter.
func scriptOf(r rune) (string, *unicode.RangeTable, int) {
	for _, name := range [...]string{"Latin", "Cyrillic", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Greek", "Hebrew", "Thai", "Devanagari"} {
		if table := unicode.Scripts[name]; unicode.Is(table, r) {
			return name, table, 0
		}
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name, table, 0
		}
	}
	return "Unknown", nil, 0
}

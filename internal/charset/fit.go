package charset

import "golang.org/x/text/encoding/korean"

// A fit says how much of a text is what the language of a charset is usually
// written with, and how much it hardly ever has.
type fit struct{ n, good, bad int }

// share is what of a hundred characters is usual, less what is unusual.
func (f fit) share() int { return (f.good - f.bad) * 100 / max(f.n, 1) }

const (
	fitDoubt   = 60 // a text of pairs of bytes below this may be another charset's
	fitSure    = 85 // and from here on it is this one's
	fitLeast   = 3  // characters of pairs that say anything
	fitEnough  = 5  // characters of which a label is doubted
	fitVarious = 4  // different bytes above ASCII: a row of blanks or stars is no text
	fitMany    = 8  // so many that what they lack says something too
	fitBroken  = 3  // what a byte without its second one counts, which right texts don't have
	cyrSure    = 55 // a text of Cyrillic letters, of which a few are most
	cyrLeast   = 5
	cyrFarther = 35 // how much better than by its label one fits another charset; half of it for long ones
)

// fitting names the charset of Chinese, Japanese, Korean or Russian and its
// relations that b is in by the characters that it would consist of, "" if it
// fits none of them, or not clearly. Each of them is read as it stands, and only
// one of the readings is of usual characters.
func fitting(b []byte) string {
	various := kinds(b)
	if various < fitVarious || various < min(count8bit(b)/4, 4*fitVarious) {
		return ""
	}
	best, most := "", fitSure-1
	for _, name := range [...]string{"euc-kr", "shift_jis", "euc-jp", "big5", "gb18030"} {
		f := fitPairs(b, name)
		if f.n < fitLeast || f.share() <= most || !told(b, name, f) {
			continue
		}
		if best, most = name, f.share(); name == "euc-kr" {
			break // all of it is usual in Chinese too
		}
	}
	if various < cyrLeast {
		return best
	}
	cyrillic, least := "", cyrSure-1
	for _, name := range [...]string{"windows-1251", "koi8-r", "iso-8859-5", "ibm866"} {
		enough := cyrLeast
		if name == "ibm866" {
			enough = fitMany // nobody writes it any more
		}
		if f := fitCyrillic(b, name); f.n >= enough && f.share() > least {
			cyrillic, least = name, f.share()
		}
	}
	switch {
	case best == "":
		return cyrillic
	case cyrillic == "":
		return best
	}
	return ""
}

// count8bit counts the bytes above ASCII.
func count8bit(b []byte) int {
	n := 0
	for _, c := range b {
		if c >= 0x80 {
			n++
		}
	}
	return n
}

// kinds counts the different bytes above ASCII.
func kinds(b []byte) int {
	n := 0
	var seen [256]bool
	for _, c := range b {
		if c >= 0x80 && !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}

// refit names the charset that b fits where it fits the one of its label so badly
// that it can't be in that; "" if the label may be right.
func refit(b []byte, label string) string {
	other := ""
	switch label {
	case "gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift_jis":
		other = refitPairs(b, label)
	case "windows-1251", "koi8-r", "koi8-u", "iso-8859-5", "ibm866":
		other = refitCyrillic(b, label)
	case "windows-1253", "iso-8859-7", "windows-1255", "iso-8859-8", "windows-1256", "iso-8859-6", "windows-874":
		other = refitLetters(b, label)
	}
	if other == label || other == "koi8-r" && label == "koi8-u" {
		return ""
	}
	return other
}

// refitPairs is refit for labels of charsets of pairs. Characters of half width
// alone say nothing.
func refitPairs(b []byte, label string) string {
	switch f := fitPairs(b, label); {
	case f.n < fitEnough:
	case f.share() < fitDoubt && count(b, label, halfPair) < f.n, lacks(b, label, f.n):
		return fitting(b)
	case label != "euc-kr":
		if kr := fitPairs(b, "euc-kr"); kr.share() >= fitSure && told(b, "euc-kr", kr) {
			return fitting(b) // whose syllables stand where Chinese has usual characters
		}
	}
	return ""
}

// refitCyrillic is refit for labels of charsets of Cyrillic letters, which are
// letters in the other ones too, but unusual.
func refitCyrillic(b []byte, label string) string {
	f, farther := fitCyrillic(b, label), cyrFarther
	if f.n < fitMany || f.share() >= cyrSure {
		return ""
	}
	if f.n >= 2*fitMany {
		farther /= 2
	}
	other := fitting(b)
	if cyrillicTable(other) == nil {
		if f.share() >= cyrSure/2 {
			return ""
		}
		if other == "" {
			return fittingLetters(b)
		}
		return other
	}
	if fitCyrillic(b, other).share()-f.share() < farther {
		return ""
	}
	return other
}

// lacks reports whether n characters, which are many, have none of what a text in
// the charset has: second bytes of ASCII in Big5, usual syllables in Korean.
func lacks(b []byte, label string, n int) bool {
	switch {
	case n < fitMany:
	case label == "big5":
		return count(b, label, telling) == 0
	case label == "euc-kr":
		return 8*syllables(b) < n
	}
	return false
}

// told reports whether a text that fits a charset of pairs does not stand within
// words of ASCII, as letters with accents do, and has what the others lack: kana in
// Japanese, the usual syllables in Korean, whose rows are usual characters in
// Chinese too, and second bytes of ASCII in Big5.
func told(b []byte, name string, f fit) bool {
	if 3*torn(b, pairKinds(name)) > f.n {
		return false
	}
	switch name {
	case "euc-kr":
		return 4*syllables(b) >= f.n
	case "euc-jp", "shift_jis":
		return 5*count(b, name, kana) >= f.n
	case "big5":
		return 8*count(b, name, telling) >= f.n
	}
	return true
}

// fitPairs reads b in a charset of pairs of bytes.
func fitPairs(b []byte, name string) fit {
	f, kind := fit{}, pairKinds(name)
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		switch kind(b[i], second(b, i)) {
		case noPair:
			f.n, f.bad = f.n+1, f.bad+fitBroken
			if second(b, i) < 0x80 {
				continue
			}
		case halfPair:
			f.n++
			continue
		case sign:
		case usual, kana, telling:
			f.n, f.good = f.n+1, f.good+1
		case foreignPair:
			f.n, f.bad = f.n+1, f.bad+1
		case rare:
			f.n++
		}
		i++
	}
	return f
}

// second returns the byte behind the one at i, 0 at the end, which is in no pair.
func second(b []byte, i int) byte {
	if i+1 == len(b) {
		return 0
	}
	return b[i+1]
}

// count counts the pairs of a kind.
func count(b []byte, name string, want pairKind) int {
	n, kind := 0, pairKinds(name)
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		k := kind(b[i], second(b, i))
		if k == want {
			n++
		}
		if k != halfPair {
			i++
		}
	}
	return n
}

// torn counts the runs of pairs that begin behind a letter of ASCII or end before
// one.
func torn(b []byte, kind func(lead, trail byte) pairKind) int {
	n := 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i > 0 && letter(b[i-1]) {
			n++
		}
		for i < len(b) && b[i] >= 0x80 {
			if kind(b[i], second(b, i)) != halfPair {
				i++
			}
			i++
		}
		if i < len(b) && letter(b[i]) {
			n++
		}
	}
	return n
}

// syllables counts the usual syllables of Korean in EUC-KR.
func syllables(b []byte) int {
	out, _ := korean.EUCKR.NewDecoder().Bytes(b) // up to what is none
	n := 0
	for _, r := range string(out) {
		if usualSyllable(r) {
			n++
		}
	}
	return n
}

// usualSyllable tells the syllables that are more than half of a text in Korean.
func usualSyllable(r rune) bool {
	switch r {
	case '이', '다', '는', '의', '에', '을', '를', '가', '고', '하', '지', '은', '로', '기', '사', '시', '니', '요', '습', '해',
		'인', '서', '도', '리', '한', '어', '아', '자', '일', '주', '수', '보', '정', '세', '안', '내', '부', '확', '오', '나',
		'그', '스', '대', '전', '라', '있', '들', '만', '게', '면', '상', '제', '여', '공', '위', '합', '드', '님', '문', '회',
		'계', '구':
		return true
	}
	return false
}

package hfilter

import "github.com/winnowmail/winnow/internal/ascii"

// A place is a set of what can stand beside a word in a host name. Digits and
// separators ("." and "-") tell names that a provider made for its customers'
// addresses from names that somebody chose.
type place uint16

const (
	anywhere place = 0

	// Before the word.
	afterSep        place = 1 << iota // a separator
	afterDigit                        // a digit, with or without a separator between
	afterNumber                       // the same, and before the digit a digit or a separator
	afterNumberSep                    // the same, and the separator is there
	afterLongNumber                   // three digits and before them a fourth or a separator
	afterSepSep                       // a separator, and before it a digit or a separator

	// Behind the word.
	beforeSep       // a separator
	beforeDigit     // a separator and a digit
	beforeNumber    // a separator and two digits
	beforeDigitMore // a separator, a digit, and a digit or a separator
	beforeDigitAny  // a digit, with or without a separator between
)

// A sight is one way in which a word gives a name its weight.
type sight struct {
	before, after place
	weight        int // 1 (hardly) to 5 (surely a customer's line)
}

// A word is one that providers put into the names of customers' addresses.
type word struct {
	text   string // lower case
	prefix string // bytes of which one may stand before the word and then belongs to it
	sights []sight
}

// maxWeight is the highest weight there is.
const maxWeight = 5

// hostWords holds the words by their first letter.
type hostWords [26][]word

// newHostWords makes the table. Weights and places are Rspamd 4.1.6's.
func newHostWords() *hostWords {
	var t hostWords
	add := func(text, prefix string, sights []sight) {
		i := text[0] - 'a'
		t[i] = append(t[i], word{text, prefix, sights})
	}
	like := func(weight int, places [][2]place, texts ...string) {
		sights := make([]sight, len(places))
		for i, p := range places {
			sights[i] = sight{p[0], p[1], weight}
		}
		for _, s := range texts {
			add(s, "", sights)
		}
	}
	between := [2]place{afterSep, beforeSep}
	ahead := [2]place{anywhere, beforeDigit}
	behind := [2]place{afterNumber, anywhere}
	behindDigit := [2]place{afterDigit, anywhere}
	behindSep := [2]place{afterNumberSep, anywhere}
	odd := [2]place{afterSepSep, beforeSep}
	usual := [][2]place{between, ahead, behind}
	loose := [][2]place{between, ahead, behindDigit}
	strict := [][2]place{between, ahead, behindSep}

	like(5, usual, "nat", "homeuser", "dynamic", "catv", "ppp", "dialup", "dial-up", "cablemodem", "pptp")
	like(5, loose, "wifi", "broad", "dhcp")
	like(5, strict, "broadband", "gprs", "cdma", "modem")
	like(5, [][2]place{odd, ahead, behind}, "pppoe")
	like(5, [][2]place{odd, ahead, behindSep}, "dynip")
	like(5, [][2]place{{anywhere, beforeDigitMore}, behindSep}, "dyn")
	like(5, [][2]place{between, behind}, "bredband")
	like(5, [][2]place{ahead}, "brodband")
	like(5, [][2]place{behind}, "comcast")
	like(4, usual, "pool", "fibertel", "in-addr", "inaddr")
	like(4, loose, "fbx")
	like(4, [][2]place{{anywhere, beforeDigitAny}}, "dsl-line")
	like(3, usual, "unused-addr")
	like(3, loose, "kabel")
	like(3, strict, "cable")
	like(2, usual, "host")
	like(1, usual, "peer", "user", "customer", "customers")
	like(1, [][2]place{between}, "vps")
	for _, s := range []string{"client", "clients"} {
		add(s, "", []sight{{anywhere, beforeNumber, 5}, {afterLongNumber, anywhere, 5}, {afterSep, beforeSep, 1}})
	}
	add("dsl", "ax|", []sight{{afterNumber, anywhere, 4}, {afterSep, beforeSep, 4}, {anywhere, beforeDigitAny, 4}})
	add("dsl-dynamic", "ax|", []sight{{afterNumber, anywhere, 5}, {anywhere, beforeDigitAny, 5}})
	return &t
}

// weigh returns the highest weight that a word gives the host name, and that
// word; 0 if none does. The time is linear in the name.
func (t *hostWords) weigh(host string) (weight int, found string) {
	for i := 0; i < len(host) && weight < maxWeight; i++ {
		c := ascii.Lower(host[i]) - 'a'
		if c >= 26 {
			continue
		}
		for _, w := range t[c] {
			if !ascii.HasPrefixFold(host[i:], w.text) {
				continue
			}
			if n := w.at(host, i); n > weight {
				weight, found = n, w.text
			}
		}
	}
	return weight, found
}

// at weighs the word that stands at i.
func (w *word) at(host string, i int) int {
	seen := before(host, i) | after(host, i+len(w.text))
	if i > 0 && isOneOf(ascii.Lower(host[i-1]), w.prefix) {
		seen |= before(host, i-1)
	}
	best := 0
	for _, s := range w.sights {
		if need := s.before | s.after; seen&need == need {
			best = max(best, s.weight)
		}
	}
	return best
}

// before tells what stands in front of i.
func before(host string, i int) (p place) {
	if i == 0 {
		return 0
	}
	if isSep(host[i-1]) {
		p |= afterSep
		if i > 1 && (isSep(host[i-2]) || ascii.IsDigit(host[i-2])) {
			p |= afterSepSep
		}
		end := i - 1
		p |= number(host, end)
		if p&afterNumber != 0 {
			p |= afterNumberSep
		}
		return p
	}
	return number(host, i)
}

// number tells what number ends at end.
func number(host string, end int) (p place) {
	n := 0
	for n < 4 && n < end && ascii.IsDigit(host[end-1-n]) {
		n++
	}
	sep := end > n && isSep(host[end-1-n])
	if n > 0 {
		p |= afterDigit
	}
	if n > 1 || n == 1 && sep {
		p |= afterNumber
	}
	if n > 3 || n == 3 && sep {
		p |= afterLongNumber
	}
	return p
}

// after tells what stands at i and behind.
func after(host string, i int) (p place) {
	digit := func(j int) bool { return j < len(host) && ascii.IsDigit(host[j]) }
	if digit(i) {
		return beforeDigitAny
	}
	if i >= len(host) || !isSep(host[i]) {
		return 0
	}
	p = beforeSep
	if !digit(i + 1) {
		return p
	}
	p |= beforeDigit | beforeDigitAny
	if digit(i + 2) {
		p |= beforeNumber | beforeDigitMore
	} else if i+2 < len(host) && isSep(host[i+2]) {
		p |= beforeDigitMore
	}
	return p
}

func isSep(c byte) bool { return c == '.' || c == '-' }

func isOneOf(c byte, set string) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

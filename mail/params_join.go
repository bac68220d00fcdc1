package mail

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/charset"
)

// joinPieces puts numbered pieces together and decodes them, in the order in
// which the names first occur.
func joinPieces(ps []piece, g *charset.Guesses) []Param {
	if len(ps) == 0 {
		return nil
	}
	out := make([]Param, 0, len(ps))
	var order []string
	groups := map[string][]piece{}
	for _, p := range ps {
		if _, ok := groups[p.name]; !ok {
			order = append(order, p.name)
		}
		groups[p.name] = append(groups[p.name], p)
	}
	for _, name := range order {
		out = append(out, Param{name, joinGroup(groups[name], g)})
	}
	return out
}

// joinGroup makes one value of the pieces of one name. The extended form wins
// over the plain one (RFC 6266 section 4.3, common for mail too); of several
// plain ones the first that is not empty counts.
func joinGroup(g []piece, guess *charset.Guesses) string {
	if len(g) == 1 && !g[0].ext && g[0].section < 0 {
		return plainValue(g[0].value, guess)
	}
	var numbered []piece
	plain, ext := -1, -1
	for i, p := range g {
		switch {
		case p.section >= 0:
			numbered = append(numbered, p)
		case p.ext && ext < 0:
			ext = i
		case !p.ext && (plain < 0 || g[plain].value == ""):
			plain = i
		}
	}
	switch {
	case ext >= 0:
		cs, v := cutCharset(g[ext].value)
		return guess.Decode(unpercent(v), cs).Text
	case len(numbered) == 0:
		return plainValue(g[plain].value, guess)
	}
	if plain >= 0 {
		numbered = append([]piece{{section: -1, value: g[plain].value}}, numbered...)
	}
	return joinNumbered(numbered, guess)
}

func joinNumbered(ps []piece, guess *charset.Guesses) string {
	slices.SortStableFunc(ps, func(a, b piece) int { return cmp.Compare(a.section, b.section) })
	label := ""
	var raw []byte
	anyExt := false
	for _, p := range ps {
		v := p.value
		if p.ext {
			if !anyExt {
				label, v = cutCharset(v)
			} else if n := len(label); n > 0 && len(v) > n && v[n] == '\'' && strings.EqualFold(v[:n], label) {
				v = v[n+1:] // the charset repeated, without language
			}
			anyExt = true
			raw = append(raw, unpercent(v)...)
			continue
		}
		raw = append(raw, v...)
	}
	if !anyExt {
		return plainValue(string(raw), guess)
	}
	return guess.Decode(raw, label).Text
}

// cutCharset takes charset'language' off an extended value.
func cutCharset(v string) (label, rest string) {
	a := strings.IndexByte(v, '\'')
	if a < 0 || a > 40 {
		return "", v
	}
	b := strings.IndexByte(v[a+1:], '\'')
	if b < 0 {
		if a > 0 && charset.Known(v[:a]) {
			return v[:a], v[a+1:]
		}
		return "", v
	}
	return v[:a], v[a+1+b+1:]
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

// plainValue decodes encoded words, which should not be inside parameters but
// are.
func plainValue(s string, guess *charset.Guesses) string {
	if strings.Contains(s, "=?") {
		return decodeWords(s, false, guess)
	}
	return utf8Text(s, guess)
}

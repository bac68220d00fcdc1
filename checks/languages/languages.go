// Package languages tells mail in a language that the site's users do not read.
// Which ones they do is an option; Rspamd has nothing like it, SpamAssassin has
// ok_languages.
//
// A text in letters that no welcome language is written in is not welcome. The
// language of any other is the one that package mail guesses by its letters and
// usual words; of languages that the guess takes for each other, such as Czech and
// Slovak, one that is welcome is enough. Short texts say nothing, and neither do
// those of users and of the own networks.
package languages

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Welcome are the languages that are read, by ISO 639-1 ("de"). None means all.
	Welcome []string
	// ByDomain are those that are read in domains of recipients, in place of
	// Welcome. A message is welcome if it is to one of its recipients.
	ByDomain map[string][]string
	// MinWords is how many words a text needs to say anything; 0 means 20. In
	// Chinese, Japanese and Thai most letters are a word.
	MinWords int
	// MinConfidence is how sure the guess of a language has to be, up to 1; 0 means
	// 0.75.
	MinConfidence float64
}

// Unwelcome is the symbol of the family. Its option is the language, or the name
// of the script where that tells enough.
var Unwelcome = &symbols.Def{
	Name: "UNWELCOME_LANGUAGE", Groups: []string{"languages"}, Weight: 2.8,
	Doc: "the message is in a language that no recipient's site reads",
}

// neighbours are languages that are taken for each other.
func neighbours() [][]string {
	return [][]string{{"da", "nb", "nn", "no"}, {"hr", "sr", "bs"}, {"cs", "sk"}, {"id", "ms"}, {"es", "gl", "ca"}, {"bg", "mk"}}
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("languages")
	codes := func(field string, list []string) {
		for i, code := range list {
			b, err := language.ParseBase(code)
			v.If(err != nil || len(code) != 2 || b.String() != code && code != "no", valid.At(field, i), "%q is no language of ISO 639-1", code)
		}
	}
	codes("Welcome", o.Welcome)
	for _, domain := range slices.Sorted(maps.Keys(o.ByDomain)) {
		v.Domains("ByDomain", []string{domain})
		codes("ByDomain["+domain+"]", o.ByDomain[domain])
	}
	v.Number("MinWords", int64(o.MinWords), 0, 1<<20)
	v.If(!(o.MinConfidence >= 0 && o.MinConfidence <= 1), "MinConfidence", "%g is not between 0 and 1", o.MinConfidence)
	return v.Err()
}

// A family is the options made ready.
type family struct {
	Options
	welcome  set
	byDomain map[string]set
}

// A set is the languages of a site; an empty one is all.
type set struct {
	codes   map[string]bool
	scripts map[string]bool // by ISO 15924
}

func newSet(codes []string) set {
	s := set{map[string]bool{}, map[string]bool{}}
	for _, code := range codes {
		s.codes[code] = true
		script, _ := language.Make(code).Script()
		s.scripts[script.String()] = true
		for _, group := range neighbours() {
			if slices.Contains(group, code) {
				for _, other := range group {
					s.codes[other] = true
				}
			}
		}
	}
	return s
}

// has reports whether a language is welcome.
func (s set) has(code string) bool { return len(s.codes) == 0 || s.codes[code] }

// writes reports whether a welcome language is written in a script, as package
// unicode names it. Of scripts that most languages use it knows nothing.
func (s set) writes(script string) bool {
	codes, ok := map[string][]string{
		"Cyrillic": {"Cyrl"}, "Greek": {"Grek"}, "Arabic": {"Arab"}, "Hebrew": {"Hebr"}, "Thai": {"Thai"}, "Devanagari": {"Deva"},
		"Hangul": {"Kore"}, "Hiragana": {"Jpan"}, "Katakana": {"Jpan"}, "Han": {"Hans", "Hant", "Jpan", "Kore"},
	}[script]
	return !ok || len(s.codes) == 0 || slices.ContainsFunc(codes, func(c string) bool { return s.scripts[c] })
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "languages", Doc: "languages that the site's users do not read", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil || len(o.Welcome)+len(o.ByDomain) == 0 {
		return f
	}
	r := &family{Options: o, welcome: newSet(o.Welcome), byDomain: map[string]set{}}
	for domain, codes := range o.ByDomain {
		r.byDomain[mail.DomainKey(domain)] = newSet(codes)
	}
	if r.MinWords == 0 {
		r.MinWords = 20
	}
	if r.MinConfidence == 0 {
		r.MinConfidence = 0.75
	}
	f.Checks = []*checks.Check{{
		Name: "languages", Doc: f.Doc, Symbols: []*symbols.Def{Unwelcome}, Requires: checks.Facts(relay.Fact), Run: r.run,
	}}
	return f
}

func (f *family) run(_ context.Context, t *checks.Task) error {
	if !relay.Foreign(t) {
		return nil
	}
	sites := f.sites(t.Message())
	var longest *mail.Text
	name := ""
	for _, x := range t.Message().Texts() {
		if len(x.Words()) < f.MinWords {
			continue
		}
		code, sure := x.Language()
		if sure < f.MinConfidence {
			code = ""
		}
		script := mainScript(x)
		says := true
		for _, s := range sites {
			switch {
			case !s.writes(script):
			case code == "":
				says = false
			case s.has(code):
				return nil
			}
		}
		if says && (longest == nil || len(x.Words()) > len(longest.Words())) {
			longest, name = x, cmp.Or(code, strings.ToLower(script))
		}
	}
	if longest != nil {
		t.HitAt(symbols.Hit{Def: Unwelcome, Factor: 1, Options: []string{name}, Evidence: checks.Part(longest.Part)})
	}
	return nil
}

// mainScript is the script of two thirds of a text's letters, "" if there is none.
func mainScript(x *mail.Text) string {
	all, counts := 0, x.Scripts()
	for _, n := range counts {
		all += n
	}
	for script, n := range counts {
		if 3*n > 2*all {
			return script
		}
	}
	return ""
}

// sites are the languages of the recipients' sites, each once: a message may be for
// thousands and have thousands of parts.
func (f *family) sites(m *mail.Message) (sites []set) {
	seen := map[string]bool{}
	for _, r := range m.EnvelopeRcpts() {
		domain := r.DomainKey()
		s, ok := f.byDomain[domain]
		if !ok {
			domain, s = "", f.welcome
		}
		if !seen[domain] {
			seen[domain] = true
			sites = append(sites, s)
		}
	}
	if len(sites) == 0 {
		sites = append(sites, f.welcome)
	}
	return sites
}

package urls

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/redirectors"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/internal/wildcard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	phishing = &symbols.Def{
		Name: "PHISHING", Groups: []string{"phishing"}, Weight: 4, OneShot: true,
		Doc: "a link shows a URL of another domain than it leads to; the less alike the less it counts",
	}
	redirectorFalse = &symbols.Def{
		Name: "REDIRECTOR_FALSE", Groups: []string{"phishing"},
		Doc: "a link shows another domain than it leads to, but that belongs to a service that redirects",
	}
	phishedWhitelisted = &symbols.Def{
		Name: "PHISHED_WHITELISTED", Groups: []string{"phishing"},
		Doc: "a link shows another domain than it leads to, but the operator trusts where it leads",
	}
	omograph = &symbols.Def{
		Name: "OMOGRAPH_URL", Groups: group(), Weight: 5,
		Doc: "the domain of a URL is written with letters that look like others",
	}
)

// PhishingOptions says which links are no phishing, and which ones raise
// symbols of their own.
type PhishingOptions struct {
	// Off leaves the family out.
	Off bool
	// Redirectors are registrable domains of services that lead elsewhere and
	// say so openly: links through them are no phishing. nil means
	// redirectors.Builtin; a list that is not nil and empty means that there
	// are none.
	Redirectors []string
	// Trusted are hosts and registrable domains that links may lead to
	// whatever they show; * stands for any text, ? for one character.
	Trusted []string
	// Strict are domains with symbols of their own, which are raised in full
	// instead of PHISHING where a link shows one and leads elsewhere.
	Strict []StrictDomains
	// Without names lists of Strict, by their Symbol, that are left out.
	Without []string
}

// StrictDomains are hosts and registrable domains that phishing is about, such
// as those of banks.
type StrictDomains struct {
	Symbol  string
	Weight  float64
	Domains []string
}

// Validate returns what is wrong with the options.
func (o PhishingOptions) Validate() error {
	v := valid.Of("phishing")
	v.Domains("Redirectors", o.Redirectors)
	v.Words("Trusted", o.Trusted)
	seen := map[string]bool{}
	for i, s := range o.Strict {
		at := valid.At("Strict", i) + "."
		v.Symbol(at+"Symbol", s.Symbol)
		v.If(seen[s.Symbol] && s.Symbol != "", at+"Symbol", "there is another list with the symbol %s", s.Symbol)
		seen[s.Symbol] = true
		v.Factor(at+"Weight", s.Weight)
		v.If(len(s.Domains) == 0, at+"Domains", "missing")
		v.Domains(at+"Domains", s.Domains)
	}
	for i, name := range o.Without {
		v.If(!seen[name], valid.At("Without", i), "there is no list %q", name)
	}
	return v.Err()
}

// NewPhishing returns the family phishing: links that show another domain than
// they lead to.
func NewPhishing(o PhishingOptions) *checks.Family {
	if o.Redirectors == nil {
		o.Redirectors = redirectors.Builtin()
	}
	config := o
	config.Redirectors = []string{checks.Digest(o.Redirectors)}
	f := &checks.Family{Name: "phishing", Doc: "links that show another domain than they lead to", Config: config, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	defs := []*symbols.Def{phishing, redirectorFalse, phishedWhitelisted, omograph}
	except := exceptions{redirectors: set(o.Redirectors), trusted: wildcard.New(o.Trusted)}
	for _, s := range o.Strict {
		if slices.Contains(o.Without, s.Symbol) {
			continue
		}
		def := &symbols.Def{
			Name: s.Symbol, Groups: []string{"phishing"}, Weight: s.Weight,
			Doc: "a link shows a domain of the operator's list but leads elsewhere",
		}
		except.strict = append(except.strict, strictList{def, set(s.Domains)})
		defs = append(defs, def)
	}
	f.Checks = []*checks.Check{{
		Name:     "urls-phishing",
		Doc:      "links that show another domain than they lead to",
		Symbols:  defs,
		Requires: checks.Facts(dmarc.Fact),
		Run:      func(_ context.Context, t *checks.Task) error { return runPhishing(t, except) },
	}}
	return f
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[mail.DomainKey(s)] = true
	}
	return m
}

// exceptions are the links that are no phishing, whatever they show.
type exceptions struct {
	redirectors map[string]bool
	trusted     wildcard.Set
	strict      []strictList
}

// A strictList holds domains that a link may only show if it leads there.
type strictList struct {
	def     *symbols.Def
	domains map[string]bool
}

func runPhishing(t *checks.Task, except exceptions) error {
	sender := "" // the registrable domain that DMARC vouches for
	if r, ok := dmarc.Fact.Get(t); ok && r.Status == "pass" {
		sender, _ = publicsuffix.ESLD(mail.DomainKey(r.Domain))
	}
	var options []string
	worst := 0.0
	seen := map[string]bool{}
	for _, u := range t.Message().URLs() {
		if u.Phished != nil && u.Flags&mail.URLImage == 0 {
			if sender == "" || u.TLD != sender {
				phished(t, u, except)
			}
			pair := u.Unicode + "->" + u.Phished.Unicode
			if !seen[pair] && lookAlike(u.Unicode, u.Phished.Unicode) {
				options, worst = append(options, pair), 1
			}
			seen[pair] = true
		}
		if u.Flags&mail.URLHTMLDisplayed == 0 && u.Flags&mail.URLUnicode != 0 && !seen[u.TLD] {
			seen[u.TLD] = true
			if mixedScripts(u.Unicode) {
				options, worst = append(options, u.TLD), max(worst, 0.5)
			}
		}
	}
	if worst > 0 {
		t.HitAt(symbols.Hit{Def: omograph, Factor: worst, Options: options})
	}
	return nil
}

// phished raises PHISHING for one link: fully if the domains look alike, more
// the less they differ otherwise.
func phished(t *checks.Task, u *mail.URL, except exceptions) {
	real, shown := u.TLD, u.Phished.TLD
	if real == "" || shown == "" || real == shown || sameLabel(real, shown) {
		return
	}
	for _, strict := range except.strict {
		for _, name := range [...]string{shown, u.Phished.Host} {
			if strict.domains[name] {
				t.HitAt(symbols.Hit{Def: strict.def, Factor: 1, Options: []string{shown + "->" + name}, Evidence: checks.URL(u)})
				return
			}
		}
	}
	if def, match := except.of(u); def != nil {
		t.HitAt(symbols.Hit{Def: def, Factor: 1, Options: []string{shown + "->" + real + ":" + match}, Evidence: checks.URL(u)})
		return
	}
	factor := 1.0
	if !lookAlike(registrable(u), registrable(u.Phished)) {
		if factor = weight(real, shown); factor == 0 {
			return
		}
	}
	t.HitAt(symbols.Hit{Def: phishing, Factor: factor, Options: []string{shown + "->" + real}, Evidence: checks.URL(u)})
}

// of returns the symbol of the exception that u is, and the name that it has
// for it; nil if it is none.
func (e exceptions) of(u *mail.URL) (def *symbols.Def, match string) {
	if e.redirectors[u.TLD] {
		return redirectorFalse, u.TLD
	}
	for _, name := range [...]string{u.TLD, u.Host} {
		if e.trusted.Match(name) {
			return phishedWhitelisted, name
		}
	}
	return nil, ""
}

// sameLabel reports whether two registrable domains differ in the public
// suffix only: one owner's names in several countries.
func sameLabel(a, b string) bool {
	x, ok := publicsuffix.Suffix(a)
	y, known := publicsuffix.Suffix(b)
	return ok && known && strings.TrimSuffix(a, x) == strings.TrimSuffix(b, y)
}

// registrable returns the registrable domain in Unicode.
func registrable(u *mail.URL) string {
	labels := strings.Split(u.Unicode, ".")
	return strings.Join(labels[max(0, len(labels)-1-strings.Count(u.TLD, ".")):], ".")
}

// weight makes a factor of the distance of two domains without the top-level
// domain they share: the less alike they are the less, as Rspamd 4.1.6.
func weight(a, b string) float64 {
	x, y := withoutShared(a, b)
	if x == "" || y == "" {
		return 0
	}
	switch d := 2 * float64(distance(x, y)) / float64(len(x)+len(y)); {
	case d <= 0.3:
		return 1
	case d <= 1:
		return math.Tanh(3 * (1.1 - d))
	case isASCII(a) != isASCII(b):
		return 1
	}
	return 0.5
}

// withoutShared takes the last label away if both names have the same.
func withoutShared(a, b string) (x, y string) {
	i, j := strings.LastIndexByte(a, '.'), strings.LastIndexByte(b, '.')
	if i >= 0 && j >= 0 && a[i:] == b[j:] {
		return a[:i], b[:j]
	}
	return a, b
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// maxLabel bounds what is compared: the cost is the product of both lengths.
const maxLabel = 64

// distance is the Levenshtein distance with replacing counted twice.
func distance(a, b string) int {
	a, b = a[:min(len(a), maxLabel)], b[:min(len(b), maxLabel)]
	var row [maxLabel + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 2
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(b)]
}

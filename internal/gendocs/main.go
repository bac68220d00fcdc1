// Gendocs writes docs/symbols.md, the reference of all built-in symbols, from
// their Defs and of the built-in composites, and docs/sections.md, that of the
// sections of configuration files, from their tables. go generate ./... runs it.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/antivirus"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/composites"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/external"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/languages"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	signingcheck "github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/neural"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/signing"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

func main() {
	out := flag.String("o", "docs/symbols.md", "file to write")
	keys := flag.String("sections", "docs/sections.md", "file to write about configuration files")
	flag.Parse()
	files, err := sections()
	if err == nil {
		err = os.WriteFile(*out, page(everything(), optional(), composites.Default()), 0o644)
	}
	if err == nil {
		err = os.WriteFile(*keys, files, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// everything returns all built-in families, including those that are off unless
// they are configured.
func everything() []*checks.Family {
	dkim, arc := signing.DKIM(), signing.ARC()
	dkim.Path, arc.Path = "$domain.$selector.key", "$domain.$selector.key" // keys are files of the operator's
	return append(standard.Families(standard.Options{
		MX: &mxcheck.Options{}, AuthHeader: &authheader.Options{}, Greylist: &greylist.Options{},
		Replies: &replies.Options{}, Reputation: &reputation.Options{}, KnownSenders: &knownsenders.Options{}, Spamtrap: &spamtrap.Options{}, Languages: languages.Options{Welcome: []string{"en"}},
		Signing:  signingcheck.Options{DKIM: &dkim, ARC: &signingcheck.ARC{Rules: arc}},
		External: scanners(), Antivirus: antivirus.Options{Rules: []antivirus.Rule{antivirus.Mailserver("192.0.2.1:3310")}},
		Ratelimit: ratelimit.Options{Users: ratelimit.Users{Messages: []ratelimit.Bucket{{Burst: 1}}}},
	}), statistics.New(&bayes.Learner{}), nets())
}

// nets has the rules of Rspamd and docker-mailserver.
func nets() *checks.Family {
	n, err := neural.New(neural.Options{
		Rules: append(neural.Default(), neural.Mailserver()...), Store: storage.NewMemory(storage.MemoryOptions{MaxBytes: 1}),
	})
	if err != nil {
		return &checks.Family{Err: err}
	}
	return n.Family()
}

// scanners has a rule of each type.
func scanners() external.Options {
	var o external.Options
	for _, t := range slices.Sorted(maps.Keys(external.Types())) {
		o.Rules = append(o.Rules, external.Rule{Type: t, Servers: []string{"192.0.2.1:1"}})
	}
	return o
}

// optional returns families with what only options turn on: lists for
// customers, and rules that are off in Rspamd too.
func optional() []*checks.Family {
	lists := slices.Concat(rbl.Optional(), rbl.SpamhausDQS(), rbl.Abusix())
	return []*checks.Family{
		rbl.New(rbl.Options{
			Lists: rbl.Replace(rbl.Default(), lists...),
			Keys:  map[string]string{rbl.DQSKey: "key", rbl.AbusixKey: "key"},
		}),
		dmarc.New(dmarc.Options{Munging: &dmarc.Munging{Lists: []string{"list@example.org"}}}),
	}
}

// An entry is one line of the page.
type entry struct {
	def *symbols.Def
	by  string // the family, or the composite's expression
}

func page(families, optional []*checks.Family, joined []score.Composite) []byte {
	groups := map[string][]entry{}
	seen := map[string]bool{}
	add := func(families []*checks.Family, how string) {
		for _, f := range families {
			for _, d := range defs(f) {
				if !seen[d.Name] {
					seen[d.Name] = true
					groups[group(d)] = append(groups[group(d)], entry{d, f.Name + how})
				}
			}
		}
	}
	add(families, "")
	builtin := len(seen)
	add(optional, ", by an option")
	for _, c := range joined {
		by := "composite: `" + strings.ReplaceAll(c.Expression, "|", `\|`) + "`"
		groups[group(c.Def)] = append(groups[group(c.Def)], entry{c.Def, by})
	}
	var names []string
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)

	var b bytes.Buffer
	fmt.Fprintf(&b, "# Symbols\n\nWritten by `go generate` from the declarations; do not edit. %d symbols of %d families, %d that options turn on, and %d composites.\n",
		builtin, len(families), len(seen)-builtin, len(joined))
	b.WriteString("Weights are the defaults, before a profile or `winnow.Options` changes them; a symbol of weight 0 is\nshown and can be used in composites. ¹ counts once however often it is raised.\n")
	b.WriteString("\n## Families\n\n| family | looks at |\n|---|---|\n")
	for _, f := range families {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, cell(f.Doc))
	}
	for _, name := range names {
		fmt.Fprintf(&b, "\n## %s\n\n| symbol | weight | meaning | family |\n|---|---|---|---|\n", name)
		entries := groups[name]
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.def.Name, b.def.Name) })
		for _, e := range entries {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.def.Name, weight(e.def), cell(e.def.Doc), e.by)
		}
	}
	return b.Bytes()
}

// defs lists the symbols of a family.
func defs(f *checks.Family) (list []*symbols.Def) {
	for _, c := range f.Checks {
		list = append(list, c.Symbols...)
	}
	return list
}

func group(d *symbols.Def) string {
	if len(d.Groups) == 0 {
		return "ungrouped"
	}
	return d.Groups[0]
}

func weight(d *symbols.Def) string {
	w := strconv.FormatFloat(d.Weight, 'g', -1, 64)
	if d.OneShot || d.MaxShots == 1 {
		w += "¹"
	}
	return w
}

// cell makes text fit for a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "_", `\_`, "*", `\*`).Replace(s)
}

// Package redirectors notices URLs of services that only lead elsewhere, such
// as URL shorteners: what the reader sees is not where the link goes.
package redirectors

import (
	"context"
	_ "embed" // the list
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

//go:embed data/redirectors.txt
var builtin string

// Builtin returns the built-in list: registrable domains of URL shorteners and
// of services that count clicks or check links on the way.
func Builtin() []string { return strings.Fields(builtin) }

// Options chooses the list.
type Options struct {
	// Domains replaces the built-in list: registrable domains.
	Domains []string
	// None leaves the family out.
	None bool
}

var url = &symbols.Def{
	Name: "REDIRECTOR_URL", Groups: []string{"multimap"}, OneShot: true,
	Doc: "a URL belongs to a service that redirects, such as a URL shortener",
}

// New returns the family.
func New(o Options) *checks.Family {
	if o.None {
		return &checks.Family{Name: "redirectors", Doc: "links to services that lead elsewhere"}
	}
	domains := o.Domains
	if domains == nil {
		domains = Builtin()
	}
	set := make(map[string]bool, len(domains))
	for _, d := range domains {
		set[strings.ToLower(strings.Trim(d, ". "))] = true
	}
	return &checks.Family{Name: "redirectors", Doc: "links to services that lead elsewhere", Checks: []*checks.Check{{
		Name:    "redirectors",
		Doc:     "URLs of services that lead elsewhere",
		Symbols: []*symbols.Def{url},
		Config:  o.Domains,
		Run: func(_ context.Context, t *checks.Task) error {
			var seen []string
			for _, u := range t.Message().URLs() {
				if !set[u.TLD] || slices.Contains(seen, u.TLD) {
					continue
				}
				seen = append(seen, u.TLD)
				t.HitAt(symbols.Hit{Def: url, Factor: 1, Options: []string{u.TLD}, Evidence: checks.Part(u.Part)})
			}
			return nil
		},
	}}}
}

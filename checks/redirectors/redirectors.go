// Package redirectors notices URLs of services that only lead elsewhere, such
// as URL shorteners: what the reader sees is not where the link goes.
package redirectors

import (
	"context"
	_ "embed" // the list
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

//go:embed data/redirectors.txt
var builtin string

// Builtin returns the built-in list: registrable domains of URL shorteners and
// of services that count clicks or check links on the way.
func Builtin() []string { return strings.Fields(builtin) }

//go:embed data/rspamd.txt
var bundled string

// Bundled returns the list that comes with Rspamd 4.1.6 (see NOTICE), for
// comparisons with Rspamd.
func Bundled() []string { return strings.Fields(bundled) }

// Options chooses the list.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Domains replaces the built-in list: registrable domains. nil means
	// Builtin; a list that is not nil and empty matches nothing.
	Domains []string
}

// Symbol is what a link to such a service raises.
const Symbol = "REDIRECTOR_URL"

var url = &symbols.Def{
	Name: Symbol, Groups: []string{"multimap"}, OneShot: true,
	Doc: "a URL belongs to a service that redirects, such as a URL shortener",
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("redirectors")
	v.Domains("Domains", o.Domains)
	return v.Err()
}

func (o Options) domains() []string {
	if o.Domains == nil {
		return Builtin()
	}
	return o.Domains
}

func (o Options) config() any {
	return struct {
		Off     bool
		Domains string
	}{o.Off, checks.Digest(o.domains())}
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "redirectors", Doc: "links to services that lead elsewhere", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	set := make(map[string]bool, len(o.domains()))
	for _, d := range o.domains() {
		set[mail.DomainKey(strings.Trim(d, ". "))] = true
	}
	f.Checks = []*checks.Check{{
		Name:    "redirectors",
		Doc:     "URLs of services that lead elsewhere",
		Symbols: []*symbols.Def{url},
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
	}}
	return f
}

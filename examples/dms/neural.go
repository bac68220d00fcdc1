package main

import (
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/neural"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// neuralFlags are what -neural says.
type neuralFlags struct {
	on   bool
	nets *neural.Nets    // nil without -neural, and until the state is open
	said *neural.Options // what files say; nil: docker-mailserver's nets
}

func (f *neuralFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&f.on, "neural", false, "train nets on the symbols of clear mail, in the state, and ask them: docker-mailserver's three, or those that files describe")
}

// after adds the nets to the Scanner's options.
func (f *neuralFlags) after(o *winnow.Options, store storage.Store) error {
	if !f.on {
		return nil
	}
	host, _ := os.Hostname() // it only tells whoever looks at a lock
	no := f.options()
	no.Symbols, no.Exclude, no.Store, no.Host = neural.SymbolsOf(o.Families), append(slices.Clip(no.Exclude), f.learned(o)...), store, host
	nets, err := neural.New(no)
	if err != nil {
		return fmt.Errorf("-neural: %w", err)
	}
	f.nets = nets
	o.Families = f.add(o.Families)
	o.After = append(o.After, nets.After())
	return nil
}

// setup takes what files say, until nets are at work.
func (f *neuralFlags) setup(said *neural.Options) {
	if f.nets == nil {
		f.said = said
	}
}

// options are those of the nets, as far as flags and files say them.
func (f *neuralFlags) options() neural.Options {
	if f.said != nil {
		return *f.said
	}
	return neural.Options{Rules: neural.Mailserver()}
}

// defs are the symbols of the nets, none without -neural.
func (f *neuralFlags) defs() (list []*symbols.Def) {
	if !f.on {
		return nil
	}
	for _, r := range f.options().Rules {
		list = append(list, r.Spam, r.Ham)
	}
	return list
}

// learned are the symbols of what is learned otherwise.
func (f *neuralFlags) learned(o *winnow.Options) (names []string) {
	for i := range o.Classifiers {
		for _, d := range o.Classifiers[i].Symbols {
			names = append(names, d.Name)
		}
	}
	return names
}

// add adds the nets' family behind the others, also after a reload.
func (f *neuralFlags) add(families []*checks.Family) []*checks.Family {
	if f.nets == nil {
		return families
	}
	return append(slices.Clip(families), f.nets.Family())
}

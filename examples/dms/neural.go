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
)

// neuralFlags are what -neural says.
type neuralFlags struct {
	on   bool
	nets *neural.Nets // nil without -neural, and until the state is open
}

func (f *neuralFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&f.on, "neural", false, "train docker-mailserver's three nets on the symbols of clear mail, in the state, and ask them")
}

// after adds the nets to the Scanner's options.
func (f *neuralFlags) after(o *winnow.Options, store storage.Store) error {
	if !f.on {
		return nil
	}
	host, _ := os.Hostname() // it only tells whoever looks at a lock
	nets, err := neural.New(neural.Options{
		Rules: neural.Mailserver(), Symbols: neural.SymbolsOf(o.Families), Exclude: f.learned(o), Store: store, Host: host,
	})
	if err != nil {
		return fmt.Errorf("-neural: %w", err)
	}
	f.nets = nets
	o.Families = f.add(o.Families)
	o.After = append(o.After, nets.After())
	return nil
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

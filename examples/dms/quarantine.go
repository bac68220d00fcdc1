package main

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/quarantine"
	"github.com/winnowmail/winnow/storage"
)

// quarantineFlags are what -quarantine and its companions say.
type quarantineFlags struct {
	keys, actions string
	lasts         time.Duration
}

const quarantineCompanions = "quarantine-actions quarantine-lasts"

func (q *quarantineFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&q.keys, "quarantine", "", "keep copies of mail that is not delivered in the state, encrypted with the public age `KEY,…`; dms quarantine reads them; needs -state")
	flags.StringVar(&q.actions, "quarantine-actions", "", "`ACTION,…` whose mail is kept; by default reject and quarantine")
	flags.DurationVar(&q.lasts, "quarantine-lasts", 0, "how long a copy is kept; by default 30 `days`")
}

// options returns what the flags say, for a store.
func (q *quarantineFlags) options(store storage.Store) (o quarantine.Options, err error) {
	o = quarantine.Options{Store: store, Keys: list(q.keys), Lasts: q.lasts, Durable: true}
	for _, name := range list(q.actions) {
		action := actions.Parse(name)
		switch action {
		case actions.Greylist, actions.AddHeader, actions.RewriteSubject, actions.Quarantine, actions.SoftReject, actions.Reject, actions.Discard:
			o.Actions = append(o.Actions, action)
		default:
			return o, fmt.Errorf("-quarantine-actions: %q is no action whose mail can be kept", name)
		}
	}
	if err := o.Validate(); err != nil {
		return o, fmt.Errorf("-quarantine: %w", err)
	}
	return o, nil
}

// validate returns what is wrong with the flags.
func (q *quarantineFlags) validate() error {
	if q.keys == "" {
		return nil
	}
	_, err := q.options(storage.NewMemory(storage.MemoryOptions{}))
	return err
}

// after adds what keeps copies to the Scanner's options.
func (q *quarantineFlags) after(o *winnow.Options, store storage.Store) error {
	if q.keys == "" {
		return nil
	}
	kept, err := q.options(store)
	if err == nil {
		o.After = append(o.After, quarantine.After(kept))
	}
	return err
}

// list splits what a flag has with commas.
func list(s string) (all []string) {
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

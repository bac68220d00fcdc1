package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/languages"
	relays "github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/standard"
)

// knownFlags say what the site knows of those whom its users write with, of its
// addresses and of its users.
type knownFlags struct {
	replies, senders bool
	reputation       bool
	traps, providers listFlag
	results          listFlag
	languages        string
}

func (k *knownFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&k.replies, "replies", false, "recognise replies to mail of users and of the own networks (REPLY, -4 points); needs -state")
	flags.BoolVar(&k.senders, "known-senders", false, "tell senders at providers of free mailboxes who have written before from new ones, and those who have answered from others; needs -replies")
	flags.BoolVar(&k.reputation, "reputation", false, "let the scores of earlier mail of a client, an SPF record and a signing domain count; needs -state")
	flags.Var(&k.traps, "spamtrap", "learn mail to a trap, `ADDRESS` or @DOMAIN that nobody uses, as spam; may be repeated; needs -state")
	flags.Var(&k.providers, "fetched", "mail that local programs such as fetchmail hand in may be from a mailbox at this provider, `DOMAIN`: judge whoever sent it there; may be repeated")
	flags.Var(&k.results, "fetched-results", "believe Authentication-Results with this authserv-id, `ID`, in fetched mail, where the provider wrote them above its own Received; may be repeated; needs -fetched")
	flags.StringVar(&k.languages, "languages", "", "`languages` that users read, as en,de; mail in others gets UNWELCOME_LANGUAGE (2.8 points); by default all are read")
}

// add turns the flags into families.
func (k *knownFlags) add(o *standard.Options, state string) error {
	switch {
	case k.senders && !k.replies:
		return errors.New("-known-senders needs -replies")
	case k.replies && state == "":
		return errors.New("-replies needs -state")
	case k.reputation && state == "":
		return errors.New("-reputation needs -state")
	case len(k.results) > 0 && len(k.providers) == 0:
		return errors.New("-fetched-results needs -fetched")
	case len(k.traps) > 0 && state == "":
		return errors.New("-spamtrap needs -state")
	}
	if k.replies {
		o.Replies = &replies.Options{}
	}
	if k.reputation {
		o.Reputation = &reputation.Options{}
	}
	if k.senders {
		o.KnownSenders = &knownsenders.Options{}
	}
	if len(k.traps) > 0 {
		o.Spamtrap = &spamtrap.Options{Addresses: k.traps}
		if err := o.Spamtrap.Validate(); err != nil {
			return fmt.Errorf("-spamtrap: %w", err)
		}
	}
	if len(k.providers) > 0 {
		o.Relays.Rules = append(o.Relays.Rules, relays.Rule{Symbol: "FETCHED", Strategy: relays.Fetched, Names: k.providers})
		if err := o.Relays.Validate(); err != nil {
			return fmt.Errorf("-fetched: %w", err)
		}
		o.AuthRes.Fetched = append(o.AuthRes.Fetched, k.results...)
	}
	if k.languages != "" {
		o.Languages = languages.Options{Welcome: strings.Split(k.languages, ",")}
		if err := o.Languages.Validate(); err != nil {
			return fmt.Errorf("-languages: %w", err)
		}
	}
	return nil
}

// after adds what learns from spam traps to the Scanner's options: from those of the
// flag, or those of the files where these ask for it.
func (k *knownFlags) after(o *winnow.Options, files *spamtrap.Options) error {
	var raised []string
	switch {
	case len(k.traps) > 0:
	case files != nil && files.Learn && !files.Off:
		raised = []string{cmp.Or(files.Symbol, spamtrap.Trap.Name)}
	default:
		return nil
	}
	after, err := winnow.LearnTraps(winnow.TrapOptions{Symbols: raised, Learner: o.Learner, Classifiers: o.Classifiers})
	if err == nil {
		o.After = append(o.After, after)
	}
	return err
}

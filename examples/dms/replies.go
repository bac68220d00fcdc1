package main

import (
	"errors"
	"flag"

	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/standard"
)

// knownFlags say what is remembered of those whom users write with.
type knownFlags struct{ replies, senders bool }

func (k *knownFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&k.replies, "replies", false, "recognise replies to mail of users and of the own networks (REPLY, -4 points); needs -state")
	flags.BoolVar(&k.senders, "known-senders", false, "tell senders at providers of free mailboxes who have written before from new ones, and those who have answered from others; needs -replies")
}

// add turns the flags into families.
func (k *knownFlags) add(o *standard.Options, state string) error {
	if k.senders && !k.replies {
		return errors.New("-known-senders needs -replies")
	}
	if !k.replies {
		return nil
	}
	if state == "" {
		return errors.New("-replies needs -state")
	}
	o.Replies = &replies.Options{}
	if k.senders {
		o.KnownSenders = &knownsenders.Options{}
	}
	return nil
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/history"
	"github.com/winnowmail/winnow/storage"
)

// historyFlags are what -history and its companions say.
type historyFlags struct {
	keep, key, hash string
	kept            *history.History // nil without -history
}

func (f *historyFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.keep, "history", "", "keep a row of each scan in the state: so many, or for so `long` (720h); /history and dms history show them")
	flags.StringVar(&f.key, "history-key", "", "`key` of the list in Redis, as Rspamd's key_prefix; by default rs_historyHOSTNAME_zst, and with -profile dms rs_history_zst; "+
		"Rspamd reads it where -state has ?rspamd=true")
	flags.StringVar(&f.hash, "history-hash", "", "`FIELD,…` of subject, addresses, client and message-id that rows have a hash of only")
}

// options returns what the flags say of the rows, but for the store.
func (f *historyFlags) options() (o history.Options, err error) {
	for _, field := range list(f.hash) {
		o.Hashed = append(o.Hashed, history.Field(field))
	}
	if o.Rows, err = strconv.Atoi(f.keep); err == nil && o.Rows > 0 {
		return o, nil
	}
	if o.Age, err = time.ParseDuration(f.keep); err != nil || o.Age <= 0 {
		return o, fmt.Errorf("-history: %q is neither a number of rows nor a time such as 720h", f.keep)
	}
	if f.key != "" {
		return o, errors.New("-history-key is of a list, which has a number of rows and no time")
	}
	return o, nil
}

// check says what is wrong with the flags.
func (f *historyFlags) check() error {
	if f.keep == "" {
		return nil
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Key, o.Store = f.key, storage.NewMemory(storage.MemoryOptions{MaxBytes: 1})
	if err := o.Validate(); err != nil {
		return fmt.Errorf("-history: %w", err)
	}
	return nil
}

// after adds what keeps rows to the Scanner's options. A number of rows in Redis
// makes Rspamd's list; everything else is a journal.
func (f *historyFlags) after(o *winnow.Options, store storage.Store, profile string) error {
	if f.keep == "" {
		return nil
	}
	h, err := f.open(store, profile)
	if err != nil {
		return err
	}
	f.kept = h
	o.After = append(o.After, h.After())
	return nil
}

func (f *historyFlags) open(store storage.Store, profile string) (*history.History, error) {
	ho, err := f.options()
	if err != nil {
		return nil, err
	}
	ho.Store, ho.Key = store, f.key
	if ho.Key == "" && ho.Age == 0 && store.Stats().Kind == "redis" {
		host := ""
		if profile != "dms" {
			if host, err = os.Hostname(); err != nil {
				return nil, fmt.Errorf("-history-key: %w", err)
			}
		}
		ho.Key = history.Key(host)
	}
	ho.Plain = ho.Key != "" && !strings.HasSuffix(ho.Key, "_zst")
	h, err := history.New(ho)
	if err != nil {
		return nil, fmt.Errorf("-history: %w", err)
	}
	return h, nil
}

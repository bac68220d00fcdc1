package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/exporter"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/symbols"
)

// withRules adds the family of the rules of settings.
func (f *filesFlags) withRules(list []*checks.Family) []*checks.Family {
	if f.setup == nil {
		return list
	}
	declared := map[string]bool{}
	for _, c := range checks.Flatten(list...) {
		for _, d := range c.Symbols {
			declared[d.Name] = true
		}
	}
	for _, d := range []*symbols.Def{statistics.Spam, statistics.Ham, statistics.Prior} {
		declared[d.Name] = true
	}
	return append(list, f.setup.Rules.Family(func(name string) bool { return declared[name] }))
}

// follow asks for a reload, by a hangup, when lists change that the files name.
func (f *filesFlags) follow(ctx context.Context, hangup chan<- os.Signal) (end func()) {
	if f.setup == nil || len(f.setup.Followed) == 0 {
		return func() {}
	}
	setup := f.setup
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		lists.Follow(ctx, func() {
			if setup.Stale() {
				select {
				case hangup <- syscall.SIGHUP:
				default: // one is under way
				}
			}
		}, setup.Followed...)
	})
	return func() { cancel(); ended.Wait() }
}

// exports adds what the files have other services told.
func (f *filesFlags) exports(o *winnow.Options) error {
	if f.setup == nil || len(f.setup.Daemon.Exports.Rules) == 0 {
		return nil
	}
	to := f.setup.Daemon.Exports
	if p, ok := o.Store.(exporter.Publisher); ok {
		to.Publisher = p
	}
	e, err := exporter.New(to)
	if err != nil {
		return fmt.Errorf("-config: %w", err)
	}
	o.After = append(o.After, e.Afters()...)
	return nil
}

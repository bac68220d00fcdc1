package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
)

// wait returns when ctx ends or something failed. A hangup makes a reload, and so does a
// change of a list that the files follow, or of the files if they are watched.
func (c *config) wait(ctx context.Context, live *winnow.Live, o winnow.Options, failed <-chan error, hangup chan os.Signal) error {
	unfollow := c.files.follow(ctx, hangup)
	defer func() { unfollow() }()
	look, end := c.files.watch.ticks()
	defer end()
	for {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		case <-look:
			if c.files.watch.changed() {
				o.Log.Info("the files of the configuration have changed")
				select {
				case hangup <- syscall.SIGHUP:
				default: // one is under way
				}
			}
		case <-hangup:
			c.notify(daemon.SdNotifyReloading)
			if err := c.reload(ctx, live, &o); err != nil {
				o.Log.Error("not reloaded: what was in force stays", "err", err)
			} else {
				o.Log.Info("reloaded")
				unfollow()
				unfollow = c.files.follow(ctx, hangup)
			}
			c.notify(daemon.SdNotifyReady)
		}
	}
}

// reload reads again what the flags name and puts it in force; scans in
// progress end as they began. Families whose configuration did not change stay,
// with their caches and the health of their lists, but for the one that signs:
// its files may have changed.
func (c *config) reload(ctx context.Context, live *winnow.Live, now *winnow.Options) error {
	before := c.files.setup
	err := c.files.reread(ctx, c)
	if err == nil {
		err = c.swap(ctx, live, now)
	}
	if err != nil {
		c.files.setup = before
		return err
	}
	if before != nil {
		c.files.compare(before, c.log.Logger)
	}
	if c.access.guard == nil {
		return nil // nobody is served
	}
	return c.access.guard.Set(c.access.access(c.files.setup))
}

// swap puts in force what the flags and files say now.
func (c *config) swap(ctx context.Context, live *winnow.Live, now *winnow.Options) error {
	fresh, err := c.options()
	if err != nil {
		return err
	}
	next := *now
	if c.files.setup != nil {
		next.Profile, next.Layer, next.DNS, next.Limits = fresh.Profile, fresh.Layer, fresh.DNS, fresh.Limits
		next.Timeout, next.LocalNetworks, next.Settings = fresh.Timeout, fresh.LocalNetworks, fresh.Settings
	}
	next.Families = make([]*checks.Family, len(fresh.Families))
	for i, f := range fresh.Families {
		next.Families[i] = f
		for _, old := range now.Families {
			if old.Name == f.Name && f.Name != "dkim_signing" && reflect.DeepEqual(old.Config, f.Config) {
				next.Families[i] = old
			}
		}
	}
	c.own.use(&next)
	scanner, err := winnow.New(next)
	if err != nil {
		return err
	}
	*now = next
	swap, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := live.Swap(swap, scanner); err != nil {
		return fmt.Errorf("the scans before the reload: %w", err)
	}
	return nil
}

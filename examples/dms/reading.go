package main

import (
	"cmp"
	"embed"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/standard"
	rspamdconf "github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/dms"
	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/config/stock"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/lists"
)

// stockFiles are the operator's files with a stock tree below them. With the
// environment of docker-mailserver what it comes to lies between, and the
// volume's custom-commands.conf is obeyed, which warn is told of. Without a
// directory there is nothing but what lies below.
func (t *treeFlags) stockFiles(env bool, warn func(format string, args ...any)) (o rspamdconf.Options, err error) {
	o = t.options()
	files := stock.Files{Dir: o.Dir, Below: stock.Tree()}
	lookup := os.LookupEnv
	if t.dir == "" {
		files.Files, lookup = ucl.FS(embed.FS{}), switchedOn
	} else if _, err := os.Stat(t.dir); err != nil {
		return o, err
	}
	if env {
		maps.Copy(files.Below, stock.Mailserver(dms.Read(lookup, os.ReadFile)))
		if t.dir != "" {
			files.Over, err = stock.Customized(t.dir, warn)
		}
	}
	o.Files = files
	return o, err
}

// switchedOn is os.LookupEnv, with the filter on unless the environment says
// that it is off.
func switchedOn(name string) (string, bool) {
	value, ok := os.LookupEnv(name)
	if name == "ENABLE_RSPAMD" && !ok {
		return "1", true
	}
	return value, ok
}

// read reads the files.
func (f *filesFlags) read(c *config) (setup *scanner.Setup, err error) {
	f.commands = nil
	files, err := f.tree.stockFiles(c.env.use, func(format string, args ...any) { f.commands = append(f.commands, fmt.Sprintf(format, args...)) })
	record := f.watch.record(files.Files)
	if files.Files = record; c.env.use {
		record.note(filepath.Join(files.Dir, "custom-commands.conf"))
	}
	if err == nil {
		setup, err = f.set(c, files)
	}
	if err != nil {
		record.failed()
		return nil, fmt.Errorf("-config: %w", err)
	}
	record.beside(setup)
	return setup, nil
}

// set makes a Setup of files.
func (f *filesFlags) set(c *config, files rspamdconf.Options) (*scanner.Setup, error) {
	profile, err := winnow.ProfileNamed(c.profile)
	if err != nil {
		return nil, err
	}
	tree, err := rspamdconf.Load(files)
	if err != nil {
		return nil, err
	}
	f.off = tree.Modules(nil).Explicitly
	logger := func() *slog.Logger {
		if c.log == nil { // the files are read before there is one
			return nil
		}
		return c.log.Logger
	}
	setup, err := scanner.Read(tree, scanner.Base{
		Options: winnow.Options{Profile: profile}, Store: c.state != "",
		Families: standard.Options{Multimap: multimap.Options{Tables: &f.lists}},
		Lists:    func(m scanner.Maps) (*lists.Watcher, error) { return f.lists.watch(m, tree.Var("DBDIR"), logger) },
	})
	if err == nil {
		err = f.lists.check(setup, cmp.Or(c.state, setup.Daemon.State))
	}
	return setup, err
}

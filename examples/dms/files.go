package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/symbols"
)

// filesFlags are -config and -var: the daemon is set up by files.
type filesFlags struct {
	tree  treeFlags
	setup *scanner.Setup // nil without -config
	lists operatorLists
	watch watchFlags

	commands []string // warnings about custom-commands.conf
	off      []string // modules that files switch off
}

// likeVersion is the Rspamd whose files are read.
const likeVersion = "4.1.6"

func (f *filesFlags) register(flags *flag.FlagSet) {
	f.tree.vars = varFlag{}
	f.lists.register(flags)
	f.watch.register(flags)
	flags.StringVar(&f.tree.dir, "config", "", "`directory` like /etc/rspamd whose files set up what flags don't; without an rspamd.conf its local.d and override.d lie over the built-in defaults")
	flags.Var(f.tree.vars, "var", "a variable of the files of -config, `NAME=VALUE` such as DBDIR=/var/lib/rspamd; may be repeated")
}

// defaults reads the files and sets flags that were not given to what they say.
func (f *filesFlags) defaults(flags *flag.FlagSet, c *config) (err error) {
	if f.tree.dir == "" {
		return nil
	}
	if f.setup, err = f.read(c); err != nil {
		return err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, values := range f.flags(c) {
		if given[name] || name == "milter-mode" && given["milter"] || name == "milter-owner" && given["milter"] {
			continue
		}
		for _, value := range values {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("-config: -%s: %w", name, err)
			}
		}
	}
	return nil
}

// reread reads the files again.
func (f *filesFlags) reread(ctx context.Context, c *config) error {
	if f.setup == nil {
		return nil
	}
	f.lists.look(ctx)
	setup, err := f.read(c)
	if err == nil {
		f.setup = setup
	}
	return err
}

// compare tells what a reload changed, and what of it needs a new start.
func (f *filesFlags) compare(before *scanner.Setup, log *slog.Logger) {
	if f.setup == nil {
		return
	}
	for _, change := range f.setup.Changes(before) {
		log.Info("configuration: " + change)
	}
	was, is := before.Daemon, f.setup.Daemon
	was.Access = is.Access
	if !reflect.DeepEqual(was, is) {
		log.Warn("configuration: addresses, the state, DNS servers, how lists are followed, history, exports and the log's level change with the next start only")
	}
	f.tell(log)
}

// flags are those of what belongs to the daemon.
func (f *filesFlags) flags(c *config) map[string][]string {
	d := f.setup.Daemon
	of := map[string][]string{"dns": {"system"}}
	set := func(name, value string) {
		if value != "" {
			of[name] = append(of[name], value)
		}
	}
	if len(d.DNS.Servers) > 0 {
		of["dns"] = []string{strings.Join(d.DNS.Servers, ",")}
	}
	set("state", d.State)
	set("controller", d.Controller)
	set("client-ca", d.ClientCA)
	for _, socket := range d.Milter {
		set("milter", socket.Address)
	}
	for _, socket := range d.Milter {
		if socket.Mode != "" {
			of["milter-mode"] = []string{socket.Mode}
		}
		if socket.Owner != "" {
			of["milter-owner"] = []string{socket.Owner}
		}
	}
	if d.State != "" {
		set("autolearn", d.Autolearn)
		if m := d.Classifier; m != nil {
			set("model", "osb")
			set("classes", strings.Join(m.Classes, ","))
			c.model.OSB = osb.Options{Table: m.Table, MinLearns: m.MinLearns, MinTokens: m.MinTokens, MinHits: m.MinHits, Strength: m.Strength}
		}
		if d.Neural != nil {
			set("neural", "true")
		}
		if h := d.History; h.Rows > 0 {
			host, _ := os.Hostname() // without a name the key has none
			set("history", strconv.Itoa(h.Rows))
			set("history-key", h.HistoryKey(host))
			if h.Hash {
				set("history-hash", "subject")
			}
		}
	}
	for name, on := range map[string]bool{"discard-on-reject": d.DiscardOnReject, "quarantine-on-reject": d.QuarantineOnReject} {
		if on {
			set(name, "true")
		}
	}
	if d.LogLevel != nil {
		set("log-level", d.LogLevel.String())
	}
	if c.env.use {
		set("profile", "dms")
	}
	return of
}

// dns are the options of the client for servers: how long and how often each
// question is asked is the files'.
func (f *filesFlags) dns(servers []string) dnsclient.Options {
	o := dnsclient.Options{Servers: servers}
	if f.setup != nil {
		o.Timeout, o.Attempts = f.setup.Daemon.DNS.Timeout, f.setup.Daemon.DNS.Attempts
	}
	return o
}

// families are the options of families that the files come to.
func (f *filesFlags) families() standard.Options {
	if f.setup == nil {
		return standard.Options{}
	}
	return f.setup.Families
}

// lay puts the layer of the files into the Scanner's options, below the weights
// that flags give.
func (f *filesFlags) lay(o *winnow.Options, families standard.Options, learned []*symbols.Def) error {
	if f.setup == nil {
		return nil
	}
	list := f.withRules(standard.Families(families))
	o.Settings = f.setup.Rules.Settings
	if f.setup.Rules.Len() > 0 { // what is done with mail of users is theirs to say
		o.Profile = o.Profile.CheckUsers()
	}
	known, err := vocabulary(o.Profile, list, o.Checks, learned)
	if err != nil {
		return err
	}
	weights := o.Weights
	if o.Layer, err = f.setup.Layer(known); err != nil {
		return fmt.Errorf("-config: %w", err)
	}
	if f.setup.Subject != "" {
		o.Profile = o.Profile.WithSubject(f.setup.Subject)
	}
	for name, weight := range weights {
		change := o.Layer.Symbols[name]
		change.Weight = &weight
		o.Layer.Symbols[name] = change
	}
	return nil
}

// vocabulary are the names that a layer may name.
func vocabulary(p winnow.Profile, families []*checks.Family, own []*checks.Check, learned []*symbols.Def) (scanner.Vocabulary, error) {
	s, err := winnow.New(winnow.Options{Profile: p, Families: families, Checks: own})
	if err != nil {
		return scanner.Vocabulary{}, err
	}
	known := scanner.NewVocabulary(s.Metric(), families, learned...)
	return known, s.Close(context.Background())
}

// tell logs what of the files has no effect, and which modules they switch off, in
// the words that docker-mailserver's tests look for.
func (f *filesFlags) tell(log *slog.Logger) {
	if f.setup == nil {
		return
	}
	log.Info("in place of rspamd "+likeVersion+" winnow is loading configuration", "dir", f.tree.dir)
	for _, module := range f.off {
		log.Info("lua module " + module + " is disabled in the configuration")
	}
	for _, w := range f.commands {
		log.Warn("custom-commands.conf: " + w)
	}
	for _, w := range f.setup.Warnings {
		log.Warn("configuration: " + w.String())
	}
	if list := f.setup.Storeless; len(list) > 0 {
		log.Warn(storeless(list))
	}
}

// storeless tells of modules that do nothing.
func storeless(modules []string) string {
	return "modules without a store do nothing: " + strings.Join(modules, ", ") + "; the section redis can name a server, or -state a store"
}

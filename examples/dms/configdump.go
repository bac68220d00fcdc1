package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
	rspamdconf "github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/config/ucl"
)

const configdumpUsage = `usage: dms configdump [flags] [SECTION...]
       dms configdump -j -ucl FILE
       dms configdump -show-help [SECTION...]

Prints the configuration below a directory like /etc/rspamd as Rspamd's modules
see it: the stock files, what local.d merges into them, and what override.d
replaces. With sections, only those; a section below another is SECTION.NAME.

`

// treeFlags say which configuration a subcommand reads.
type treeFlags struct {
	dir  string
	vars varFlag
}

func (t *treeFlags) register(flags *flag.FlagSet, byDefault, help string) {
	t.vars = varFlag{}
	flags.Func("c", "rspamadm's way to name the directory: the `file` rspamd.conf in it", func(file string) error {
		if filepath.Base(file) != "rspamd.conf" {
			return errors.New("the file of a configuration is its rspamd.conf")
		}
		t.dir = filepath.Dir(file)
		return nil
	})
	flags.StringVar(&t.dir, "config", byDefault, "`directory` of rspamd.conf, local.d and override.d"+help)
	flags.Var(t.vars, "var", "a variable of the files, `NAME=VALUE` such as DBDIR=/var/lib/rspamd; may be repeated")
}

func (t *treeFlags) options() rspamdconf.Options {
	dir, err := filepath.Abs(cmp.Or(t.dir, "/etc/rspamd"))
	if err != nil { // there is no working directory
		dir = t.dir
	}
	return rspamdconf.Options{Dir: dir, Vars: t.vars, Environ: os.Environ()}
}

// varFlag are the variables that -var sets.
type varFlag map[string]string

func (v varFlag) String() string { return "" }

// Set takes NAME=VALUE.
func (v varFlag) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not NAME=VALUE", s)
	}
	v[name] = value
	return nil
}

// configdump is the subcommand; it returns the exit code.
func configdump(_ context.Context, args []string, stdout, stderr io.Writer) int {
	var tree treeFlags
	var d dump
	flags := flag.NewFlagSet("dms configdump", flag.ContinueOnError)
	tree.register(flags, "", "; without it, docker-mailserver's defaults with its environment")
	flags.BoolVar(&d.json, "j", false, "print JSON")
	flags.StringVar(&d.file, "ucl", "", "print what one `file` says by itself")
	for _, name := range []string{"modules-state", "m"} {
		flags.BoolVar(&d.states, name, false, "print which modules are enabled, and why others are not")
	}
	flags.BoolVar(&d.help, "show-help", false, "print what sections can say, with the defaults")
	flags.BoolVar(&d.where, "where", false, "print behind each value the file and line it is from, and what it took the place of")
	if code, done := parseFlags(flags, args, configdumpUsage, stdout, stderr); done {
		return code
	}
	d.sections = flags.Args()
	if d.json && d.where || d.file != "" && (d.states || flags.NArg() > 0) || d.states && (d.json || d.where || flags.NArg() > 0) ||
		d.help && (d.json || d.where || d.states || d.file != "") {
		fmt.Fprintln(stderr, "dms configdump: these flags do not go together; see dms configdump -help")
		return 2
	}
	var err error
	if d.help {
		err = d.showHelp(stdout)
	} else {
		err = d.run(&tree, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms configdump: %v\n", err)
		return 1
	}
	return 0
}

// dump is what is to be printed.
type dump struct {
	json, states, where, help bool
	file                      string
	sections                  []string
}

func (d dump) run(t *treeFlags, stdout, stderr io.Writer) error {
	if d.file != "" {
		doc, err := rspamdconf.LoadFile(d.file, t.options())
		if err != nil {
			return err
		}
		warn(stderr, doc.Warnings)
		return d.print(stdout, doc.Root)
	}
	files, err := t.stockFiles(t.dir == "", func(string, ...any) {})
	if err != nil {
		return err
	}
	tree, err := rspamdconf.Load(files)
	if err != nil {
		return err
	}
	warn(stderr, tree.Warnings)
	switch {
	case d.states:
		_, err = io.WriteString(stdout, tree.Modules(resolves).String())
		return err
	case len(d.sections) == 0:
		return d.print(stdout, tree.Root)
	}
	for _, name := range d.sections {
		if err := d.section(stdout, tree.Root, name); err != nil {
			return err
		}
	}
	return nil
}

// showHelp prints the tables of sections, of all by default.
func (d dump) showHelp(w io.Writer) error {
	tables := scanner.Sections()
	for _, name := range d.sections {
		if !slices.ContainsFunc(tables, func(s *option.Section) bool { return s.Name == name }) {
			var known []string
			for _, s := range tables {
				known = append(known, s.Name)
			}
			slices.Sort(known)
			return fmt.Errorf("there is no help for the section %s; there is for %s", name, strings.Join(known, ", "))
		}
	}
	for _, s := range tables {
		if len(d.sections) > 0 && !slices.Contains(d.sections, s.Name) {
			continue
		}
		if err := s.WriteHelp(w); err != nil {
			return err
		}
	}
	return nil
}

// resolves says whether a host's name has addresses.
func resolves(host string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	return err == nil && len(addrs) > 0
}

func (d dump) print(w io.Writer, v *ucl.Value) error {
	if d.json {
		return ucl.WriteJSON(w, v)
	}
	return ucl.Write(w, v, ucl.Style{Places: d.where})
}

// section prints one section: as JSON its value alone, else between two lines
// that name it, as rspamadm does.
func (d dump) section(w io.Writer, root *ucl.Value, name string) error {
	v := root.Get(name)
	if v == nil {
		v = root.Get(strings.Split(name, ".")...)
	}
	if v == nil {
		var known []string
		for _, m := range root.Members() {
			known = append(known, m.Key)
		}
		slices.Sort(known)
		return fmt.Errorf("there is no section %s; there are %s", name, strings.Join(known, ", "))
	}
	if d.json {
		return ucl.WriteJSON(w, v)
	}
	fmt.Fprintf(w, "*** Section %s ***\n", name)
	if v.Kind == ucl.Array && v.Implicit {
		for _, part := range v.Items {
			if err := d.print(w, part); err != nil {
				return err
			}
		}
	} else if err := d.print(w, v); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n*** End of section %s ***\n", name)
	return err
}

func warn(w io.Writer, warnings []ucl.Warning) {
	for _, warning := range warnings {
		fmt.Fprintf(w, "warning: %s\n", warning)
	}
}

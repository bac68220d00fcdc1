// Package config reads the configuration files of Rspamd: a tree like
// /etc/rspamd, with rspamd.conf at its top, in which local.d is merged into the
// stock files and override.d replaces what they say.
//
// The precedence is that of Rspamd's own files, for they are what is read: each
// section of rspamd.conf and of modules.d includes local.d with priority 1,
// the dynamic files below $DBDIR with 5 and override.d with 10. The language
// is that of package config/ucl, which knows where each value was written.
//
// Rspamd rewrites some sections before its modules see them, and so does this
// package (Rewrite): groups are joined by name, the sections surbl and emails
// move to rbl.rbls, metric and symbols to the groups.
package config

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// Options say how files are read.
type Options struct {
	// Dir is the directory of rspamd.conf, $CONFDIR; "" means /etc/rspamd.
	Dir string
	// Vars are variables such as DBDIR that differ from those of Debian's package.
	Vars map[string]string
	// Environ are lines NAME=value as of os.Environ: RSPAMD_X is env.X in templates.
	Environ []string
	// Files is where files are read; nil means those of the operating system.
	Files ucl.Files
	// Limits bound what the files can cost.
	Limits ucl.Limits
}

// vars are the variables of Rspamd's files.
func (o Options) vars() map[string]string {
	const share = "/usr/share/rspamd"
	dir := cmp.Or(o.Dir, "/etc/rspamd")
	vars := map[string]string{
		"CONFDIR": dir, "LOCAL_CONFDIR": dir, "DBDIR": "/var/lib/rspamd", "RUNDIR": "/run/rspamd",
		"LOGDIR": "/var/log/rspamd", "SHAREDIR": share, "RULESDIR": share + "/rules", "PLUGINSDIR": share + "/plugins",
		"LUALIBDIR": share + "/lualib", "WWWDIR": share + "/www", "PREFIX": "/usr",
		"VERSION": "4.1.6", "VERSION_MAJOR": "4", "VERSION_MINOR": "1", "BRANCH_VERSION": "4",
	}
	vars["HOSTNAME"], _ = os.Hostname() // without a name the variable is empty, as with Rspamd
	maps.Copy(vars, o.Vars)
	return vars
}

// ucl are the options of the language.
func (o Options) ucl() ucl.Options {
	vars := o.vars()
	env := map[string]string{"ver_major": vars["VERSION_MAJOR"], "ver_minor": vars["VERSION_MINOR"]}
	for _, line := range o.Environ {
		name, value, _ := strings.Cut(line, "=")
		if name, ok := strings.CutPrefix(name, "RSPAMD_"); ok {
			env[name] = value
		}
	}
	u := ucl.Options{Files: o.Files, Vars: vars, Limits: o.Limits, Template: map[string]any{
		"env": env, "paths": vars, "hostname": vars["HOSTNAME"], "version": vars["VERSION"],
	}}
	if u.Files == nil {
		u.Files = ucl.OS{}
	}
	return u
}

// A Tree is a configuration as modules see it.
type Tree struct {
	*ucl.Document
	// Unset are the actions that the files take away with null.
	Unset []string

	files ucl.Files // where lists are read that values name
	vars  map[string]string
}

// Var is a variable of the files, such as DBDIR.
func (t *Tree) Var(name string) string { return t.vars[name] }

// Glob lists the files that match a pattern.
func (t *Tree) Glob(pattern string) ([]string, error) { return t.files.Glob(pattern) }

// LoadFile reads one file by itself; nothing is rewritten.
func LoadFile(name string, o Options) (*ucl.Document, error) { return ucl.ParseFile(name, o.ucl()) }

// Load reads the tree whose rspamd.conf lies in Dir, rewrites it as
// Rspamd does and refuses what Rspamd refuses. Errors are *ucl.Error: they name
// file, line and column.
func Load(o Options) (*Tree, error) {
	language := o.ucl()
	vars := o.vars()
	doc, err := ucl.ParseFile(filepath.Join(vars["CONFDIR"], "rspamd.conf"), language)
	if err != nil {
		return nil, err
	}
	if doc.Root.Kind != ucl.Object {
		return nil, doc.Root.Errorf("the configuration is a list, not sections")
	}
	t := &Tree{Document: doc, files: language.Files, vars: vars}
	t.replacements()
	if err := t.rewrite(); err != nil {
		return nil, err
	}
	return t, t.check()
}

func (t *Tree) warn(at *ucl.Value, format string, args ...any) {
	t.Warnings = append(t.Warnings, ucl.Warning{Pos: at.Pos(), Msg: fmt.Sprintf(format, args...)})
}

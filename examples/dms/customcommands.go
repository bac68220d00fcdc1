package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A custom-commands.conf of docker-mailserver changes files of override.d, a
// command a line:
//
//	disable-module NAME, enable-module NAME
//	set-option-for-module NAME OPTION VALUE
//	set-option-for-controller OPTION VALUE, set-option-for-proxy OPTION VALUE
//	set-common-option OPTION VALUE
//	add-line FILE TEXT
//
// They do what docker-mailserver's script does with grep and sed, except where
// that would break a file or go by accident: then nothing is changed, or the
// plain meaning holds, and a warning says so.
type customCommands struct {
	dir  string
	warn func(format string, args ...any)
}

// applyCustomCommands is the subcommand: FILE and DIR. It returns the exit code.
func applyCustomCommands(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 2 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(stderr, "usage: dms apply-custom-commands FILE DIR\n\nApplies a custom-commands.conf of docker-mailserver to the files of DIR (override.d).")
		return 2
	}
	text, err := os.ReadFile(args[0])
	if err == nil {
		c := customCommands{dir: args[1], warn: func(format string, a ...any) { fmt.Fprintf(stderr, format+"\n", a...) }}
		err = c.apply(args[0], text)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms apply-custom-commands: %v\n", err)
		return 1
	}
	return 0
}

// apply carries out the commands of text in their order. A command that can't
// be understood is warned of; only a file that can't be read or written ends it.
func (c customCommands) apply(name string, text []byte) error {
	if bytes.IndexByte(text, '\r') >= 0 {
		c.warn("File '%s' contains carriage returns (CRLF), which are ignored", name)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.Trim(strings.ReplaceAll(line, "\r", ""), " \t\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := c.line(line); err != nil {
			return err
		}
	}
	return nil
}

// words cuts a line at white space into n fields, the last of which is the rest.
func words(line string, n int) []string {
	fields := make([]string, n)
	for i := range n - 1 {
		line = strings.TrimLeft(line, " \t")
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		fields[i], line = line[:end], line[end:]
	}
	fields[n-1] = strings.TrimLeft(line, " \t")
	return fields
}

func (c customCommands) line(line string) error {
	f := words(line, 4)
	command, one := f[0], f[1]
	value := strings.TrimSuffix(f[2]+" "+f[3], " ")
	switch command {
	case "disable-module", "enable-module":
		return c.module(command, one, command == "enable-module")
	case "set-option-for-module":
		return c.set(command, one+".conf", f[2], f[3])
	case "set-option-for-controller":
		return c.set(command, "worker-controller.inc", one, value)
	case "set-option-for-proxy":
		return c.set(command, "worker-proxy.inc", one, value)
	case "set-common-option":
		return c.set(command, "options.inc", one, value)
	case "add-line":
		if one == "" {
			return c.lacks(command)
		}
		return c.change(command, one, func(old string) string { return old + f[2] + " " + f[3] + "\n" })
	}
	c.warn("Command '%s' is invalid", command)
	return nil
}

func (c customCommands) lacks(command string) error {
	c.warn("%s lacks an argument; the line is left out", command)
	return nil
}

// module writes a file that does nothing but switch a module.
func (c customCommands) module(command, name string, on bool) error {
	if name == "" {
		return c.lacks(command)
	}
	text := fmt.Sprintf("# documentation: https://rspamd.com/doc/modules/%s.html\n\nenabled = %t;\n\n", name, on)
	return c.change(command, name+".conf", func(string) string { return text })
}

// set gives an option a value: from each place where a line names it on, if
// some line assigns it, else in a line of its own.
func (c customCommands) set(command, file, option, value string) error {
	if file == ".conf" || option == "" || value == "" {
		return c.lacks(command)
	}
	if strings.ContainsAny(option, `.*+?()[]{}^$|\`) {
		c.warn("%s: the option %s is taken as it is written, not as a regular expression", command, option)
	}
	setting := option + " = " + value + ";"
	return c.change(command, file, func(old string) string {
		if !assigns(old, option) {
			if old != "" && !strings.HasSuffix(old, "\n") {
				c.warn("%s: the last line of %s does not end, so the option %s is written behind it", command, file, option)
			}
			return old + setting + "\n"
		}
		if strings.ContainsAny(value, `&|\`) {
			c.warn("%s: the value of %s is taken as it is written: &, | and \\ have no special meaning", command, option)
		}
		var b strings.Builder
		for line := range strings.Lines(old) {
			if i := strings.Index(line, option); i >= 0 {
				end := ""
				if strings.HasSuffix(line, "\n") {
					end = "\n"
				}
				if strings.ContainsAny(line[i:], "{}") {
					c.warn("%s: a bracket behind %s in %s goes with the rest of its line", command, option, file)
				}
				line = line[:i] + setting + end
			}
			b.WriteString(line)
		}
		return b.String()
	})
}

// assigns reports whether some line has an equals sign behind the option.
func assigns(text, option string) bool {
	for line := range strings.Lines(text) {
		if _, rest, ok := strings.Cut(line, option); ok && strings.Contains(rest, "=") {
			return true
		}
	}
	return false
}

// change replaces the text of a file of the directory, which need not exist.
func (c customCommands) change(command, file string, text func(old string) string) error {
	if !filepath.IsLocal(file) {
		c.warn("%s: the file %s is not below %s; the line is left out", command, file, c.dir)
		return nil
	}
	path := filepath.Join(c.dir, file)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFile(path, text(string(old)))
}

// replaceFile writes a file whole or not at all, and keeps its mode.
func replaceFile(path, text string) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	return writeWhole(path, text, mode)
}

// writeWhole writes a file whole, under its final name at once, or not at all.
func writeWhole(path, text string, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".dms-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

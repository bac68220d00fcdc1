package dms

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// CustomCommands carry out a custom-commands.conf, which changes files of
// override.d, a command a line:
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
type CustomCommands struct {
	// Read returns the text of a file of override.d, "" where there is none.
	Read func(file string) (string, error)
	// Write replaces the text of a file, which need not exist.
	Write func(file, text string) error
	// Warn is told what was left out or is hardly meant.
	Warn func(format string, args ...any)

	*texts // while Apply runs
}

// texts are the files as they stand between two commands.
type texts struct {
	now     map[string]string
	changed []string // in the order of the first change
	work    int      // bytes of files that commands went through
}

const (
	// maxText bounds what commands make of a file, and maxWork what all of them
	// go through: each has to look at its file anew.
	maxText = 4 << 20
	maxWork = 64 << 20
)

var errTooMuch = errors.New("the commands make too much of a file, or are too many for it")

// Apply carries out the commands of text in their order; name is what warnings
// call it. A command that can't be understood is warned of; only a file that
// can't be read or written ends it, and one that would become larger than 4 MiB.
// Files are written once, with what was done until then.
func (c CustomCommands) Apply(name string, text []byte) error {
	c.texts = &texts{now: map[string]string{}}
	err := c.lines(name, text)
	for _, file := range c.changed {
		err = errors.Join(err, c.Write(file, c.now[file]))
	}
	return err
}

func (c CustomCommands) lines(name string, text []byte) error {
	if bytes.IndexByte(text, '\r') >= 0 {
		c.Warn("File '%s' contains carriage returns (CRLF), which are ignored", name)
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

func (c CustomCommands) line(line string) error {
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
		return c.change(command, one, func(old string) (string, error) { return old + f[2] + " " + f[3] + "\n", nil })
	}
	c.Warn("Command '%s' is invalid", command)
	return nil
}

func (c CustomCommands) lacks(command string) error {
	c.Warn("%s lacks an argument; the line is left out", command)
	return nil
}

// module writes a file that does nothing but switch a module.
func (c CustomCommands) module(command, name string, on bool) error {
	if name == "" {
		return c.lacks(command)
	}
	text := fmt.Sprintf("# documentation: https://rspamd.com/doc/modules/%s.html\n\nenabled = %t;\n\n", name, on)
	return c.change(command, name+".conf", func(string) (string, error) { return text, nil })
}

// set gives an option a value: from each place where a line names it on, if
// some line assigns it, else in a line of its own.
func (c CustomCommands) set(command, file, option, value string) error {
	if file == ".conf" || option == "" || value == "" {
		return c.lacks(command)
	}
	if strings.ContainsAny(option, `.*+?()[]{}^$|\`) {
		c.Warn("%s: the option %s is taken as it is written, not as a regular expression", command, option)
	}
	setting := option + " = " + value + ";"
	return c.change(command, file, func(old string) (string, error) {
		if !assigns(old, option) {
			if old != "" && !strings.HasSuffix(old, "\n") {
				c.Warn("%s: the last line of %s does not end, so the option %s is written behind it", command, file, option)
			}
			return old + setting + "\n", nil
		}
		if strings.ContainsAny(value, `&|\`) {
			c.Warn("%s: the value of %s is taken as it is written: &, | and \\ have no special meaning", command, option)
		}
		var b strings.Builder
		for line := range strings.Lines(old) {
			if i := strings.Index(line, option); i >= 0 {
				end := ""
				if strings.HasSuffix(line, "\n") {
					end = "\n"
				}
				if strings.ContainsAny(line[i:], "{}") {
					c.Warn("%s: a bracket behind %s in %s goes with the rest of its line", command, option, file)
				}
				line = line[:i] + setting + end
			}
			if b.Len()+len(line) > maxText {
				return "", errTooMuch
			}
			b.WriteString(line)
		}
		return b.String(), nil
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
func (c CustomCommands) change(command, file string, text func(old string) (string, error)) error {
	if !filepath.IsLocal(file) {
		c.Warn("%s: the file %s is not below override.d; the line is left out", command, file)
		return nil
	}
	old, known := c.now[file]
	if !known {
		var err error
		if old, err = c.Read(file); err != nil {
			return err
		}
	}
	fresh, err := text(old)
	if c.work += len(old) + len(fresh); err == nil && (len(fresh) > maxText || c.work > maxWork) {
		err = errTooMuch
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", file, command, err)
	}
	if !known {
		c.changed = append(c.changed, file)
	}
	c.now[file] = fresh
	return nil
}

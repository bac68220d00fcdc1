package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	mailserver "github.com/winnowmail/winnow/config/dms"
)

// applyCustomCommands is the subcommand: FILE and DIR. It returns the exit code.
func applyCustomCommands(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 2 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(stderr, "usage: dms apply-custom-commands FILE DIR\n\nApplies a custom-commands.conf of docker-mailserver to the files of DIR (override.d).")
		return 2
	}
	text, err := os.ReadFile(args[0])
	if err == nil {
		err = customCommands(args[1], stderr).Apply(args[0], text)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms apply-custom-commands: %v\n", err)
		return 1
	}
	return 0
}

// customCommands change the files of a directory.
func customCommands(dir string, warnings io.Writer) mailserver.CustomCommands {
	return mailserver.CustomCommands{
		Read: func(file string) (string, error) {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return string(text), err
		},
		Write: func(file, text string) error { return replaceFile(filepath.Join(dir, file), text) },
		Warn:  func(format string, args ...any) { fmt.Fprintf(warnings, format+"\n", args...) },
	}
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

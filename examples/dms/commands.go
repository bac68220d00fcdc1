package main

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
)

// A command is a subcommand; run returns the exit code.
type command struct {
	usage string
	run   func(ctx context.Context, args []string, stdout, stderr io.Writer) int
}

// commands are the subcommands by name.
func commands() map[string]command {
	return map[string]command{
		"apply-custom-commands": {"FILE DIR", applyCustomCommands},
		"buckets":               {"COMMAND [flags], see dms buckets help", bucketsCommand},
		"configdump":            {"[flags] [SECTION...], see dms configdump -help", configdump},
		"configtest":            {"[flags], see dms configtest -help", configtest},
		"dkim": {"[options], see dms dkim help", func(_ context.Context, args []string, stdout, stderr io.Writer) int {
			return dkim(args, os.Hostname, stdout, stderr)
		}},
		"dkim_keygen": {"[flags], see dms dkim_keygen -help", dkimKeygen},
		"greylist":    {"release -client ADDRESS [flags] RECIPIENT...", greylistCommand},
		"history":     {"[flags], see dms history -help", searchHistory},
		"pw":          {"[-e] [-q] [-p PASSWORD] [-c HASH]", pw},
		"setup":       {"[-json], reads docker-mailserver's environment", setup},
		"quarantine":  {"COMMAND [flags], see dms quarantine help", quarantineCommand},
	}
}

// usage tells how the program is called.
func usage() string {
	text := "usage: dms [serve] [flags]\n"
	all := commands()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text += "       dms " + name + " " + all[name].usage + "\n"
	}
	return text
}

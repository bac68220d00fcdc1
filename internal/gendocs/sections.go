package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/config/scanner"
)

// sections is the page of what files of Rspamd can say.
func sections() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Sections of configuration files\n\nThis page is generated from the tables that read the files (`go generate ./...`); " +
		"`dms configdump -show-help SECTION` prints them, too.\n[configuration.md](configuration.md) says how files are read. An unknown key is warned of, with its place and the nearest known one. " +
		"The section\nsettings has a form of its own, which is Rspamd's.\n\n")
	for _, s := range scanner.Sections() {
		if err := s.WriteTable(&b); err != nil {
			return nil, err
		}
	}
	b.WriteString("## Sections without effect\n\n| section | why |\n|---|---|\n")
	absent := scanner.Absent()
	for _, name := range slices.Sorted(maps.Keys(absent)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, absent[name])
	}
	return b.Bytes(), nil
}

package rbl

import (
	_ "embed" // the list
	"strings"
)

//go:embed data/known.txt
var known string

// Known returns the domains that lists of names are not asked about by
// default: big providers, banks, software and news. They are on no list, or
// because somebody misused them.
func Known() []string { return strings.Fields(known) }

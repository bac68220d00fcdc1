package main

import (
	"fmt"
	"io"

	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/checks/standard"
)

// problemsOf are the lines of rule files in SpamAssassin's language, and of lists of such
// rules, that have no effect.
func problemsOf(o standard.Options) (list []spamassassin.Problem) {
	if o.SpamAssassin != nil {
		list = o.SpamAssassin.Problems()
	}
	return append(list, o.Multimap.RuleProblems()...)
}

// tellProblems prints them, or how many there are.
func tellProblems(w io.Writer, list []spamassassin.Problem, all bool) {
	if !all {
		if len(list) > 0 {
			fmt.Fprintf(w, "rule files: %d lines have no effect; -rules lists them\n", len(list))
		}
		return
	}
	for _, p := range list {
		fmt.Fprintf(w, "rule files: %s\n", p)
	}
}

package multimap

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/lists"
)

// A RuleList is a list of rules in the language of SpamAssassin, Rspamd's type
// regexp_rules: header, body, rawbody, uri, full and selector rules, and meta
// rules of these. Those with a score and all meta rules raise symbols of the
// group multimap; the others only serve meta rules.
//
// The rules are those that the list has when the family is made. A program that
// follows the list makes the family anew when it changes.
type RuleList struct {
	Name string      // as in the file, for messages
	List *lists.List `json:"-"`
}

// ruleFiles are the rules of all lists, by the names of these.
func (o Options) ruleFiles() (files []spamassassin.File) {
	for _, l := range o.RuleLists {
		var b strings.Builder
		at := 1
		if l.List != nil { // else Validate says so
			for n, line := range l.List.Snapshot().Lines() {
				b.WriteString(strings.Repeat("\n", max(0, n-at)) + line + "\n") // lines keep their numbers
				at = n + 1
			}
		}
		files = append(files, spamassassin.File{Name: l.Name, Text: b.String()})
	}
	return files
}

// ruleOptions are those of the family that runs the rules.
func (o Options) ruleOptions() spamassassin.Options {
	return spamassassin.Options{Files: o.ruleFiles(), Group: "multimap", Alpha: -1, Scored: true}
}

// RuleProblems lists the lines of RuleLists that have no effect.
func (o Options) RuleProblems() []spamassassin.Problem {
	if len(o.RuleLists) == 0 {
		return nil
	}
	return o.ruleOptions().Problems()
}

// ruleCheck is the check of RuleLists, nil without any.
func (o Options) ruleCheck() *checks.Check {
	if len(o.RuleLists) == 0 {
		return nil
	}
	f := spamassassin.New(o.ruleOptions())
	if len(f.Checks) == 0 {
		return nil
	}
	c := f.Checks[0]
	c.Name, c.Doc, c.Config = "multimap-regexp_rules", "rules of patterns in lists that the operator keeps", f.Config
	return c
}

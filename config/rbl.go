package config

import (
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// toRBL moves the rules of the sections surbl and emails to rbl.rbls, in the
// words of that section, and empties them.
func (t *Tree) toRBL(root *ucl.Value, name string) error {
	old := root.Get(name)
	if old == nil {
		return nil
	}
	old, err := old.AsObject()
	if err != nil {
		return err
	}
	rbls := section(section(root, "rbl"), "rbls")
	for rule, v := range old.Get("rules").All() {
		if v.Kind != ucl.Object {
			return v.Errorf("the rule %s of %s is no section", rule, name)
		}
		if there := rbls.Get(rule); there != nil {
			t.warn(v, "the rule %s of %s is one of rbl, too (%s): that of %s holds", rule, name, there.Pos(), name)
		}
		made := ucl.NewObject(v)
		made.Set("ignore_defaults", ucl.NewBool(v, true))
		if whitelist := old.Get("whitelist"); whitelist != nil {
			made.Set("whitelist", whitelist)
		}
		if name == "surbl" {
			surblRule(made, v)
		} else {
			emailsRule(made, rule, v)
		}
		if there := rbls.Get(rule); there != nil && there.Kind == ucl.Object {
			override(there, made)
		} else {
			rbls.Set(rule, made)
		}
	}
	root.Set(name, ucl.NewObject(old))
	return nil
}

// surblRule writes a rule of surbl in the words of rbl.
func surblRule(made, v *ucl.Value) {
	made.Set("urls", ucl.NewBool(v, true))
	for key, value := range v.All() {
		switch key {
		case "suffix":
			key = "rbl"
		case "ips":
			key = "returncodes"
		case "bits":
			key = "returnbits"
		case "noip":
			key = "no_ip"
		case "options":
			if s, _ := value.AsString(); s == "noip" || s == "no_ip" {
				made.Set("no_ip", ucl.NewBool(value, true))
				continue
			}
		}
		key = strings.TrimPrefix(key, "check_")
		if truthy(value) && key == "dkim" {
			made.Set("dkim_domainonly", ucl.NewBool(value, false))
			made.Set("dkim_match_from", ucl.NewBool(value, true))
		}
		if truthy(value) && key == "emails" {
			made.Set("emails_domainonly", ucl.NewBool(value, true))
		}
		made.Set(key, value)
	}
}

// emailsRule writes a rule of emails in the words of rbl.
func emailsRule(made *ucl.Value, rule string, v *ucl.Value) {
	made.Set("emails", ucl.NewBool(v, true))
	names := map[string]string{
		"dnsbl": "rbl", "check_replyto": "replyto", "hashlen": "hash_len", "encoding": "hash_format",
		"domain_only": "emails_domainonly", "delimiter": "emails_delimiter",
	}
	for key, value := range v.All() {
		if name, ok := names[key]; ok {
			key = name
		}
		switch key {
		case "skip_body":
			made.Set("emails", ucl.NewBool(value, !truthy(value)))
			if truthy(value) {
				made.Set("replyto", ucl.NewBool(value, true))
			}
		case "expect_ip":
			symbol := rule
			if s, err := v.Get("symbol").AsString(); err == nil {
				symbol = s
			}
			section(made, "returncodes").Set(symbol, ucl.NewArray(value, value))
		default:
			made.Set(key, value)
		}
	}
}

// truthy is Lua's: only null and false are not true.
func truthy(v *ucl.Value) bool {
	return !v.IsNull() && (v.Kind != ucl.Bool || v.Bool)
}

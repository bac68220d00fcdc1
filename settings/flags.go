package settings

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// flags reads Rspamd's flags of a task. Those that say what Rspamd itself finds
// out, or how it replies, have no effect.
func (a *Apply) flags(v *ucl.Value) error {
	list, err := v.AsStrings()
	if err != nil {
		return err
	}
	for _, f := range list {
		if a.SetFlag(f) {
			continue
		}
		switch f {
		case "skip_process", "extended_urls", "learn_spam", "learn_ham", "greylisted", "broken_headers", "milter", "ssl", "message_rewrite", "body_block", "mime", "groups":
			a.ignored = append(a.ignored, "flags: "+f)
		default:
			return fmt.Errorf("%q is not supported", f)
		}
	}
	return nil
}

// SetFlag sets one of Rspamd's flags; it reports whether that has an effect.
func (a *Apply) SetFlag(name string) bool {
	switch name {
	case "pass_all":
		a.PassAll = true
	case "no_log":
		a.NoLog = true
	case "no_stat":
		a.NoStat = true
	case "skip":
		a.Whitelist = true
	default:
		return false
	}
	return true
}

func (a *Apply) policy(v *ucl.Value) error {
	name, err := v.AsString()
	if err != nil {
		return err
	}
	switch strings.ToLower(name) {
	case "implicit_allow":
		a.Additive = true
	case "default", "implicit_deny":
		a.Additive = false
	default:
		return fmt.Errorf("%q is none of default, implicit_allow and implicit_deny", name)
	}
	return nil
}

package scanner

import (
	"github.com/winnowmail/winnow/settings"
)

// settings reads the section settings: an object of rules, or where a list of them is.
func (s *Setup) settings() (err error) {
	v := s.tree.Root.Get("settings")
	if on, err := v.Get("enabled").AsBool(); err == nil && !on {
		v = nil
	}
	weight, err := s.tree.Root.Get("actions", "unknown_weight").AsFloat()
	if err != nil {
		weight = 0 // Rspamd's default
	}
	if s.Rules, err = settings.New(v, settings.Options{Weight: weight}); err != nil {
		return err
	}
	for _, w := range s.Rules.Warnings() {
		if !builtIn(w.Pos) {
			s.Warnings = append(s.Warnings, w)
		}
	}
	return nil
}

package scanner

import (
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/lists"
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
	if s.Rules, err = settings.New(v, settings.Options{Weight: weight, Lists: s.lists}); err != nil {
		return err
	}
	for _, w := range s.Rules.Warnings() {
		if !builtIn(w.Pos) {
			s.Warnings = append(s.Warnings, w)
		}
	}
	return nil
}

// dynamic is the key of composites that names a list of more of them.
const dynamic = "dynamic"

// dynamic reads the followed list of composites, Rspamd 4.1's. Without one, or
// while it can't be read, there are none.
func (s *Setup) dynamic() error {
	v := s.tree.Root.Get("composites", dynamic)
	if v == nil || v.Kind != ucl.String {
		return nil
	}
	l, err := s.lists.List(lists.Definition{Name: "composites", Kind: lists.Lines, Sources: []string{v.Text}})
	if err != nil {
		return v.Errorf("%v", err)
	}
	s.Followed = append(s.Followed, l)
	s.seen = append(s.seen, l.Snapshot())
	if err := l.Status().Err; err != nil {
		s.warn(v.Errorf("composites: dynamic: %v", err))
	}
	var text strings.Builder
	for _, line := range s.seen[len(s.seen)-1].Lines() {
		text.WriteString(line + "\n")
	}
	doc, err := ucl.Parse(v.Text, []byte(text.String()), ucl.Options{})
	if err != nil {
		return err
	}
	s.more = doc.Root
	if inner := s.more.Get("composites"); inner != nil && inner.Kind == ucl.Object {
		s.more = inner
	}
	return nil
}

// ruleLists are lists of rules of the section multimap: what they hold are symbols.
func (s *Setup) ruleLists() {
	for _, r := range s.Families.Multimap.RuleLists {
		s.Followed = append(s.Followed, r.List)
		s.seen = append(s.seen, r.List.Snapshot())
	}
}

// Stale reports whether a list of Followed holds something else than was read.
func (s *Setup) Stale() bool {
	for i, l := range s.Followed {
		if l.Snapshot() != s.seen[i] {
			return true
		}
	}
	return false
}

package scanner

import (
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/signing"
)

// Files are the files that families read by themselves when the configuration comes into
// force, each once: rule files of SpamAssassin, as patterns for their names
// (path/filepath.Match), and key files, but for those whose path depends on the message.
func (s *Setup) Files() (patterns, keys []string) {
	if sa := s.Families.SpamAssassin; sa != nil && !sa.Off {
		patterns = slices.Clone(sa.Paths)
	}
	add := func(r *signing.Rules) {
		keys = append(keys, r.Path)
		keys = slices.AppendSeq(keys, maps.Values(r.Paths))
		for _, selectors := range r.Domains {
			for _, sel := range selectors {
				keys = append(keys, sel.Path)
			}
		}
	}
	if r := s.Families.Signing.DKIM; r != nil {
		add(r)
	}
	if r := s.Families.Signing.ARC; r != nil {
		add(&r.Rules)
	}
	keys = slices.DeleteFunc(keys, func(path string) bool { return path == "" || strings.Contains(path, "$") })
	slices.Sort(keys)
	slices.Sort(patterns)
	return slices.Compact(patterns), slices.Compact(keys)
}
